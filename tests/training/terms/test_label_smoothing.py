"""With cross-entropy it is cross-entropy against smoothed labels, as torch computes that."""

import math

import pytest
import torch
from torch.nn import functional

from alignlab.errors import InputError
from alignlab.training import Batch
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.label_smoothing import LabelSmoothing


def batch_of(logits, y):
    batch = Batch(torch.nn.Identity(), logits, y, {}, torch.arange(len(y)), torch.Generator())
    assert batch.logits is logits
    return batch


def test_by_hand():
    """Probabilities 3/4 and 1/4: KL(u ‖ p) = ½ log(½ / ¾) + ½ log(½ / ¼) = ½ log(4 / 3)."""
    logits = torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
    value = LabelSmoothing(amount=0.2).value(batch_of(logits, torch.tensor([0, 1])))
    assert value.item() == pytest.approx(0.2 / 0.8 * (0.5 * math.log(4 / 3) + 0) / 2)


@pytest.mark.parametrize("amount", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("classes", [2, 7])
def test_with_cross_entropy_it_has_torchs_gradient(amount, classes):
    generator = torch.Generator().manual_seed(classes)
    logits = torch.randn(12, classes, generator=generator).requires_grad_()
    y = torch.randint(classes, (12,), generator=generator)
    batch = batch_of(logits, y)
    total = CrossEntropy().value(batch) + LabelSmoothing(amount=amount).value(batch)
    (ours,) = torch.autograd.grad(total, logits)
    smoothed = functional.cross_entropy(logits, y, label_smoothing=amount)
    (theirs,) = torch.autograd.grad(smoothed, logits)
    assert torch.allclose(ours * (1 - amount), theirs, atol=1e-7)


def test_alone_it_is_0_where_all_classes_are_alike_and_never_below():
    y = torch.tensor([0, 1])
    alike = batch_of(torch.full((2, 3), 5.0), y)
    assert LabelSmoothing().value(alike).item() == pytest.approx(0, abs=1e-6)
    sure = batch_of(torch.tensor([[500.0, 0, 0], [0, 0, 900.0]]), y)
    assert torch.isfinite(LabelSmoothing().value(sure))
    assert LabelSmoothing().value(sure) > 1


def test_an_amount_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"'label_smoothing' is 1\.0"):
        LabelSmoothing(amount=1.0)
