from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import minimax_regret

matrices = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed))


def test_a_case_by_hand():
    # Regrets: (0, 6), (6, 0)... of 10 and 6 in the two scenarios.
    found = minimax_regret([[10, 0], [0, 6], [5, 2]], names=["a", "b", "c"])
    assert found.regrets.tolist() == [[0, 6], [10, 0], [5, 4]]
    assert found.best == ("c",)
    assert found.value == 5
    # a and b alone: 10 q = 6 (1 - q), q = 3/8 on b, value 3.75; c does not help below it.
    assert found.mixed_value == pytest.approx(3.75)
    assert found.mixture.tolist() == pytest.approx([0.625, 0.375, 0])
    assert found.scenario_weights.tolist() == pytest.approx([0.375, 0.625])
    assert found.to_dict()["best"] == ["c"]
    assert found.table().rows[0] == ("a", 6.0, pytest.approx(0.625))


@settings(max_examples=50)
@given(matrices)
def test_the_mixture_is_certified_by_the_scenarios_weights(rng):
    worth = rng.normal(size=(rng.integers(1, 6), rng.integers(1, 6)))
    found = minimax_regret(worth)
    assert found.value == pytest.approx((worth.max(axis=0) - worth).max(axis=1).min())
    assert found.mixed_value <= found.value + 1e-9
    assert found.mixture.sum() == pytest.approx(1)
    assert found.scenario_weights.sum() == pytest.approx(1)
    # No option does better against these weights, so no mixture does in the worst case.
    assert (found.regrets @ found.scenario_weights).min() == pytest.approx(
        found.mixed_value, abs=1e-7
    )


@given(matrices, st.floats(1e-6, 1e6))
def test_units_and_what_a_scenario_is_worth_change_nothing(rng, scale):
    worth = rng.normal(size=(4, 3))
    found = minimax_regret(worth)
    moved = minimax_regret(scale * (worth + rng.normal(0, 1, 3)))
    assert moved.best == found.best
    assert moved.value == pytest.approx(scale * found.value, rel=1e-9)
    assert moved.mixed_value == pytest.approx(scale * found.mixed_value, rel=1e-6)


@pytest.mark.parametrize("ruin", [1e3, 1e6, 1e9, 1e12, 1e15])
def test_a_ruinous_option_changes_neither_the_mixture_nor_the_ties(ruin):
    found = minimax_regret([[0, 1], [1, 0], [-ruin, -ruin]])
    assert found.mixture.tolist() == pytest.approx([0.5, 0.5, 0])
    assert found.mixed_value == pytest.approx(0.5)
    found = minimax_regret([[0, 3], [1, 0], [-ruin, 0]])
    assert found.mixture.tolist() == pytest.approx([0.75, 0.25, 0])
    # Ruinous in one scenario and best in another, so that it can't be left out beforehand.
    found = minimax_regret([[0, 3], [1, 0], [-ruin, 3.1]])
    assert found.mixed_value == pytest.approx(0.775, abs=4 / ruin)
    certificate = (found.regrets @ found.scenario_weights).min()
    assert certificate == pytest.approx(found.mixed_value, rel=1e-8)
    assert minimax_regret([[0, 1], [0.5, 0.9], [-ruin, -ruin]]).best == ("1",)


def test_ties_and_a_dominating_option():
    assert minimax_regret([[1, 0], [0, 1]]).best == ("0", "1")
    assert minimax_regret([[0.1 + 0.2, 1], [0.3, 1], [0, 0]]).best == ("0", "1")
    best = minimax_regret([[1, 1], [0, 1]])
    assert (best.best, best.value, best.mixed_value) == (("0",), 0, 0)


@pytest.mark.parametrize(
    ("utilities", "names", "message"),
    [
        ([1, 2], None, r"shape \(2,\)"),
        ([[1, np.inf]], None, "finite numbers"),
        (np.zeros((0, 2)), None, r"shape \(0, 2\)"),
        ([[1], [2]], ["a"], "2 options and 1 names"),
    ],
)
def test_bad_input_is_said_in_one_line(utilities, names, message):
    with pytest.raises(InputError, match=message):
        minimax_regret(utilities, names=names)
