"""SmoothGrad: the slope of the blurred answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.transparency.gradients import smooth_gradients


class Cubes(nn.Module):
    def forward(self, x):
        return (x**3).reshape(len(x), -1).sum(dim=1)


def test_the_slope_of_a_cube_grows_by_the_variance():
    # E 3 (x + e)^2 = 3 x^2 + 3 sd^2
    images = np.random.default_rng(0).random((3, 1, 5, 7))
    images[:, 0, 0, 0], images[:, 0, 0, 1] = 0, 1  # so that each range is 1
    result = smooth_gradients(Cubes(), images, noise=0.5, draws=2_000)
    wanted = 3 * images**2 + 3 * 0.25
    z = (result.values - wanted) / result.standard_errors
    assert result.values.shape == images.shape
    assert np.abs(z).max() < 5
    assert 0.85 < z.std() < 1.15


def test_what_is_linear_in_the_noise_cancels():
    class Squares(nn.Module):
        def forward(self, x):
            return (x**2).sum(dim=1)

    rows = np.random.default_rng(0).normal(size=(6, 3))
    result = smooth_gradients(Squares(), rows, background=rows, draws=4)
    assert result.values == pytest.approx(2 * rows, abs=1e-12)
    assert result.base is None
    assert result.gap is None
    assert np.isnan(result.relative_gap)


def test_the_noise_of_a_table_is_in_the_units_of_its_columns():
    rows = np.random.default_rng(0).normal(size=(50, 2)) * [1.0, 1e6]
    net = nn.Sequential(nn.Linear(2, 1))
    seen = []
    handle = net.register_forward_hook(lambda _, given, __: seen.append(given[0].detach()))
    smooth_gradients(net, rows, background=rows, draws=100, noise=0.5)
    handle.remove()
    spread = torch.cat(seen[2:]).std(dim=0)
    assert spread[1] / spread[0] == pytest.approx(1e6, rel=0.3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "units of their own"),
        ({"noise": 0.0, "background": np.eye(2)}, "noise=0.0"),
        ({"draws": 5, "background": np.eye(2)}, "draws=5"),
        ({"background": np.ones((1, 2))}, "at least two rows"),
        ({"background": np.eye(2), "noise": "a"}, "noise='a'"),
        ({"background": np.eye(2), "noise": np.inf}, "noise=inf"),
    ],
)
def test_what_cannot_be_done_is_refused(options, said):
    with pytest.raises(InputError) as caught:
        smooth_gradients(nn.Linear(2, 1), np.ones((3, 2)), **options)
    assert said in str(caught.value)
