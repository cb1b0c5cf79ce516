from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.features import read_features
from alignlab.values.processes import FiniteMDP


def line(horizon=None):
    """0 → 1 → 2, the end; action 1 stays, and is barred in state 1."""
    rows = np.eye(3)[[1, 0, 2, 0, 0, 0]]
    rows[3:] = 0.0
    return FiniteMDP(
        rows.reshape(3, 2, 3),
        np.zeros(3),
        discount=0.5,
        horizon=horizon,
        state_names=["home", "road", "shop"],
        action_names=["go", "stay"],
    )


def test_counts_by_hand():
    seen = read_demonstrations(
        line(), [Trajectory([0, 0, 1, 2], [1, 0, 0], ended=True), Trajectory([0, 1], [0])]
    )
    # Discounts 1, 1/2, 1/4 in the first and 1 in the second, over two trajectories.
    assert seen.counts.tolist() == [[0.75, 0.5], [0.125, 0.0], [0.0, 0.0]]
    assert seen.decisions.tolist() == [[1.0, 0.5], [0.5, 0.0], [0.0, 0.0]]
    assert seen.cut.tolist() == [False, True]
    assert seen.rest.tolist() == [0.0, 0.5]
    assert seen.begins()[0].tolist() == [1.0, -0.25, 0.0]
    features = read_features(line(), {"road": [0.0, 1.0, 0.0]})
    assert seen.sums(features).ravel().tolist() == [0.25, 0.0]


def test_with_a_horizon_what_is_cut_off_has_its_time():
    seen = read_demonstrations(
        line(horizon=2), [Trajectory([0, 0, 0], [1, 1]), Trajectory([0, 1], [0])]
    )
    assert seen.cut.tolist() == [False, True]
    begins = seen.begins()
    assert sorted(begins) == [0, 1]
    assert begins[0].tolist() == [1.0, 0.0, 0.0]
    assert begins[1].tolist() == [0.0, -0.25, 0.0]
    passages = seen.passages()
    assert passages[0].tolist() == [1.0, 0.0, 0.0]
    # Home once more in one of two; half of what was expected there is taken off.
    assert passages[1].tolist() == [0.5 - 0.25, -0.25, 0.0]


def test_a_trajectory_without_a_step_is_not_counted():
    walk, empty, over = Trajectory([0, 1], [0]), Trajectory([1], []), Trajectory([2], [])
    for horizon in (None, 2):
        seen = read_demonstrations(line(horizon), [empty, walk, over, walk])
        without = read_demonstrations(line(horizon), [walk, walk])
        assert seen.n == 2
        assert seen.owner.tolist() == [0, 1]
        assert seen.counts.tolist() == without.counts.tolist()
        assert seen.begins().keys() == without.begins().keys()
    # It is checked all the same, and errors count as a person counts.
    with pytest.raises(InputError, match="trajectory 0, step 0: state 7 is not from 0 to 2"):
        read_demonstrations(line(), [Trajectory([7], []), walk])
    with pytest.raises(InputError, match="trajectory 1, step 0"):
        read_demonstrations(line(), [empty, Trajectory([0, 2], [0])])


def test_arriving_at_the_end_completes_a_trajectory_whatever_it_says():
    assert not read_demonstrations(line(), [Trajectory([1, 2], [0])]).cut.any()


@pytest.mark.parametrize(
    ("walks", "message"),
    [
        ([], "There are no demonstrations"),
        ([Trajectory([0], [])], "There are no demonstrations"),
        ([[0, 1]], "of type list: give Trajectory"),
        ([Trajectory([[0.0], [1.0]], [0])], "trajectory 0 has vectors"),
        ([Trajectory([0, 3], [0])], "trajectory 0, step 1: state 3 is not from 0 to 2"),
        ([Trajectory([0, 0], [2])], "trajectory 0, step 0: action 2 is not from 0 to 1"),
        (
            [Trajectory([0, 1], [0]), Trajectory([0, 1, 1], [0, 1])],
            "trajectory 1, step 1: action stay in state road cannot be taken: .*offer",
        ),
        (
            [Trajectory([1, 2, 2], [0, 0])],
            "trajectory 0, step 1: action go in state shop cannot be taken: the state is terminal",
        ),
        (
            [Trajectory([0, 2], [0])],
            "trajectory 0, step 0: action go in state home cannot lead to state shop",
        ),
        ([Trajectory([0, 1], [0], ended=True)], "said to have ended in state road, .*ended=False"),
    ],
)
def test_what_cannot_have_happened_is_said_with_its_place(walks, message):
    with pytest.raises(InputError, match=message) as caught:
        read_demonstrations(line(), walks)
    assert "\n" not in str(caught.value)


def test_a_trajectory_fits_the_horizon():
    walks = [Trajectory([0, 0, 0, 0], [1, 1, 1], ended=True)]
    with pytest.raises(InputError, match="trajectory 0 has 3 steps, and the horizon is 2"):
        read_demonstrations(line(horizon=2), walks)
    assert not read_demonstrations(line(horizon=3), walks).cut.any()
