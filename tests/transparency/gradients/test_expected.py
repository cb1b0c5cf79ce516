"""Expected gradients: complete exactly, and their standard errors cover."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.random import as_generator
from alignlab.transparency.gradients import expected_gradients, integrated_gradients


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 2))


RNG = np.random.default_rng(0)
X, BACKGROUND = RNG.normal(size=(8, 5)), RNG.normal(size=(15, 5))


def truth(net):
    """The mean of the integrated gradients from each background row."""
    each = [integrated_gradients(net, X, baseline=b, target=1).values for b in BACKGROUND]
    return np.mean(each, axis=0)


def test_a_linear_module_is_exact_in_the_mean():
    layer = nn.Linear(5, 1).double()
    result = expected_gradients(layer, X, BACKGROUND, draws=4_000)
    wanted = (X - BACKGROUND.mean(axis=0)) * layer.weight.detach().numpy()
    assert np.abs(result.values - wanted).max() < 5 * result.standard_errors.max()
    assert np.abs(result.gap).max() < 1e-12


def test_the_sum_is_complete_and_the_values_unchanged_by_it_in_the_mean():
    result = expected_gradients(network(), X, BACKGROUND, draws=50)
    assert np.abs(result.gap).max() < 1e-12
    assert (result.standard_errors > 0).all()


def test_the_standard_errors_cover_at_their_level():
    net = network()
    wanted = truth(net)
    inside = []
    for seed in range(40):
        result = expected_gradients(net, X, BACKGROUND, draws=60, target=1, seed=seed)
        inside.append(np.abs(result.values - wanted) < 1.96 * result.standard_errors)
    # 40 runs x 8 rows draw apart; the 5 inputs of one row depend on each other.
    rate = np.mean(inside)
    assert abs(rate - 0.95) < 4 * np.sqrt(0.95 * 0.05 / (40 * 8)), rate


def test_values_and_errors_are_a_regressions_intercept():
    net, known = network().double(), BACKGROUND
    result = expected_gradients(net, X[:1], known, draws=9, target=1, seed=4)
    rng = as_generator(4, "expected gradients")
    b = torch.as_tensor(known[rng.integers(len(known), size=9)])
    t = torch.as_tensor(rng.random(9))[:, None]
    points = (b + t * (torch.as_tensor(X[:1]) - b)).requires_grad_(True)
    (slopes,) = torch.autograd.grad(net(points)[:, 1].sum(), points)
    terms = ((torch.as_tensor(X[:1]) - b) * slopes).numpy()
    off = terms.sum(axis=1) - float(result.answers[0] - result.base[0])
    design = np.column_stack([np.ones(9), off])
    fitted, left, *_ = np.linalg.lstsq(design, terms, rcond=None)
    errors = np.sqrt(left / 7 * np.linalg.inv(design.T @ design)[0, 0])
    assert result.values[0] == pytest.approx(fitted[0])
    assert result.standard_errors[0] == pytest.approx(errors)
    assert result.freedom == 7


def test_the_sum_as_a_control_makes_them_less_noisy_than_plain_means():
    net = network()
    wanted = truth(net)
    errors, plain = [], []
    for seed in range(10):
        result = expected_gradients(net, X, BACKGROUND, draws=60, target=1, seed=seed)
        errors.append(result.values - wanted)
        rng = np.random.default_rng(seed)
        b, t = BACKGROUND[rng.integers(15, size=(8, 60))], rng.random((8, 60, 1))
        points = torch.tensor(b + t * (X[:, None] - b), dtype=torch.float32, requires_grad=True)
        (slopes,) = torch.autograd.grad(net(points.reshape(-1, 5))[:, 1].sum(), points)
        plain.append(((X[:, None] - b) * slopes.numpy()).mean(axis=1) - wanted)
    assert np.mean(np.square(errors)) < 0.8 * np.mean(np.square(plain))


def test_the_same_seed_gives_the_same_bytes():
    first, second = (expected_gradients(network(), X, BACKGROUND, seed=3) for _ in range(2))
    assert first.values.tobytes() == second.values.tobytes()


def test_each_row_is_compared_with_the_background_of_its_own_output():
    result = expected_gradients(nn.Sequential(nn.Linear(5, 4)), X, BACKGROUND, draws=20)
    assert len(set(result.targets.tolist())) > 1
    assert np.abs(result.gap).max() < 1e-12


@pytest.mark.parametrize(
    ("background", "options", "said"),
    [
        (BACKGROUND[:1], {}, "at least two rows"),
        (BACKGROUND[:, :4], {}, "shape (5,)"),
        (BACKGROUND, {"draws": 3}, "draws=3"),
        (BACKGROUND.astype(int), {}, "astype(float)"),
    ],
)
def test_what_cannot_be_done_is_refused(background, options, said):
    with pytest.raises(InputError) as caught:
        expected_gradients(network(), X, background, **options)
    assert said in str(caught.value)
