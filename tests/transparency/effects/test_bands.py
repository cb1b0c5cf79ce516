"""Bands: exact for one mean, wider for a whole curve, and they hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.intervals import mean_estimate
from alignlab.transparency.effects.bands import MANY, Redraws


def redraws(shares, band="simultaneous", draws=400, level=0.95, seed=0):
    generator = np.random.default_rng(seed)
    return Redraws(shares, band=band, level=level, draws=draws, generator=generator)


def influences_of(values, shares):
    return shares[:, None] * (values - shares @ values)


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 31.0)])
def test_a_point_has_students_interval(weights):
    values = np.random.default_rng(0).exponential(size=(30, 1))
    shares = np.full(30, 1 / 30) if weights is None else weights / weights.sum()
    low, high = redraws(shares, "pointwise").limits(shares @ values, influences_of(values, shares))
    known = mean_estimate(values[:, 0], weights=weights)
    assert (low[0], high[0]) == pytest.approx((known.low, known.high))


def test_a_whole_curve_takes_a_wider_band_and_copies_of_a_point_do_not():
    rng = np.random.default_rng(1)
    shares = np.full(500, 1 / 500)
    values = rng.normal(size=(500, 1))
    half = {}
    for name, curves in (
        ("one", values),
        ("copies", np.repeat(values, 30, axis=1)),
        ("different", np.column_stack([values, rng.normal(size=(500, 29))])),
    ):
        low, high = redraws(shares, draws=2_000).limits(
            shares @ curves, influences_of(curves, shares)
        )
        half[name] = (high - low)[0] / 2
    assert half["copies"] == pytest.approx(half["one"])
    # Thirty independent points: the normal quantile of 0.975 ** (1 / 30) over 1.96.
    assert half["different"] / half["one"] == pytest.approx(3.14 / 1.96, rel=0.06)


def test_many_rows_are_drawn_as_normal_with_the_same_width():
    rng = np.random.default_rng(2)
    n = MANY - 1
    curves = np.cumsum(rng.normal(size=(n, 10)), axis=1)
    half = []
    for size in (n, n + 1):
        rows = curves if size == n else np.vstack([curves, curves[:1]])
        shares = np.full(size, 1 / size)
        low, high = redraws(shares, draws=1_000).limits(shares @ rows, influences_of(rows, shares))
        half.append(high - low)
    assert half[0] == pytest.approx(half[1], rel=0.05)


def test_where_nothing_varies_the_band_is_the_curve_and_one_row_knows_nothing():
    shares = np.full(10, 0.1)
    low, high = redraws(shares).limits(np.array([2.0, 3.0]), np.zeros((10, 2)))
    assert low.tolist() == high.tolist() == [2.0, 3.0]
    low, high = redraws(np.array([1.0])).limits(np.array([2.0]), np.zeros((1, 1)))
    assert (low[0], high[0]) == (-np.inf, np.inf)


def test_the_same_seed_gives_the_same_band():
    values = np.random.default_rng(3).normal(size=(50, 5))
    shares = np.full(50, 0.02)
    first, again = (
        redraws(shares).limits(shares @ values, influences_of(values, shares)) for _ in range(2)
    )
    assert np.array_equal(first, again)


def test_a_band_holds_the_whole_truth_as_often_as_it_says():
    rng = np.random.default_rng(4)
    runs, n = 400, 60
    held = 0
    shares = np.full(n, 1 / n)
    for seed in range(runs):
        values = np.cumsum(rng.normal(size=(n, 8)), axis=1)
        low, high = redraws(shares, draws=200, seed=seed).limits(
            shares @ values, influences_of(values, shares)
        )
        held += bool(((low <= 0) & (high >= 0)).all())
    assert abs(held / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)
