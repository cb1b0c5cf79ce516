from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from alignlab.datasets import Trajectory
from alignlab.errors import InputError
from alignlab.values.inverse import arrival_features, max_causal_entropy_irl
from alignlab.values.inverse.demonstrations import read_demonstrations
from alignlab.values.inverse.dual import Dual
from alignlab.values.processes import FiniteMDP, occupancy, simulate, soft_solve

TRUE = np.array([1.2, -0.7])


def table(mdp, seed=1, k=2):
    drawn = np.random.default_rng(seed).normal(size=(6, 3, k))
    return np.where(mdp.available[..., None], drawn, 0.0)


def demonstrated(tools, n=400, seed=0, temperature=1.0, **options):
    mdp = tools.process(**options)
    x = table(mdp)
    policy = soft_solve(mdp.with_rewards(x @ TRUE), temperature=temperature)
    return mdp, x, simulate(mdp, policy, n, seed=seed, length=None if mdp.horizon else 200)


def cut_at_random(walks, seed, most=4):
    rng = np.random.default_rng(seed)
    found = []
    for walk in walks:
        length = int(min(len(walk), rng.integers(1, most + 1)))
        found.append(
            Trajectory(
                walk.states[: length + 1],
                walk.actions[:length],
                ended=walk.ended and length == len(walk),
            )
        )
    return found


@pytest.mark.parametrize("match", ["features", "decisions"])
def test_two_choices_by_hand(match):
    """Three of four went right: the log odds, with the standard error of a share on that scale."""
    fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])
    walks = [Trajectory([0, 2], [1], ended=True)] * 75 + [Trajectory([0, 1], [0], ended=True)] * 25
    right = np.zeros((3, 2))
    right[0, 1] = 1.0
    found = max_causal_entropy_irl(fork, walks, features={"right": right}, match=match)
    told = found.weights["right"]
    assert told.value == pytest.approx(np.log(3), abs=5e-6)
    assert (told.high - told.low) / 2 == pytest.approx(1.98422 / np.sqrt(99 * 0.1875), rel=1e-4)
    assert found.log_likelihood == pytest.approx(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert found.demonstrated == {"right": 0.75}
    assert found.modelled["right"] == pytest.approx(0.75, abs=1e-6)
    assert found.rewards.tolist() == (told.value * right).tolist()
    assert (found.trajectories, found.decisions) == (100, 100)


@pytest.mark.parametrize("horizon", [None, 12])
@pytest.mark.parametrize("discount", [0.9, 0.5])
@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_the_optimum_meets_the_feature_expectations(tools, horizon, discount, temperature):
    mdp, x, walks = demonstrated(tools, 60, horizon=horizon, discount=discount)
    walks = cut_at_random(walks[:30], 0) + list(walks[30:])
    found = max_causal_entropy_irl(mdp, walks, features=x, temperature=temperature)
    assert found.converged
    assert found.gap <= 1e-6
    for name in found.demonstrated:
        assert found.modelled[name] == pytest.approx(found.demonstrated[name], abs=1e-5)


@pytest.mark.parametrize("horizon", [None, 5])
def test_complete_demonstrations_are_matched_by_the_policy_of_the_result(tools, horizon):
    """Checked by other code: the occupancy of the soft policy, from where people started."""
    mdp, x, walks = demonstrated(tools, 300, horizon=horizon)
    walks = [walk for walk in walks if walk.ended or len(walk) == horizon]
    found = max_causal_entropy_irl(mdp, walks, features=x)
    start = np.bincount([walk.states[0] for walk in walks], minlength=6) / len(walks)
    visits = occupancy(found.mdp.with_initial(start), found.policy).state_actions
    expected = np.einsum("sa,sak->k", visits, x)
    assert list(found.demonstrated.values()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("discount", [0.5, 0.9, 1.0])
def test_the_truth_is_a_fixed_point(tools, discount):
    """What its policy is expected to do, by enumeration, is what training expects of it.

    In a well-known library it is not: it plans with one discount and counts with another, and
    counts one state more than it rewards.
    """
    mdp = tools.process(discount=discount, horizon=4)
    x = table(mdp)
    P = mdp.transitions.toarray().reshape(6, 3, 6)
    policy = soft_solve(mdp.with_rewards(x @ TRUE))
    counts = np.zeros((6, 3))

    def grow(state, t, chance):
        if mdp.terminal[state] or t == 4:
            return
        for a in np.flatnonzero(mdp.available[state]):
            p = chance * policy.policy(t)[state, a]
            counts[state, a] += discount**t * p
            for after in range(6):
                grow(after, t + 1, p * P[state, a, after])

    grow(0, 0, 1.0)
    dual = Dual(read_demonstrations(mdp, [Trajectory([0, 1, 0, 1, 0], [0, 0, 0, 0])]), 1.0)
    assert dual.plan(mdp.expected(x @ TRUE)).visits == pytest.approx(counts, abs=1e-12)


@pytest.mark.parametrize("match", ["features", "decisions"])
@pytest.mark.parametrize("horizon", [None, 12])
def test_cutting_at_random_biases_nothing_where_taking_it_for_an_end_does(tools, match, horizon):
    mdp, x, walks = demonstrated(tools, 6_000, seed=3, horizon=horizon)
    cut = cut_at_random(walks, 0)
    assert 0.5 < np.mean([not walk.ended for walk in cut]) < 1
    found = max_causal_entropy_irl(mdp, cut, features=x, match=match)
    for told, true in zip(found.weights.values(), TRUE, strict=True):
        assert abs(told.value - true) < 2.5 * (told.high - told.low) / 4
        assert told.high - told.low < 0.4

    # The naive way: the cut is taken for an end, in a process that can end anywhere.
    ended = np.zeros((7, 3, 7))
    ended[:6, :, :6] = mdp.transitions.toarray().reshape(6, 3, 6)
    ended[:5, :, 6] = 1e-9 * mdp.available[:5]
    anywhere = FiniteMDP(ended, np.zeros(7), discount=0.9, horizon=horizon, terminal=[5, 6])
    naive = [
        Trajectory([*walk.states[:-1], 6 if not walk.ended else 5], walk.actions, ended=True)
        for walk in cut
    ]
    there = np.concatenate([x, np.zeros((1, 3, 2))])
    wrong = max_causal_entropy_irl(anywhere, naive, features=there, match="features")
    told = list(wrong.weights.values())
    assert max(abs(t.value - w) / (t.high - t.low) for t, w in zip(told, TRUE, strict=True)) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("match", "cut"), [("features", False), ("decisions", True)])
def test_intervals_cover(tools, match, cut):
    """95 % of the intervals hold the truth: 300 replicates leave 2.5 % of chance either way."""
    mdp, x, walks = demonstrated(tools, 300 * 60, seed=5)
    hits = np.zeros(2)
    for replicate in range(300):
        some = walks[60 * replicate : 60 * (replicate + 1)]
        some = cut_at_random(some, replicate) if cut else some
        found = max_causal_entropy_irl(mdp, some, features=x, match=match)
        assert found.converged
        hits += [t.low <= w <= t.high for t, w in zip(found.weights.values(), TRUE, strict=True)]
    assert (hits / 300 >= 0.92).all()
    assert (hits / 300 <= 0.98).all()


def test_features_of_arrivals_and_states_and_actions_together(tools):
    mdp = tools.process()
    features = {
        "end": mdp.on_arrival(np.eye(6)[5]),
        "state 2": np.eye(6)[2],
        "action 1": np.tile([0.0, 1.0, 0.0], (6, 1)),
    }
    true = {"end": 1.0, "state 2": 0.5, "action 1": -0.4}
    r = sum(weight * mdp.expected(features[name]) for name, weight in true.items())
    walks = simulate(mdp, soft_solve(mdp.with_rewards(r)), 3_000, seed=1)
    found = max_causal_entropy_irl(mdp, walks, features=features, match="decisions")
    for name, told in found.weights.items():
        assert told.low <= true[name] <= told.high
    assert found.weights["action 1"].high < 0
    # What was demonstrated is what happened: who arrived, discounted.
    arrived = [0.9 ** (len(w) - 1) if w.ended else 0.0 for w in walks]
    assert found.demonstrated["end"] == pytest.approx(np.mean(arrived), abs=1e-12)
    assert sparse.issparse(found.rewards)
    weights = [each.value for each in found.weights.values()]
    whole = sum(w * mdp.expected(f) for w, f in zip(weights, features.values(), strict=True))
    assert found.expected_rewards == pytest.approx(whole, abs=1e-12)


def test_a_features_scale_is_its_weights_unit(tools):
    mdp, x, walks = demonstrated(tools, 200)
    plain = max_causal_entropy_irl(mdp, walks, features=x)
    scaled = max_causal_entropy_irl(mdp, walks, features=x * [1000.0, 0.01])
    for name, factor in (("feature 0", 1000.0), ("feature 1", 0.01)):
        assert scaled.weights[name].value * factor == pytest.approx(plain.weights[name].value)
        assert scaled.weights[name].low * factor == pytest.approx(plain.weights[name].low)


def test_the_order_of_trajectories_changes_nothing(tools):
    mdp, x, walks = demonstrated(tools, 100)
    found = [max_causal_entropy_irl(mdp, each, features=x) for each in (walks, walks[::-1])]
    for name in found[0].weights:
        assert found[0].weights[name].low == pytest.approx(found[1].weights[name].low, abs=1e-8)


def test_shaping_among_the_features_is_flagged_and_never_given_a_tight_interval(tools):
    mdp, x, walks = demonstrated(tools, 300)
    potential = np.where(mdp.terminal, 0.0, np.random.default_rng(9).normal(size=6))
    P = mdp.transitions.toarray().reshape(6, 3, 6)
    shaping = np.where(mdp.available, 0.9 * P @ potential - potential[:, None], 0.0)
    features = {"a": x[..., 0], "b": x[..., 1], "a and shaping": x[..., 0] + shaping}
    found = max_causal_entropy_irl(mdp, walks, features=features, match="decisions")
    (hidden,) = found.not_identified
    assert hidden.kind == "shaping"
    assert found.converged
    assert not np.isfinite(found.weights["a"].high)
    assert not np.isfinite(found.weights["a and shaping"].low)
    assert np.isfinite(found.weights["b"].high)
    # The sum of the two is told, and is what it would be without the shaping.
    features = {"a": x[..., 0], "b": x[..., 1]}
    without = max_causal_entropy_irl(mdp, walks, features=features, match="decisions")
    both = found.contrast({"a": 1, "a and shaping": 1})
    assert both.value == pytest.approx(without.weights["a"].value, abs=1e-6)
    assert both.low == pytest.approx(without.weights["a"].low, rel=1e-3)
    assert not np.isfinite(found.contrast({"a": 1, "a and shaping": -1}).low)
    assert found.policy.policy()[:5] == pytest.approx(without.policy.policy()[:5], abs=1e-6)


def test_an_action_never_taken_has_no_finite_weight_and_the_rest_has(tools):
    mdp, x, _ = demonstrated(tools, 1)
    r = np.where(np.arange(3) == 1, -np.inf, x @ TRUE)
    policy = np.exp(np.where(mdp.available, r, -np.inf)[:5])
    policy = np.vstack([policy / policy.sum(axis=1, keepdims=True), np.zeros(3)])
    walks = tools.walks(mdp, policy, 100)
    assert all((walk.actions != 1).all() for walk in walks)
    features = {
        "action 1": np.tile([0.0, 1.0, 0.0], (6, 1)),
        "action 2": np.tile([0, 0, 1.0], (6, 1)),
    }
    for match in ("features", "decisions"):
        found = max_causal_entropy_irl(mdp, walks, features=features, match=match)
        assert not found.converged
        assert found.runaway["action 1"] == pytest.approx(-1.0)
        assert not np.isfinite(found.weights["action 1"].high)
        assert "no finite maximum for action 1" in repr(found)
        assert found.advice[0].startswith("No finite weights of action 1")
    held = max_causal_entropy_irl(mdp, walks, features=features, regularization=0.01)
    assert held.converged
    assert held.weights["action 1"].value < 0


def test_trajectories_without_a_step_make_nothing_surer(tools):
    mdp, x, walks = demonstrated(tools, 40)
    empty = [Trajectory([0], [])] * 400
    for match in ("features", "decisions"):
        alone = max_causal_entropy_irl(mdp, walks, features=x, match=match)
        found = max_causal_entropy_irl(mdp, [*walks, *empty], features=x, match=match)
        assert found.trajectories == alone.trajectories
        assert found.weights == alone.weights


def test_what_is_out_of_reach_has_its_direction_next_to_the_weights_found():
    """One difference tells one weight of two: no fixed combination of both is any surer."""
    P = np.zeros((2, 2, 2))
    P[0, 0, 0] = P[0, 1, 1] = 1
    P[1, :, 1] = 1
    mdp = FiniteMDP(P, np.zeros(2), discount=1.0, horizon=2, initial=0)
    walks = [Trajectory([0, 0], [0])] * 30 + [Trajectory([0, 1], [1])] * 10
    features = {"stayed": [[0, 1.0], [0, 0]], "there": [0, 1.0]}
    for match in ("features", "decisions"):
        found = max_causal_entropy_irl(mdp, walks, features=features, match=match)
        (hidden,) = found.not_identified
        assert found.converged
        assert {each.method for each in found.weights.values()} == {"not identified"}
        size = 1e-4
        moved = [
            mdp.with_rewards(
                sum(
                    (found.weights[name].value + sign * size * hidden.direction[name])
                    * mdp.expected(feature)
                    for name, feature in features.items()
                )
            )
            for sign in (1, -1)
        ]
        there, back = (soft_solve(each).policy(0)[0] for each in moved)
        assert there == pytest.approx(back, abs=1e-8)


def test_regularization_pulls_to_zero(tools):
    mdp, x, walks = demonstrated(tools, 100)
    sizes = [
        np.linalg.norm(
            [
                each.value
                for each in max_causal_entropy_irl(
                    mdp, walks, features=x, regularization=amount
                ).weights.values()
            ]
        )
        for amount in (0.0, 0.1, 10.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 0.5


def test_pulled_weights_have_no_interval(tools):
    mdp, x, walks = demonstrated(tools, 100)
    for match in ("features", "decisions"):
        found = max_causal_entropy_irl(mdp, walks, features=x, match=match, regularization=0.1)
        names = list(found.weights)
        for told in (*found.weights.values(), found.contrast({names[0]: 1.0, names[-1]: -1.0})):
            assert told.method in ("pulled towards 0", "not identified")
            assert (told.low, told.high) == (-np.inf, np.inf)
        assert "pulled towards 0, no interval" in str(found.chart().spec)


def test_one_trajectory_has_a_reward_and_no_interval(tools):
    mdp, x, walks = demonstrated(tools, 1, terminal=False)
    found = max_causal_entropy_irl(mdp, walks, features=x, match="decisions")
    assert found.converged
    assert found.weights["feature 0"].method == "too few trajectories"
    assert not np.isfinite(found.weights["feature 0"].low)


@pytest.mark.parametrize("match", ["features", "decisions"])
def test_a_linear_network_finds_the_linear_reward(tools, match):
    mdp, x, walks = demonstrated(tools, 300)
    linear = max_causal_entropy_irl(mdp, walks, features=x, match=match)
    network = torch.nn.Linear(2, 1, bias=False)
    before = network.weight.detach().clone()
    found = max_causal_entropy_irl(mdp, walks, features=x, network=network, match=match)
    assert found.converged
    assert found.weights == {}
    weights = [each.value for each in linear.weights.values()]
    assert found.network.weight.detach().numpy().ravel() == pytest.approx(weights, abs=1e-4)
    assert found.policy.policy()[:5] == pytest.approx(linear.policy.policy()[:5], abs=1e-4)
    assert torch.equal(network.weight, before)
    assert network.weight.dtype == torch.float32


def test_bad_options_are_said_in_one_line(tools):
    mdp, x, walks = demonstrated(tools, 5)
    for options, message in [
        ({"match": "feature"}, "match='feature' is not one of .*Did you mean 'features'"),
        ({"temperature": 0.0}, "temperature=0.0 is not a number above 0"),
        ({"regularization": -1}, "regularization=-1 is not a finite number from 0"),
        ({"tolerance": 0}, "tolerance=0 is not a finite number above 0"),
        ({"tolerance": np.inf}, "tolerance=inf is not a finite number above 0"),
        ({"level": 95}, "level=95 is not between 0 and 1"),
        ({"start": [0.0]}, r"start has shape \(1,\): give 2 finite weights"),
        ({"network": "deep"}, "network is of type str: give a torch.nn.Module"),
        ({"features": np.ones((6, 2, 2))}, r"features have shape \(6, 2, 2\)"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            max_causal_entropy_irl(mdp, walks, **{"features": x, **options})
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="There are no demonstrations"):
        max_causal_entropy_irl(mdp, [], features=x)


def test_arrival_features_need_the_ends_told_apart(tools):
    """What ends it pays like the potential that ends there: a constant, told by nobody."""
    P = np.zeros((4, 2, 4))
    P[0, 0], P[0, 1] = [0.0, 0.6, 0.4, 0.0], [0.0, 0.2, 0.0, 0.8]
    P[1, 0], P[1, 1] = [0.5, 0.0, 0.0, 0.5], [0.3, 0.0, 0.7, 0.0]
    mdp = FiniteMDP(P, np.zeros(4), discount=0.8)
    features = arrival_features(mdp, {"goal": 3, "hole": 2}, otherwise="step")
    walks = simulate(mdp, soft_solve(mdp), 50, seed=0)
    found = max_causal_entropy_irl(mdp, walks, features=features)
    (hidden,) = found.not_identified
    assert hidden.direction == pytest.approx({"goal": 1.0, "hole": 1.0, "step": 0.2})
    assert np.isfinite(found.contrast({"goal": 1, "hole": -1}).low)
