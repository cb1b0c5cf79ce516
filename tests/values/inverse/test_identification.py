from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.features import read_features
from alignlab.values.inverse.identification import complement, identify
from alignlab.values.processes import FiniteMDP, simulate, soft_solve


def found(mdp, walks, features, policy=None):
    described = read_features(mdp, features)
    return identify(read_demonstrations(mdp, walks), described, policy=policy), described


def kinds(identification):
    return sorted(each.kind for each in identification.hidden)


def one_walk(mdp, state=0):
    after = int(mdp.transitions[[state * mdp.n_actions]].indices[0])
    return [Trajectory([state, after], [0])]


def decisions_within_reach(mdp, walks):
    """Pairs of a time and a state that some trajectory could have decided in, by enumeration."""
    graph = mdp.transitions.toarray().reshape(mdp.n_states, mdp.n_actions, -1).sum(axis=1) > 0
    found = set()
    for walk in walks:
        cut = not mdp.terminal[walk.states[-1]] and len(walk) != mdp.horizon
        limit = len(walk) if cut else mdp.horizon or 3 * mdp.n_states
        here = {int(walk.states[0])}
        for t in range(limit):
            here = {state for state in here if not mdp.terminal[state]}
            found |= {(t if mdp.horizon else 0, state) for state in here}
            here = {int(after) for state in here for after in np.flatnonzero(graph[state])}
    return sorted(found)


def moved_by_weights(tools, mdp, table, walks, at):
    """How the log policy moves with each weight where it could be seen, by differences."""
    reference = tools.reference(mdp)
    reach = decisions_within_reach(mdp, walks)

    def shown(weights):
        V, r = reference.values(table @ weights), table @ weights
        found = []
        for t, state in reach:
            Q = reference.action_values(r, V[t + 1])[state]
            found.append((Q - V[t][state])[mdp.available[state]])
        return np.concatenate(found)

    steps = 1e-4 * np.eye(table.shape[-1])
    return np.stack([(shown(at + e) - shown(at - e)) / 2e-4 for e in steps], axis=1)


@pytest.mark.parametrize("seed", range(60))
def test_as_many_directions_are_hidden_as_move_no_decision_within_reach(tools, seed):
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(3, 7)), int(rng.integers(2, 4))
    horizon = [None, 1, 2, 4][seed % 4]
    P = np.zeros((S, A, S))
    for state, action in np.ndindex(S, A):
        if action == 0 or rng.random() < 0.7:
            to = rng.choice(S, size=int(rng.integers(1, 3)), replace=False)
            P[state, action, to] = rng.dirichlet(np.ones(len(to)))
    terminal = [S - 1] if rng.random() < 0.6 else []
    mdp = FiniteMDP(P, np.zeros(S), discount=0.7, terminal=terminal, horizon=horizon, initial=0)
    potential = np.where(mdp.terminal, 0.0, rng.normal(size=S))
    table = [
        np.repeat(np.eye(S)[:, None], A, axis=1),
        rng.normal(size=(S, A, 3)),
        np.stack(
            [0.7 * P @ potential - potential[:, None], rng.normal(size=(S, A)), np.ones((S, A))], -1
        ),
    ][seed // 4 % 3]
    table = np.where(mdp.available[..., None], table, 0.0)
    even = tools.uniform(mdp)
    walks = [w for w in simulate(mdp, even, 3, length=int(rng.integers(1, 5)), seed=seed) if len(w)]
    at = rng.normal(size=table.shape[-1]) / 3
    moved = moved_by_weights(tools, mdp, table, walks, at)
    policy = soft_solve(mdp.with_rewards(table @ at)).policy
    told, described = found(mdp, walks, table, policy)
    assert found(mdp, walks, table)[0].null.shape == told.null.shape
    length = np.linalg.norm(moved, axis=0)
    strong = length > 1e-7
    sizes = np.linalg.svd(moved[:, strong] / length[strong], compute_uv=False)
    assert told.null.shape[1] == table.shape[-1] - (sizes > 1e-6).sum()
    directions = np.array(
        [[each.direction.get(name, 0.0) for name in described.names] for each in told.hidden]
    ).reshape(-1, table.shape[-1])
    assert len(directions) == told.null.shape[1]
    assert moved @ directions.T == pytest.approx(0, abs=1e-7)


def test_the_last_step_within_reach_is_the_last_that_was_seen():
    """Seen once, at a horizon of two: one difference between two actions tells one weight."""
    P = np.zeros((2, 2, 2))
    P[0, 0, 0] = P[0, 1, 1] = 1
    P[1, :, 1] = 1
    mdp = FiniteMDP(P, np.zeros(2), discount=1.0, horizon=2, initial=0)
    walks = [Trajectory([0, 0], [0])] * 3 + [Trajectory([0, 1], [1])] * 3
    features = {"stayed": [[0, 1.0], [0, 0]], "there": [0, 1.0]}
    at = np.array([0.3, -0.2])
    policy = soft_solve(mdp.with_rewards(read_features(mdp, features).rewards(at))).policy
    told, described = found(mdp, walks, features, policy)
    (hidden,) = told.hidden
    assert hidden.kind == "out of reach"
    assert str(hidden).startswith("out of reach: adding a little of")
    along = 1e-4 * np.array([hidden.direction[name] for name in features])
    there, back = (
        soft_solve(mdp.with_rewards(described.rewards(w))).policy for w in (at + along, at - along)
    )
    assert there(0)[0] == pytest.approx(back(0)[0], abs=1e-9)
    assert abs(there(1)[0] - back(1)[0]).max() > 1e-5


@pytest.mark.parametrize("discount", [0.5, 0.9, 0.999, 0.999_999])
def test_a_lone_feature_that_nobody_could_tell_is_told_so(discount):
    rng = np.random.default_rng(1)
    P = rng.dirichlet(np.full(6, 0.5), (6, 3))
    mdp = FiniteMDP(P, np.zeros(6), discount=discount)
    walks = [Trajectory([0, 1, 2], [0, 1])]
    potential = rng.normal(size=6)
    shaping = discount * P @ potential - potential[:, None]
    assert kinds(found(mdp, walks, {"1": np.ones(6)})[0]) == ["constant"]
    assert kinds(found(mdp, walks, {"shaping": shaping})[0]) == ["shaping"]
    assert kinds(found(mdp, walks, {"other": rng.normal(size=(6, 3))})[0]) == []


@pytest.mark.parametrize("discount", [0.9, 0.9999])
@pytest.mark.parametrize("small", [1e-2, 1e-5])
def test_a_weak_feature_beside_a_strong_one_is_told(discount, small):
    """For ever in one of two places is much; a chance of 1e-5 more to pass another is little."""
    P = np.zeros((5, 2, 5))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 1] = P[2, :, 2] = P[4, :, 0] = 1
    P[3, 0, [4, 0]] = 0.5 + small, 0.5 - small
    P[3, 1, [4, 0]] = 0.5
    mdp = FiniteMDP(P, np.zeros(5), discount=discount, initial=3)
    walks = [Trajectory([3, 4, 0, 1], [0, 0, 0])]
    features = {"long": np.eye(5)[1], "weak": np.eye(5)[4], "weak twice": 2 * np.eye(5)[4]}
    told, _ = found(mdp, walks, {name: features[name] for name in ("long", "weak")})
    assert told.hidden == ()
    told, _ = found(mdp, walks, features)
    (hidden,) = told.hidden
    assert hidden.kind == "redundant"
    assert hidden.direction == pytest.approx({"weak": 1.0, "weak twice": -0.5})
    assert told.null[0].tolist() == [0.0]


def test_what_lies_beyond_a_cut_may_be_what_people_went_for():
    """Left pays in state 1, where nobody was seen deciding; that left was taken tells."""
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 3] = P[2, :, 3] = 1
    mdp = FiniteMDP(P, np.zeros(4), discount=0.9)
    walks = [Trajectory([0, 1], [0]), Trajectory([0, 2], [1])]
    features = {"there": np.eye(4)[1], "1": np.ones(4), "nowhere": np.zeros(4)}
    told, _ = found(mdp, walks, features)
    assert {each.kind: list(each.direction) for each in told.hidden} == {
        "never seen": ["nowhere"],
        "constant": ["1"],
    }


def test_what_is_left_has_an_axis_for_each_feature_that_takes_no_part():
    span = np.array([[0.6], [0.0], [0.8], [0.0]])
    rest = complement(span)
    assert rest.shape == (4, 3)
    assert rest.T @ rest == pytest.approx(np.eye(3), abs=1e-12)
    assert span.T @ rest == pytest.approx(0, abs=1e-12)
    assert sorted(np.abs(rest[1]).tolist()) == sorted(np.abs(rest[3]).tolist()) == [0.0, 0.0, 1.0]
    assert complement(np.zeros((2, 0))).tolist() == np.eye(2).tolist()
    assert complement(np.eye(2)).shape == (2, 0)


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
