"""One step is the corner of a linear model; a planted collapse is seen, and health is not."""

import pytest
import torch

from alignlab.errors import InputError
from alignlab.robustness.threats import L2, Linf
from alignlab.training.conformance import assert_term_conforms
from alignlab.training.objective import Batch, TrainingData
from alignlab.training.terms.fast_adversarial import FastAdversarial


class Bumps(torch.nn.Module):
    """Wrong only where the row is moved by about 0.15: a long step jumps over it."""

    def forward(self, x):
        moved = (x[:, 0] - 0.5).abs()
        bump = 1 - ((moved - 0.15) / 0.1).square()
        return torch.stack([torch.zeros_like(bump), bump], 1)


@pytest.mark.parametrize("threat", [Linf(0.1), L2(0.3)])
def test_it_conforms(threat):
    assert_term_conforms(FastAdversarial(threat=threat))


def test_on_a_linear_model_one_step_reaches_the_corner_from_most_starts():
    module = torch.nn.Linear(6, 2)
    x = torch.rand(500, 6, generator=torch.Generator().manual_seed(0))
    y = torch.arange(500) % 2
    batch = Batch(module, x, y, {}, torch.arange(500), torch.Generator().manual_seed(0))
    value = FastAdversarial(threat=Linf(0.1), step_size=2.0).value(batch)
    slope = module.weight[1 - y] - module.weight[y]
    corner = (x + 0.1 * slope.sign()).clamp(0, 1)
    assert torch.allclose(value, torch.nn.functional.cross_entropy(module(corner), y))
    assert FastAdversarial(threat=Linf(0.1)).value(batch) < value


def test_a_collapse_is_seen_and_said():
    term = FastAdversarial(threat=Linf(0.3))
    data = TrainingData(torch.full((200, 1), 0.5), torch.zeros(200).long(), ("a", "b"))
    single, several = term.accuracies(Bumps(), data)
    assert single > 0.4
    assert several == 0
    said = term.after_epoch(Bumps(), data, 3)
    assert "After epoch 4" in said  # people count from 1
    assert "has collapsed" in said
    assert "on 0% after 10 smaller ones" in said


def test_a_collapse_is_seen_wherever_in_the_file_its_rows_stand():
    x = torch.cat([torch.full((300, 1), 2.0), torch.full((900, 1), 0.5)])  # the first ones hold
    data = TrainingData(x, torch.zeros(1200).long(), ("a", "b"))
    single, several = FastAdversarial(threat=Linf(0.3, high=2.0)).accuracies(Bumps(), data)
    assert single > 0.5
    assert several == pytest.approx(0.25, abs=0.01)


def test_a_model_that_falls_alike_under_both_is_let_be():
    module = torch.nn.Linear(6, 2).train()
    with torch.no_grad():
        module.weight.copy_(torch.linspace(-1, 1, 12).reshape(2, 6) ** 3)
        module.bias.copy_(torch.tensor([1.9, 0.0]))
    x = torch.rand(200, 6, generator=torch.Generator().manual_seed(0))
    data = TrainingData(x, module(x).argmax(1), ("a", "b"))
    term = FastAdversarial(threat=Linf(0.1))
    single, several = term.accuracies(module, data)
    assert several <= single < 1
    assert term.after_epoch(module, data, 1) is None
    assert module.training


def test_a_step_that_is_none_is_refused():
    with pytest.raises(InputError, match="step_size=0 of the term 'fast_adversarial'"):
        FastAdversarial(threat=Linf(0.1), step_size=0)
