"""Each loss is above where its row is broken, by hand."""

import pytest
import torch

from alignlab.robustness.attacks.losses import LOSSES, margin

LOGITS = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0]])


def test_the_margin_by_hand():
    assert margin(LOGITS, torch.tensor([0, 0, 1])).tolist() == [-1, 3, 0]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_grows_as_the_true_class_falls(loss):
    y = torch.tensor([0, 1, 2])
    lower = LOGITS.clone()
    lower[torch.arange(3), y] -= 0.25
    assert (loss(lower, y) > loss(LOGITS, y)).all()
