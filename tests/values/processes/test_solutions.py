"""A solution says what it holds: as a table, as plain values, as a picture."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.values.processes import FiniteMDP, soft_solve, solve

STAY = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])


def process(**options):
    names = {"state_names": ["here", "end"], "action_names": ["stay", "go"]}
    options = {"discount": 0.5, **options}
    return FiniteMDP(STAY, [[1.0, 3.0], [0, 0]], **names, **options)


def test_a_solution_as_a_table_and_as_plain_values():
    best = solve(process())
    frame = best.to_frame()
    assert frame.iloc[0].tolist() == ["here", 3.0, "go", False]
    assert frame["action"].isna().tolist() == [False, True]
    told = best.to_dict()
    assert (told["values"], told["policy"], told["method"]) == ([3.0, 0.0], [1, 0], best.method)
    assert json.loads(to_json(told)) == told
    assert repr(best).startswith("<Solution of 2 states by policy iteration, iterations: ")


def test_a_soft_solution_as_a_table_and_as_plain_values():
    soft = soft_solve(process(), temperature=1.0)
    frame = soft.to_frame()
    assert frame.columns.tolist() == ["state", "value", "does stay", "does go", "terminal"]
    assert frame["does stay"][0] + frame["does go"][0] == pytest.approx(1)
    assert soft.to_dict()["temperature"] == 1.0
    assert repr(soft).startswith("<SoftSolution of 2 states at temperature 1, iterations: ")


def test_action_values_are_those_of_the_values():
    best = solve(process())
    assert best.action_values()[0].tolist() == pytest.approx([1 + 0.5 * 3, 3])
    assert best.action_values()[1].tolist() == [-np.inf, -np.inf]
    late = solve(process(horizon=2))
    assert late.action_values(1)[0].tolist() == [1.0, 3.0]
    assert late.to_frame(step=1)["value"][0] == 3.0


@pytest.mark.parametrize("make", [solve, soft_solve])
def test_each_draws_itself(make):
    chart = make(process()).chart()
    assert chart.table.columns == ("state", "value")
    assert "<svg" in chart.svg()


@pytest.mark.parametrize(("horizon", "step"), [(None, 1), (2, 2), (2, -1)])
def test_a_step_that_is_not_there_is_said(horizon, step):
    with pytest.raises(InputError, match=f"step={step}"):
        solve(process(horizon=horizon)).action_values(step)
    with pytest.raises(InputError, match=f"step={step}"):
        soft_solve(process(horizon=horizon)).policy(step)
