"""What is no policy is refused in one line, with the state and the action named."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP, soft_solve, solve
from alignlab.values.processes.policies import as_policy

CHANCES = np.array([[[1.0, 0], [0, 1]], [[0, 0], [0, 0]]])


def process(horizon=None, chances=CHANCES):
    names = {"state_names": ["here", "end"], "action_names": ["stay", "go"]}
    return FiniteMDP(chances, np.zeros(2), discount=0.9, horizon=horizon, terminal=1, **names)


def test_actions_and_probabilities_for_all_steps_or_each():
    mdp = process()
    assert as_policy(mdp, [1, 0]).at(7).tolist() == [1, 0]
    assert as_policy(mdp, [[0.3, 0.7], [0, 0]]).probabilities(0).tolist()[0] == [0.3, 0.7]
    late = as_policy(process(horizon=3), [[0, 0], [0, 0], [1, 0]])
    assert [late.at(step)[0] for step in range(3)] == [0, 0, 1]
    assert not late.stationary


def test_two_steps_of_two_states_and_two_actions_are_told_apart_by_kind():
    mdp = process(horizon=2)
    assert not as_policy(mdp, np.array([[0, 0], [1, 0]])).stationary
    assert as_policy(mdp, np.array([[0.0, 1.0], [1.0, 0.0]])).stationary


@pytest.mark.parametrize(
    "given", [np.float32([[0.1, 0.9], [0, 0]]), [[0.333333, 0.666666], [2, 2]]]
)
def test_what_is_rounded_is_divided_by_its_sum(given):
    chances = as_policy(process(), given).at(0)
    assert chances[0].sum() == pytest.approx(1, abs=1e-15)
    assert chances[0, 0] / chances[0, 1] == pytest.approx(float(given[0][0]) / float(given[0][1]))
    assert chances[1].tolist() == [0, 0]


def test_solutions_are_policies():
    assert as_policy(process(), solve(process())).stationary
    worth = 0.0  # of being here: V = log(exp(0.9 V) + exp(0)), staying or going
    for _ in range(500):
        worth = np.log(np.exp(0.9 * worth) + 1)
    expected = [np.exp(0.9 * worth - worth), np.exp(-worth)]
    assert as_policy(process(), soft_solve(process())).at(0)[0] == pytest.approx(expected, abs=1e-7)
    assert not as_policy(process(horizon=2), soft_solve(process(horizon=2))).stationary


@pytest.mark.parametrize(
    ("policy", "horizon", "message"),
    [
        ([2, 0], None, "does 2 in state here: actions are whole numbers from 0 to 1"),
        ([0.5, 0], None, "does 0.5 in state here"),
        ([[0.5, 0.6], [0, 0]], None, r"in state here are \[0.5, 0.6\]"),
        ([[1.5, -0.5], [0, 0]], None, "between 0 and 1"),
        ([0], None, r"shape \(1,\)"),
        ([[[0.5, 0.5], [0, 0]]], None, "no horizon"),
        (np.zeros((3, 2, 2)), 2, "a horizon of 2"),
        ("best", None, "The policy is 'best'"),
    ],
)
def test_bad_input_is_said_in_one_line(policy, horizon, message):
    with pytest.raises(InputError, match=message) as caught:
        as_policy(process(horizon), policy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("policy", [[0, 0], [[0.5, 0.5], [0, 0]]])
def test_an_action_that_is_not_available_is_named(policy):
    mdp = process(chances=CHANCES * [[[0.0], [1]], [[0], [0]]])
    with pytest.raises(InputError, match="does stay in state here, where it is not available"):
        as_policy(mdp, policy)


def test_a_solution_of_another_process_is_refused():
    with pytest.raises(InputError, match="another size or horizon"):
        as_policy(process(horizon=2), soft_solve(process(horizon=3)))
