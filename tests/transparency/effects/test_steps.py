"""Accumulated local effects against a slow reading of their definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.effects.grids import column_of, grid_of
from alignlab.transparency.effects.steps import both_steps, curve_of, steps_of, surface_of
from alignlab.transparency.pool import value_codes


def steps(values, points=5, stated=()):
    whole = np.concatenate([values, stated])
    frame = pd.DataFrame({"x": whole})
    column = column_of("x", frame, ["x"], value_codes(frame, ["x"]))
    n = len(values)
    rows = np.arange(n, len(whole)) if len(stated) else None
    made = grid_of(column, np.full(n, 1 / n), points=points, stated_rows=rows)
    return made, steps_of(made)


def test_the_left_edge_is_in_the_first_step_and_no_row_of_a_grid_of_quantiles_is_lost():
    values = np.random.default_rng(0).normal(size=200)
    grid, taken = steps(values)
    assert sorted(taken.rows) == list(range(200))
    first = values.argmin()
    assert taken.step[taken.rows == first].tolist() == [0]
    low, high = grid.at[taken.step], grid.at[taken.step + 1]
    inside = values[taken.rows]
    assert (((low < inside) & (inside <= high)) | (taken.rows == first)).all()
    assert np.bincount(taken.step).min() > 0


def test_rows_on_points_take_the_step_before_and_the_step_after():
    _, taken = steps(np.array([0.0, 1, 2, 1]))
    pairs = sorted(zip(taken.rows.tolist(), taken.step.tolist(), strict=True))
    assert pairs == [(0, 0), (1, 0), (1, 1), (2, 1), (3, 0), (3, 1)]


def test_rows_beyond_a_stated_grid_take_no_step():
    _, taken = steps(np.array([-1.0, 0, 0.4, 1, 7, np.nan]), stated=[0.0, 0.5, 1.0])
    assert taken.rows.tolist() == [1, 2, 3]
    assert taken.step.tolist() == [0, 0, 1]


def slow_curve(values, at, change, weights):
    """Follow the definition with loops; change is a function of row, from, to."""
    step = [next(k for k in range(1, len(at)) if v <= at[k]) if v > at[0] else 1 for v in values]
    u = [0.0]
    for k in range(1, len(at)):
        inside = [i for i, s in enumerate(step) if s == k]
        mass = sum(weights[i] for i in inside)
        moved = sum(weights[i] * change(i, at[k - 1], at[k]) for i in inside)
        u.append(u[-1] + (moved / mass if mass else 0.0))
    centre = sum(w * (u[s - 1] + u[s]) / 2 for w, s in zip(weights, step, strict=True))
    return np.array(u) - centre / sum(weights)


def test_a_curve_equals_its_definition_with_weights():
    rng = np.random.default_rng(1)
    values, other = rng.normal(size=(2, 120))
    weights = rng.exponential(size=120)
    grid, taken = steps(values, points=8)

    def change(i, low, high):
        return (high**2 - low**2) * other[i]

    moved = np.array(
        [change(i, grid.at[s], grid.at[s + 1]) for i, s in zip(taken.rows, taken.step, strict=True)]
    )
    curve, _ = curve_of(taken, moved, weights / weights.sum())
    assert curve == pytest.approx(slow_curve(values, grid.at, change, weights))


def test_influences_are_the_derivative_by_the_weights():
    rng = np.random.default_rng(2)
    values = rng.normal(size=60)
    _, taken = steps(values)
    change = rng.normal(size=len(taken.rows))
    shares = rng.dirichlet(np.ones(60))
    curve, influences = curve_of(taken, change, shares)
    step = 1e-7
    for row in (0, 17, 59):
        more = shares.copy()
        more[row] += step * shares[row]
        moved = curve_of(taken, change, more)[0]
        in_step = taken.step == taken.step[taken.rows == row][0]
        mates = shares[taken.rows[in_step]]
        stretch = np.sqrt(1 / (1 - (mates @ mates) / mates.sum() ** 2))
        # The step's own part is stretched for its few rows; the part of the centring is not.
        difference = (moved - curve) / step
        own = np.zeros_like(difference)
        mean = shares[taken.rows[in_step]] @ change[in_step] / mates.sum()
        own[taken.step[taken.rows == row][0] + 1 :] = (
            shares[row] / mates.sum() * (change[taken.rows == row][0] - mean)
        )
        lies = np.bincount(
            np.concatenate([np.maximum(taken.low, 0), np.maximum(taken.high, 0)]),
            np.tile(shares / 2, 2), taken.points,
        )  # fmt: skip
        own -= lies @ own
        assert influences[row] == pytest.approx(difference + (stretch - 1) * own, abs=1e-6)


def test_a_lone_row_of_a_step_does_not_make_it_certain():
    values = np.array([0.0, 0.1, 0.2, 0.3, 0.9])
    _, taken = steps(values, stated=[0.0, 0.5, 1.0])
    change = np.array([1.0, 2.0, 3.0, 4.0, 9.0])
    _, influences = curve_of(taken, change, np.full(5, 0.2))
    spread = np.std([1, 2, 3, 4], ddof=1)
    jump = influences[:, 2] - influences[:, 1]
    assert np.abs(jump).tolist() == pytest.approx([0, 0, 0, 0, spread])


def test_a_surface_of_a_product_of_independent_features_is_the_product():
    side = (np.arange(40) + 0.5) / 20 - 1
    first, second = (each.ravel() for each in np.meshgrid(side, side))
    stated = np.linspace(-1, 1, 6)
    one, other = steps(first, stated=stated), steps(second, stated=stated)
    taken = both_steps(one[1], other[1])
    _, s, t = taken
    change = np.diff(one[0].at)[s] * np.diff(other[0].at)[t]
    surface, influences, counts = surface_of(
        one[1], other[1], taken, change, np.full(len(first), 1 / len(first))
    )
    assert surface == pytest.approx(np.outer(one[0].at, other[0].at))
    assert counts.sum() == len(first)
    assert np.abs(influences).max() < 1e-12  # every row of a cell changes by the same amount


def test_a_surface_has_no_main_effects_and_sees_nothing_in_a_sum():
    rng = np.random.default_rng(3)
    first = rng.normal(size=300)
    second = first + rng.normal(size=300)
    one, other = steps(first, points=6), steps(second, points=6)
    taken = both_steps(one[1], other[1])
    nothing, _, _ = surface_of(
        one[1], other[1], taken, np.zeros(len(taken[0])), np.full(300, 1 / 300)
    )
    assert nothing == pytest.approx(np.zeros((6, 6)))
    change = rng.normal(size=len(taken[0]))
    surface, _, _ = surface_of(one[1], other[1], taken, change, np.full(300, 1 / 300))
    # Its own steps along each feature, averaged over the rows that take them, are 0.
    for steps_, across, axis in ((one[1], other[1], 0), (other[1], one[1], 1)):
        jumps = np.diff(surface if axis == 0 else surface.T, axis=0)
        for s in range(steps_.points - 1):
            mine = steps_.rows[steps_.step == s]
            mean = np.mean([(jumps[s, across.low[i]] + jumps[s, across.high[i]]) / 2 for i in mine])
            assert mean == pytest.approx(0, abs=1e-12)
    lies = np.mean(
        [surface[a[i], b[i]] for i in range(300) for a in (one[1].low, one[1].high)
         for b in (other[1].low, other[1].high)]
    )  # fmt: skip
    assert lies == pytest.approx(0, abs=1e-12)


def test_empty_cells_take_the_step_of_the_nearest():
    line = np.linspace(0, 1, 60)
    stated = [0.0, 0.25, 0.5, 0.75, 1.0]
    one, other = steps(line, stated=stated), steps(line, stated=stated)
    taken = both_steps(one[1], other[1])
    surface, _, counts = surface_of(
        one[1], other[1], taken, np.full(len(taken[0]), 0.0625), np.full(60, 1 / 60)
    )
    assert np.count_nonzero(counts) == 4
    # All steps are equal, so it is a product of straight lines less two curves of one feature.
    assert np.diff(np.diff(surface, axis=0), axis=1) == pytest.approx(np.full((4, 4), 0.0625))
