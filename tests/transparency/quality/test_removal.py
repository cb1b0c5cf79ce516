"""Taking features away: means over all background rows, and nothing asked twice."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.predictors import Predictor
from alignlab.transparency.outputs import output_of
from alignlab.transparency.quality.removal import Removal, area, masks_of, orders_of, steps_of

RNG = np.random.default_rng(0)
X, BACKGROUND = RNG.normal(size=(5, 3)), RNG.normal(size=(7, 3))
PLAYERS = {"a": (0,), "b": (1,), "c": (2,)}


def removal():
    model = Predictor(lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 2], "regression")
    return model, Removal(output_of(model), X, BACKGROUND, PLAYERS)


def test_worths_are_means_over_every_background_row():
    _, asked = removal()
    known = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
    found = asked.worth(np.array([0, 1, 2, 3]), known)
    b = BACKGROUND
    wanted = [
        (X[0, 0] * b[:, 1] + X[0, 2]).mean(),
        (b[:, 0] * b[:, 1] + b[:, 2]).mean(),
        X[2, 0] * X[2, 1] + X[2, 2],
        (b[:, 0] * X[3, 1] + b[:, 2]).mean(),
    ]
    assert found == pytest.approx(wanted)


def test_what_is_asked_twice_is_evaluated_once():
    model, asked = removal()
    before = model.rows_evaluated
    assert before == asked.evaluations == 12
    known = np.tile(np.array([[True, False, True]]), (6, 1))
    asked.worth(np.array([0, 0, 0, 1, 1, 1]), known)
    assert model.rows_evaluated - before == 2 * 7
    assert model.rows_evaluated == asked.evaluations


def test_the_order_is_the_values_and_ties_favour_nobody():
    values = np.zeros((3_000, 4))
    values[:, 2] = 1
    orders = orders_of(values, np.random.default_rng(0))
    assert (orders[:, 0] == 2).all()
    shares = np.bincount(orders[:, 1], minlength=4) / 3_000
    assert shares[[0, 1, 3]] == pytest.approx(np.full(3, 1 / 3), abs=0.04)


def test_masks_are_the_first_of_the_order():
    masks = masks_of(np.array([[2, 0, 1]]), np.array([0, 1, 3]))
    assert masks.astype(int).tolist() == [[[0, 0, 0], [0, 0, 1], [1, 1, 1]]]


@pytest.mark.parametrize("features", [2, 3, 20, 21, 100])
def test_steps_go_from_none_to_all(features):
    steps = steps_of(features)
    assert steps[0] == 0
    assert steps[-1] == features
    assert len(steps) == min(features, 20) + 1


def test_the_area_of_a_straight_line_is_a_half():
    assert area(np.array([[0.0, 1.0, 2.0]]), np.array([0, 1, 2])).tolist() == [1.0]
