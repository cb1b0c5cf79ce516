from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.features import read_features
from alignlab.values.inverse.identification import identify
from alignlab.values.processes import FiniteMDP, soft_solve


def found(mdp, walks, features):
    described = read_features(mdp, features)
    return identify(read_demonstrations(mdp, walks), described), described


def kinds(identification):
    return sorted(each.kind for each in identification.hidden)


def one_walk(mdp, state=0):
    after = int(mdp.transitions[[state * mdp.n_actions]].indices[0])
    return [Trajectory([state, after], [0])]


def test_a_constant_is_hidden_where_all_trajectories_last_alike(tools):
    for horizon in (None, 4):
        mdp = tools.process(terminal=False, horizon=horizon)
        walks = tools.walks(mdp, tools.uniform(mdp), 3, longest=4)
        everywhere, _ = found(
            mdp, walks, {"1": np.ones(6), "x": np.random.default_rng(0).normal(size=(6, 3))}
        )
        assert [str(each).partition(":")[0] for each in everywhere.hidden] == ["constant"]
        assert everywhere.hidden[0].direction == {"1": 1.0}


def test_a_constant_is_told_where_people_can_end_it(tools):
    mdp = tools.process()
    walks = tools.walks(mdp, tools.uniform(mdp), 5)
    assert found(mdp, walks, {"1": np.ones(6)})[0].hidden == ()


@pytest.mark.parametrize("horizon", [None, 6])
def test_a_difference_of_potentials_is_found_among_the_features(tools, horizon):
    mdp = tools.process(horizon=horizon)
    rng = np.random.default_rng(1)
    potential = np.where(mdp.terminal, 0.0, rng.normal(size=6))
    P = mdp.transitions.toarray().reshape(6, 3, 6)
    # With a horizon the potential must be 0 when time is up, so a fixed one is no shaping.
    shaping = np.where(mdp.available, mdp.discount * P @ potential - potential[:, None], 0.0)
    other = rng.normal(size=(6, 3))
    features = {"a": shaping + 2 * other, "b": other}
    told, described = found(mdp, tools.walks(mdp, tools.uniform(mdp), 5, longest=6), features)
    if horizon:
        assert told.hidden == ()
        return
    assert kinds(told) == ["shaping"]
    direction = told.hidden[0].direction
    assert direction["a"] / direction["b"] == pytest.approx(-0.5)
    moved = [mdp.with_rewards(described.rewards(w)) for w in ([0.3, 0.1], [1.3, -1.9])]
    policies = [soft_solve(each).policy()[:5] for each in moved]
    assert policies[0] == pytest.approx(policies[1], abs=1e-9)


def test_what_the_demonstrations_could_not_see(tools):
    # Two islands: 0 and 1, and 2 and 3.
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[0, 1, 0] = P[1, 0, 0] = P[1, 1, 1] = 1
    P[2, 0, 3] = P[2, 1, 2] = P[3, 0, 2] = P[3, 1, 3] = 1
    mdp = FiniteMDP(P, np.zeros(4), discount=0.9)
    walks = [Trajectory([0, 1, 1], [0, 1])]
    told, _ = found(mdp, walks, {"here": [1, 0, 0, 0], "there": [0, 0, 1, 0]})
    assert [(each.kind, each.direction) for each in told.hidden] == [("never seen", {"there": 1.0})]
    assert "its weight can be anything" in str(told.hidden[0])
    told, _ = found(mdp, walks, {"here": [1, 0, 0, 0], "both": [1, 0, 1, 0]})
    (hidden,) = told.hidden
    assert hidden.kind == "out of reach"
    assert hidden.direction["here"] == pytest.approx(-hidden.direction["both"])


def test_a_cut_shows_no_later_decision():
    """Two steps to the fork; who was cut off after one was never seen there."""
    P = np.zeros((4, 2, 4))
    P[0, :, 1] = 1
    P[1, 0, 2] = P[1, 1, 3] = 1
    mdp = FiniteMDP(P, np.zeros(4), discount=0.9)
    left = {"left": np.eye(4)[:, [1, 1]] * [1, 0]}
    short, whole = Trajectory([0, 1], [0]), Trajectory([0, 1, 2], [0, 0], ended=True)
    assert kinds(found(mdp, [short], left)[0]) == ["never seen"]
    assert kinds(found(mdp, [short, whole], left)[0]) == []
    mdp = FiniteMDP(P, np.zeros(4), discount=0.9, horizon=3)
    assert kinds(found(mdp, [short], left)[0]) == ["never seen"]
    assert kinds(found(mdp, [short, whole], left)[0]) == []


def test_features_that_say_the_same_are_redundant(tools):
    mdp = tools.process()
    x = np.random.default_rng(2).normal(size=6)
    told, _ = found(mdp, tools.walks(mdp, tools.uniform(mdp), 5), {"x": x, "2x": 2 * x})
    (hidden,) = told.hidden
    assert hidden.kind == "redundant"
    assert hidden.direction["x"] / hidden.direction["2x"] == pytest.approx(-2.0)
    assert hidden.to_dict()["says"].startswith("redundant: adding any multiple of")


@pytest.mark.parametrize("horizon", [None, 5])
def test_indicators_of_states_hide_the_constant_and_no_more(tools, horizon):
    mdp = tools.process(terminal=False, horizon=horizon)
    told, _ = found(mdp, tools.walks(mdp, tools.uniform(mdp), 5, longest=5), np.eye(6))
    assert kinds(told) == ["constant"]
    assert told.null.shape == (6, 1)


def test_each_kind_once_and_together_they_span_the_null_space(tools):
    mdp = tools.process(terminal=False)
    x = np.random.default_rng(3).normal(size=(6, 3))
    features = {"1": np.ones(6), "x": x, "-x": -x, "nothing": np.zeros(6)}
    told, described = found(mdp, one_walk(mdp), features)
    assert kinds(told) == ["constant", "never seen", "redundant"]
    directions = np.array(
        [[each.direction.get(name, 0.0) for name in described.names] for each in told.hidden]
    )
    assert np.linalg.matrix_rank(directions) == told.null.shape[1] == 3
