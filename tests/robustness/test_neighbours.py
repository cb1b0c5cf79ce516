"""Rows that another row breaks are those that a comparison of all pairs finds."""

import numpy as np
import pytest
import torch

from alignlab.robustness.neighbours import nearby_rows
from alignlab.robustness.threats import Linf


@pytest.mark.parametrize("features", [3, 200])
@pytest.mark.parametrize("radius", [0.0, 0.3, 0.8, 1.0])
def test_all_pairs_say_the_same(radius, features):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(300, 3, generator=generator).repeat(1, -(-features // 3))[:, :features]
    decisions = (x[:, 0] > 0.5).long().numpy()
    y = torch.tensor(np.where(np.arange(300) % 5, decisions, 1 - decisions))
    at = np.flatnonzero(decisions == y.numpy())
    distances = (x[:, None] - x[None]).abs().amax(2).numpy()
    breaks = (distances <= radius) & (decisions[None, :] != y.numpy()[:, None])
    found, others = nearby_rows(x, y, decisions, at, Linf(radius))
    assert set(found) == set(at[breaks[at].any(1)])
    assert Linf(radius).allows(others, x[found]).all()


def test_a_model_that_decides_all_rows_alike_breaks_none():
    x = torch.rand(10, 2)
    found, others = nearby_rows(
        x, torch.zeros(10, dtype=torch.int64), np.zeros(10), np.arange(10), Linf(1.0)
    )
    assert len(found) == len(others) == 0
