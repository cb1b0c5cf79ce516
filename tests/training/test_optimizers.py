"""Rates follow from the step alone, and an optimiser's memory survives a journey."""

import math

import pytest
import torch

from alignlab.errors import InputError
from alignlab.training.optimizers import (
    SCHEDULES,
    clipped,
    optimizer_for,
    optimizer_tensors,
    restore_optimizer,
    set_rate,
)


def test_schedules_by_hand():
    assert [SCHEDULES["none"](each) for each in (0, 0.9)] == [1, 1]
    assert [SCHEDULES["step"](each) for each in (0, 0.49, 0.5, 0.75)] == [1, 1, 0.1, 0.01]
    assert SCHEDULES["cosine"](0) == 1
    assert SCHEDULES["cosine"](1) == pytest.approx(0)
    assert SCHEDULES["cosine"](1 / 3) == pytest.approx((1 + math.cos(math.pi / 3)) / 2)


def stepped(module, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        module(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_memory_survives_to_the_bit(name):
    torch.manual_seed(0)
    whole, parts = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    parts.load_state_dict(whole.state_dict())
    first = optimizer_for(whole, name, 0.1)
    stepped(whole, first, 4)
    half = optimizer_for(parts, name, 0.1)
    stepped(parts, half, 2)
    kept = {key: value.clone() for key, value in optimizer_tensors(half).items()}
    anew = optimizer_for(parts, name, 0.1)
    restore_optimizer(anew, kept)
    stepped(parts, anew, 2)
    assert torch.equal(whole.weight, parts.weight)
    assert torch.equal(whole.bias, parts.bias)


def test_only_matrices_decay():
    module = torch.nn.Linear(3, 2)
    optimizer = optimizer_for(module, "adamw", 0.1)
    before = module.weight.detach().clone(), module.bias.detach().clone()
    module.weight.grad, module.bias.grad = torch.zeros(2, 3), torch.zeros(2)
    optimizer.step()
    assert torch.allclose(module.weight, before[0] * (1 - 0.1 * 0.01))
    assert torch.equal(module.bias, before[1])


def test_a_rate_is_that_of_the_next_step():
    module = torch.nn.Linear(1, 1)
    optimizer = optimizer_for(module, "adamw", 0.1)
    set_rate(optimizer, 0.5)
    assert {group["lr"] for group in optimizer.param_groups} == {0.5}


def test_clipping_keeps_the_direction():
    module = torch.nn.Linear(2, 1, bias=False)
    module.weight.grad = torch.tensor([[3.0, 4.0]])
    assert clipped(module.parameters(), None)
    assert torch.equal(module.weight.grad, torch.tensor([[3.0, 4.0]]))
    assert clipped(module.parameters(), 1.0)
    assert torch.allclose(module.weight.grad, torch.tensor([[0.6, 0.8]]), atol=1e-5)


def test_what_is_no_optimizer_is_refused():
    module = torch.nn.Linear(1, 1)
    with pytest.raises(InputError, match="Did you mean 'adamw'"):
        optimizer_for(module, "adam_w", 0.1)
    with pytest.raises(InputError, match="not a number above 0"):
        optimizer_for(module, "adam", -1)
    with pytest.raises(InputError, match="no parameters"):
        optimizer_for(torch.nn.ReLU(), "adam", 1)


@pytest.mark.parametrize("most", [None, 1.0])
@pytest.mark.parametrize("wrong", [[float("nan"), 1.0], [float("inf"), float("-inf")]])
def test_a_gradient_that_is_not_finite_is_told(wrong, most):
    module = torch.nn.Linear(2, 1)
    module.weight.grad = torch.tensor([wrong])
    module.bias.grad = torch.zeros(1)
    assert not clipped(module.parameters(), most)
