from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.inverse import arrival_features
from alignlab.values.inverse.features import entries, read_features
from alignlab.values.processes import FiniteMDP


def test_the_three_forms_stand_side_by_side(tools):
    mdp = tools.process()
    rng = np.random.default_rng(0)
    by_state, by_action = rng.normal(size=6), rng.normal(size=(6, 3))
    by_step = sparse.csr_array(rng.normal(size=(18, 6)))
    features = read_features(mdp, {"s": by_state, "a": by_action, "n": by_step})
    assert features.names == ("s", "a", "n")
    assert features.scale == pytest.approx(
        [np.abs(by_state).max(), np.abs(by_action).max(), np.abs(by_step.data).max()]
    )
    states, actions, after = np.array([0, 1, 4]), np.array([2, 0, 1]), np.array([3, 3, 5])
    seen = features.seen(states, actions, after)
    assert seen[:, 0] == pytest.approx(by_state[states])
    assert seen[:, 1] == pytest.approx(by_action[states, actions])
    assert seen[:, 2] == pytest.approx(by_step.toarray()[states * 3 + actions, after])

    weights = np.array([2.0, -1.0, 0.5])
    whole = mdp.expected(features.rewards(weights))
    assert whole == pytest.approx(features.expected @ weights, abs=1e-12)


def test_a_sum_has_the_simplest_form_that_holds_it(tools):
    mdp = tools.process()
    assert read_features(mdp, np.ones((6, 2))).rewards([1, 2]).tolist() == [3.0] * 6
    both = read_features(mdp, [np.ones(6), np.ones((6, 3))])
    assert both.rewards([1, 2]).shape == (6, 3)
    assert both.names == ("feature 0", "feature 1")
    assert read_features(mdp, np.ones((6, 3, 2))).rewards([1, 2]).shape == (6, 3)


def test_a_network_reads_a_table_of_states_if_that_is_all(tools):
    mdp = tools.process()
    assert read_features(mdp, np.eye(6)).table.shape == (6, 6)
    assert read_features(mdp, np.ones((6, 3, 2))).table.shape == (6, 3, 2)
    # An action that is barred, or any in a terminal state, shows no feature.
    assert read_features(mdp, np.ones((6, 1))).table.tolist() == [[1.0]] * 6


def test_arrivals(tools):
    mdp = tools.process()
    found = arrival_features(mdp, {"end": 5, "middle": [2, 3]}, otherwise="step")
    P = mdp.transitions.toarray().reshape(6, 3, 6)
    assert mdp.expected(found["end"]) == pytest.approx(P[:, :, 5])
    assert mdp.expected(found["middle"]) == pytest.approx(P[:, :, 2:4].sum(axis=2))
    assert sum(mdp.expected(each) for each in found.values()) == pytest.approx(
        mdp.available.astype(float)
    )
    with pytest.raises(InputError, match="'end' names a state that is not from 0 to 5"):
        arrival_features(mdp, {"end": 6})


def test_entries_that_are_not_stored_are_zero():
    matrix = sparse.csr_array(np.array([[0.0, 2.0], [3.0, 0.0]]))
    assert entries(matrix, np.array([0, 0, 1]), np.array([0, 1, 0])).tolist() == [0.0, 2.0, 3.0]
    assert entries(matrix, np.array([], int), np.array([], int)).shape == (0,)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((5, 2)), r"features have shape \(5, 2\): with 6 states and 3 actions"),
        (np.ones(6), r"features have shape \(6,\)"),
        (np.ones((6, 0)), "There is no feature"),
        ({}, "There is no feature"),
        ("colour", "features are not numbers"),
        ({"x": np.ones(5)}, r"The feature 'x' is not a reward: rewards have shape \(5,\)"),
        ({"x": np.full(6, np.nan)}, "The feature 'x' is not a reward: .*infinite or missing"),
        ({"x": "colour"}, "The feature 'x' is not a reward: it is not made of numbers"),
        ([np.ones(6), np.ones((6, 2))], "The feature 'feature 1' is not a reward"),
        ({1: np.ones(6), "1": np.ones(6)}, "Two features have one name"),
    ],
)
def test_bad_features_are_said_in_one_line(tools, features, message):
    with pytest.raises(InputError, match=message) as caught:
        read_features(tools.process(), features)
    assert "\n" not in str(caught.value)


def test_a_process_without_names():
    loop = FiniteMDP(np.ones((1, 1, 1)), [0.0])
    assert read_features(loop, [[2.0]]).expected.tolist() == [[[2.0]]]
