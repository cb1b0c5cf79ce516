from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.errors import InputError


def test_a_trajectory_by_hand():
    walk = Trajectory([3, 1, 4], [1, 0], [0.5, -1], ended=True)
    assert len(walk) == 2
    assert walk.states.dtype == np.int64
    assert walk.rewards.tolist() == [0.5, -1.0]
    assert walk.to_dict() == {
        "states": [3, 1, 4],
        "actions": [1, 0],
        "rewards": [0.5, -1.0],
        "ended": True,
    }
    assert repr(walk) == "<Trajectory: 2 steps, ended>"
    assert repr(Trajectory([0, 0], [1])) == "<Trajectory: 1 step, cut off>"


def test_vectors_are_states_and_actions_too():
    walk = Trajectory([[0.0, 1.0], [2.0, 3.0]], [[0.5]])
    assert walk.states.shape == (2, 2)
    assert walk.actions.shape == (1, 1)
    assert walk.rewards is None
    assert not walk.ended


def test_where_nothing_was_done_there_is_one_state():
    assert len(Trajectory([2], [])) == 0


def test_what_was_given_may_change_and_the_trajectory_does_not():
    states = np.array([0, 1])
    walk = Trajectory(states, [0])
    states[0] = 9
    assert walk.states.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        walk.states[0] = 9


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (([0, 1], [0, 0]), "2 states and 2 actions: there is one state more"),
        (([], []), "0 states and 0 actions"),
        (([0.5, 1.0], [0]), r"states of a trajectory have shape \(2,\) and type float64"),
        ((["a", "b"], [0]), "states of a trajectory have shape"),
        (([True, False], [0]), "type bool"),
        (([-1, 0], [0]), "states of a trajectory count from 0; -1"),
        (([0, 0], [-2]), "actions of a trajectory count from 0; -2"),
        (([[0.0], [np.nan]], [0]), "states of a trajectory are not finite at step 1"),
        (([[0.0], [1.0, 2.0]], [0]), "vectors of several lengths"),
        (([0, 0], [0], [1.0, 2.0]), r"rewards of shape \(2,\) and 1 actions"),
        (([0, 0], [0], [np.inf]), "reward of a trajectory at step 0 is inf"),
        (([0, 0], [0], ["much"]), "rewards of a trajectory are not numbers"),
        (([0, 0], [0], None, "no"), "ended='no' is neither True nor False"),
    ],
)
def test_bad_input_is_said_in_one_line(fields, message):
    with pytest.raises(InputError, match=message) as caught:
        Trajectory(*fields)
    assert "\n" not in str(caught.value)
