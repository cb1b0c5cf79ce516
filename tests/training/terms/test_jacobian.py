"""The estimate's mean is the exact squared Frobenius norm, and its gradient the exact one's."""

import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import Batch, fit
from alignlab.training.terms.cross_entropy import CrossEntropy
from alignlab.training.terms.jacobian import Jacobian


def batch_of(module, x, seed=0):
    y = torch.zeros(len(x), dtype=torch.int64)
    generator = torch.Generator().manual_seed(seed)
    return Batch(module, x, y, {}, torch.arange(len(x)), generator)


def network(outputs=4):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 9), nn.Tanh(), nn.Linear(9, outputs)).double()


def exact(module, x):
    """Return the mean squared norm, from the whole Jacobian of every row."""
    rows = [torch.autograd.functional.jacobian(module, row, create_graph=True) for row in x]
    return torch.stack([each.square().sum() for each in rows]).mean()


def test_a_linear_layer_by_hand():
    """Both logits move alike, so a direction (a, b) sees (a + b)² · 25, whose mean is 25."""
    layer = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 4.0], [3.0, 4.0]]))
    value = Jacobian(projections=4000).value(batch_of(layer, torch.rand(2, 2)))
    assert value.item() == pytest.approx(50, rel=0.03)


@pytest.mark.parametrize("outputs", [1, 2, 4])
def test_the_scale_is_that_of_the_norm_itself(outputs):
    module, x = network(outputs), torch.rand(5, 3, dtype=torch.float64)
    batch = batch_of(module, x)
    estimates = torch.stack([Jacobian().value(batch).detach() for _ in range(600)])
    error = estimates.std() / len(estimates) ** 0.5
    assert abs(estimates.mean() - exact(module, x)) < 4 * error
    assert error < 0.08 * exact(module, x)


def test_the_gradient_by_the_parameters_is_the_exact_ones():
    module, x = network(), torch.rand(4, 3, dtype=torch.float64)
    parameters = [module[0].weight, module[2].weight]
    value = Jacobian(projections=800).value(batch_of(module, x))
    ours = torch.autograd.grad(value, parameters)
    theirs = torch.autograd.grad(exact(module, x), parameters)
    for mine, true in zip(ours, theirs, strict=True):
        assert (mine - true).norm() < 0.1 * true.norm()


def test_the_draws_are_the_batchs_own():
    module, x = network(), torch.rand(5, 3, dtype=torch.float64)
    before = torch.random.get_rng_state()
    values = [Jacobian().value(batch_of(module, x, seed)).item() for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert torch.equal(torch.random.get_rng_state(), before)
    assert x.grad is None


def test_training_with_it_ends_with_smaller_derivatives():
    X = torch.randn(120, 3, generator=torch.Generator().manual_seed(0))
    y = (X[:, 0] > 0).long()

    def steepness(*terms):
        module = network(2).float()
        fit(module, (X, y), [CrossEntropy(), *terms], epochs=25, learning_rate=0.02,
            validation=None)  # fmt: skip
        return exact(module, X).item()

    assert steepness(Jacobian(weight=0.1)) < 0.5 * steepness()


def test_no_direction_is_refused():
    with pytest.raises(InputError, match="projections=0"):
        Jacobian(projections=0)
