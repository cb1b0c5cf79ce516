from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.dual import Dual, successor_features
from alignlab.values.inverse.features import read_features
from alignlab.values.processes import FiniteMDP, soft_solve

CASES = [
    (match, horizon, terminal)
    for match in ("features", "decisions")
    for horizon in (None, 8)
    for terminal in (True, False)
]


def differences(function, at, size=1e-5):
    return np.array(
        [(function(at + e) - function(at - e)) / (2 * size) for e in size * np.eye(len(at))]
    )


@pytest.mark.parametrize(("match", "horizon", "terminal"), CASES)
def test_value_and_gradient_are_those_of_the_definition(tools, match, horizon, terminal):
    mdp = tools.process(horizon=horizon, terminal=terminal)
    walks = tools.walks(mdp, tools.uniform(mdp), 20)
    reference = tools.reference(mdp, temperature=0.7)
    r = np.where(mdp.available, np.random.default_rng(1).normal(size=(6, 3)), 0.0)
    dual = Dual(read_demonstrations(mdp, walks), 0.7, match)
    defined = reference.by_features if match == "features" else reference.by_decisions

    assert dual.value(dual.plan(r)) == pytest.approx(defined(r, walks), abs=1e-10)

    pairs = np.argwhere(mdp.available)

    def along(change):
        moved = r.copy()
        moved[tuple(pairs.T)] += change
        return defined(moved, walks)

    gradient = (dual.counts - dual.plan(r).visits)[tuple(pairs.T)]
    assert gradient == pytest.approx(differences(along, np.zeros(len(pairs))), abs=2e-8)


@pytest.mark.parametrize(("match", "horizon", "terminal"), CASES)
def test_each_trajectory_has_its_part_of_the_gradient(tools, match, horizon, terminal):
    mdp = tools.process(horizon=horizon, terminal=terminal)
    walks = tools.walks(mdp, tools.uniform(mdp), 12)
    seen = read_demonstrations(mdp, walks)
    features = read_features(mdp, np.random.default_rng(2).normal(size=(6, 3, 2)))
    weights = np.array([0.4, -0.8])
    dual = Dual(seen, 1.3, match)
    plan = dual.plan(features.expected @ weights)
    parts = dual.counted(features) - dual.curvature(plan, features.expected).expected

    whole = np.einsum("sa,sak->k", dual.counts - plan.visits, features.expected)
    assert parts.mean(axis=0) == pytest.approx(whole, abs=1e-10)
    alone = Dual(read_demonstrations(mdp, walks[:1]), 1.3, match)
    plan = alone.plan(features.expected @ weights)
    first = np.einsum("sa,sak->k", alone.counts - plan.visits, features.expected)
    assert parts[0] == pytest.approx(first, abs=1e-10)


@pytest.mark.parametrize("horizon", [None, 8])
@pytest.mark.parametrize("terminal", [True, False])
def test_the_information_is_how_the_gradient_falls(tools, horizon, terminal):
    mdp = tools.process(horizon=horizon, terminal=terminal)
    seen = read_demonstrations(mdp, tools.walks(mdp, tools.uniform(mdp), 12))
    table = read_features(mdp, np.random.default_rng(3).normal(size=(6, 3, 2))).expected
    dual = Dual(seen, 0.6)
    at = np.array([0.5, 0.3])

    def visits(weights):
        return np.einsum("sa,sak->k", dual.plan(table @ weights).visits, table)

    information = dual.curvature(dual.plan(table @ at), table).information
    assert information == pytest.approx(differences(visits, at), abs=1e-7)


def test_the_information_of_decisions_is_right_on_average(tools):
    """Where every decision was taken as often as the model takes it."""
    mdp = tools.process(terminal=False, discount=0.5)
    table = read_features(mdp, np.random.default_rng(4).normal(size=(6, 3, 2))).expected
    at = np.array([0.5, 0.3])
    walks = tools.walks(mdp, tools.reference(mdp).policy(table @ at), 5_000, longest=4)
    dual = Dual(read_demonstrations(mdp, walks), 1.0, "decisions")

    def visits(weights):
        return np.einsum("sa,sak->k", dual.plan(table @ weights).visits, table)

    information = dual.curvature(dual.plan(table @ at), table).information
    assert information == pytest.approx(differences(visits, at), rel=0.06, abs=0.03)


def test_the_policy_is_the_soft_one(tools):
    for horizon in (None, 5):
        mdp = tools.process(horizon=horizon)
        r = np.where(mdp.available, np.random.default_rng(5).normal(size=(6, 3)), 0.0)
        dual = Dual(read_demonstrations(mdp, tools.walks(mdp, tools.uniform(mdp), 3, longest=4)), 1)
        acting = ~mdp.terminal
        chosen = dual.policy(dual.plan(r), 1 if horizon else 0)[acting]
        expected = tools.reference(mdp).policy(r, 1 if horizon else 0)[acting]
        assert chosen == pytest.approx(expected, abs=1e-12)


def test_successor_features_by_hand():
    """Going round for ever at discount 1/2 shows a feature of 1 twice."""
    loop = FiniteMDP(np.ones((1, 2, 1)), [0.0], discount=0.5)
    table = np.array([[[1.0], [1.0]]])
    G, U = successor_features(loop, np.array([[0.5, 0.5]]), table)
    assert U.tolist() == [[2.0]]
    assert G.tolist() == [[[2.0], [2.0]]]


def test_infinite_values_are_no_plan():
    """At discount 1 two ways to wait are worth log 2 a step, for ever."""
    wait = FiniteMDP(
        np.eye(2)[[0, 0, 1, 0, 0, 0]].reshape(2, 3, 2), [0.0, 0.0], terminal=1, discount=1.0
    )
    seen = read_demonstrations(wait, [Trajectory([0, 1], [2], ended=True)])
    assert Dual(seen, 1.0).plan(np.zeros((2, 3))) is None
    costly = np.array([[-2.0] * 3, [0.0] * 3])
    assert Dual(seen, 1.0).plan(costly) is not None


def test_a_warm_start_that_leads_astray_is_given_up_for_a_cold_one(monkeypatch):
    import alignlab.values.inverse.dual as module

    wait = FiniteMDP(
        np.eye(2)[[0, 0, 1, 0, 0, 0]].reshape(2, 3, 2), [0.0, 0.0], terminal=1, discount=1.0
    )
    dual = Dual(read_demonstrations(wait, [Trajectory([0, 1], [2], ended=True)]), 1.0)
    costly = np.array([[-2.0] * 3, [0.0] * 3])
    expected = dual.plan(costly).values
    started = []

    def only_cold(mdp, *, start=None, **options):
        started.append(start is None)
        if start is not None:
            raise InputError("The soft values are infinite.")
        return soft_solve(mdp, **options)

    monkeypatch.setattr(module, "soft_solve", only_cold)
    assert dual.plan(costly).values == pytest.approx(expected, abs=1e-12)
    assert started == [False, True]
    # What is infinite is so from a cold start too, and is said without a second one.
    assert Dual(dual.demonstrations, 1.0).plan(np.zeros((2, 3))) is None
    assert started == [False, True, True]


@pytest.mark.parametrize("match", ["features", "decisions"])
def test_a_large_process_agrees_with_a_small_one(monkeypatch, tools, match):
    """Solving by iteration instead of factors changes nothing."""
    import alignlab.values.inverse.dual as module

    mdp = tools.process()
    seen = read_demonstrations(mdp, tools.walks(mdp, tools.uniform(mdp), 10))
    table = read_features(mdp, np.random.default_rng(6).normal(size=(6, 3, 2))).expected
    found = []
    for limit in (10_000, 0):
        monkeypatch.setattr(module, "DIRECT", limit)
        dual = Dual(seen, 1.0, match)
        plan = dual.plan(table @ [0.2, 0.1])
        found.append((plan.visits, dual.curvature(plan, table).information))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-9)
    assert found[0][1] == pytest.approx(found[1][1], abs=1e-9)


def test_the_objective_with_terminals_and_no_cut_is_minus_the_expected_surprise(tools):
    mdp = tools.process(horizon=8)
    walks = [w for w in tools.walks(mdp, tools.uniform(mdp), 200) if w.ended or len(w) == 8]
    dual = Dual(read_demonstrations(mdp, walks), 1.0, "decisions")
    r = np.where(mdp.available, 0.3, 0.0)
    solution = soft_solve(mdp.with_rewards(r))
    by_hand = [
        np.log(solution.policy(t)[s, a])
        for w in walks
        for t, (s, a) in enumerate(zip(w.states, w.actions, strict=False))
    ]
    assert dual.value(dual.plan(r)) == pytest.approx(sum(by_hand) / len(walks), abs=1e-10)
