"""The term is the loss at the worst rows, and looking for them leaves no trace."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.threats import L1, L2, Linf
from alignlab.training.conformance import assert_term_conforms
from alignlab.training.objective import Batch, TrainingData
from alignlab.training.terms.adversarial import Adversarial, worst_rows


def batch_of(module, rows=40, features=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, features, generator=generator)
    y = torch.randint(2, (rows,), generator=generator)
    return Batch(module, x, y, {}, torch.arange(rows), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.3), L1(0.5)])
def test_it_conforms(threat):
    assert_term_conforms(Adversarial(threat=threat, steps=3))


def test_on_a_linear_model_it_is_the_loss_at_the_corner():
    module = torch.nn.Linear(6, 2)
    batch = batch_of(module)
    slope = module.weight[1 - batch.y] - module.weight[batch.y]
    corner = (batch.x + 0.1 * slope.sign()).clamp(0, 1)
    expected = torch.nn.functional.cross_entropy(module(corner), batch.y)
    value = Adversarial(threat=Linf(0.1)).value(batch)
    assert torch.allclose(value, expected)
    assert value > torch.nn.functional.cross_entropy(batch.logits, batch.y)


def test_rows_that_are_broken_climb_on():
    """An ascent that stopped at the line would leave the loss of a wrong row where it was."""
    module = torch.nn.Linear(6, 2)
    batch = batch_of(module)
    wrong = batch.logits.argmax(1) != batch.y
    assert wrong.sum() > 5
    rows = worst_rows(
        batch,
        Linf(0.1),
        lambda z: torch.nn.functional.cross_entropy(z, batch.y, reduction="none"),
        steps=10,
        step_size=None,
    )
    before = torch.nn.functional.cross_entropy(batch.logits, batch.y, reduction="none")
    after = torch.nn.functional.cross_entropy(module(rows), batch.y, reduction="none")
    assert (after[wrong] > before[wrong]).all()


def test_only_the_rows_that_are_found_reach_batch_normalisation():
    module = torch.nn.Sequential(
        torch.nn.BatchNorm1d(6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 2)
    ).train()
    passes = []
    module[0].register_forward_hook(lambda part, *_: passes.append(part.training))
    Adversarial(threat=Linf(0.1), steps=5).value(batch_of(module))
    assert passes == [False] * 5 + [True]
    assert int(module[0].num_batches_tracked) == 1
    assert module.training


def test_one_logit_is_enough():
    value = Adversarial(threat=Linf(0.1), steps=2).value(batch_of(torch.nn.Linear(6, 1)))
    assert torch.isfinite(value)


def test_what_makes_no_ascent_is_refused():
    with pytest.raises(InputError, match=r"threat=0.1 of the term 'adversarial' is not a ball"):
        Adversarial(threat=0.1)
    with pytest.raises(InputError, match="steps=0 of the term"):
        Adversarial(threat=Linf(0.1), steps=0)
    with pytest.raises(InputError, match="step_size=-1 of the term"):
        Adversarial(threat=Linf(0.1), step_size=-1)
    data = TrainingData(torch.tensor([[2.0]]), torch.tensor([0]), ("a", "b"))
    with pytest.raises(InputError, match="Row 0 lies outside the box"):
        Adversarial(threat=Linf(0.1)).prepare(torch.nn.Linear(1, 2), data)
