"""Each loss is above where its row is broken, by hand, and says the same at every scale."""

import pytest
import torch

from alignlab.robustness.attacks.losses import (
    LOSSES,
    TARGETED_LOSSES,
    dlr,
    margin,
    targeted_dlr,
    targeted_margin,
)

LOGITS = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0]])
FOUR = torch.tensor([[4.0, 2.0, 1.0, -1.0], [0.0, 3.0, 1.0, 5.0]])


def test_the_margin_by_hand():
    assert margin(LOGITS, torch.tensor([0, 0, 1])).tolist() == [-1, 3, 0]


def test_the_ratio_by_hand():
    found = dlr(LOGITS, torch.tensor([0, 0, 1]))
    assert found.tolist() == pytest.approx([-1 / 3, 3 / 3, 0])
    assert torch.equal(dlr(LOGITS[:, :2], torch.tensor([0, 1, 1])), torch.tensor([-1.0, -3, 0]))


def test_the_targeted_losses_by_hand():
    classes = torch.tensor([[0, 1], [3, 0]])
    assert targeted_margin(FOUR, classes).tolist() == [-2, -5]
    assert targeted_dlr(FOUR, classes).tolist() == pytest.approx([-2 / 4, -5 / 4.5])
    assert targeted_dlr(FOUR[:, :3], torch.tensor([[0, 1], [1, 0]])).tolist() == [-2, -3]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_grows_as_the_true_class_falls(loss):
    y = torch.tensor([0, 1, 0])
    lower = LOGITS.clone()
    lower[torch.arange(3), y] -= 0.25
    assert (loss(lower, y) > loss(LOGITS, y)).all()


@pytest.mark.parametrize("loss", TARGETED_LOSSES.values(), ids=TARGETED_LOSSES)
def test_a_targeted_loss_grows_as_the_target_rises(loss):
    classes = torch.tensor([[0, 1], [3, 0]])
    higher = FOUR.clone()
    higher[[0, 1], classes[:, 1]] += 0.25
    assert (loss(higher, classes) > loss(FOUR, classes)).all()


def test_a_ratio_does_not_change_with_scale_or_a_constant():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 5, generator=generator, dtype=torch.float64)
    y, target = torch.arange(50) % 5, (torch.arange(50) + 2) % 5
    both = torch.stack([y, target], 1)
    other = 1000 * logits - 7
    assert torch.allclose(dlr(logits, y), dlr(other, y))
    assert torch.allclose(targeted_dlr(logits, both), targeted_dlr(other, both))


def test_equal_logits_have_a_finite_loss_and_gradient():
    for loss, classes in ((dlr, torch.tensor([0])), (targeted_dlr, torch.tensor([[0, 1]]))):
        logits = torch.zeros(1, 4, requires_grad=True)
        value = loss(logits, classes)
        value.sum().backward()
        assert value.item() == 0
        assert torch.isfinite(logits.grad).all()
