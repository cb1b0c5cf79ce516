from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.rewards import canonical_reward, potential_shaping
from alignlab.values.rewards.steps import Steps

SEEDS = st.integers(0, 2**16)
METHODS = st.sampled_from(["value-adjusted levelling", "minimal"])


def dense_canonical(process, rewards, method):
    """Return the canonical reward by dense linear algebra, straight from the definitions."""
    S, A = process.n_states, process.n_actions
    chances = process.transitions.toarray().reshape(S, A, S)
    expected = process.expected(rewards)
    alive = np.flatnonzero(~process.terminal)
    if method == "minimal":
        pairs = np.argwhere(process.available)
        slopes = np.array([process.discount * chances[s, a] - np.eye(S)[s] for s, a in pairs])
        found = np.linalg.lstsq(slopes[:, alive], [-expected[s, a] for s, a in pairs], rcond=None)
        values = np.zeros(S)
        values[alive] = found[0]
    else:
        policy = process.available / np.maximum(process.available.sum(axis=1, keepdims=True), 1)
        moves = np.einsum("sa,sat->st", policy, chances)
        values = np.linalg.solve(
            np.eye(S) - process.discount * moves, (policy * expected).sum(axis=1)
        )
        return np.where(
            process.available, expected + process.discount * chances @ values - values[:, None], 0
        )
    shaped = expected + process.discount * chances @ values - values[:, None]
    return np.where(process.available, shaped, 0.0)


@settings(max_examples=30, deadline=None)
@given(SEEDS, METHODS, st.sampled_from(["s", "sa", "sas"]), st.sampled_from([0.0, 0.9, 1.0]))
def test_it_is_the_dense_definition(worlds, seed, method, form, discount):
    process = worlds.process(seed, form=form, discount=discount, ends=max(seed % 3, discount == 1))
    found = canonical_reward(process, process.rewards, method=method)
    expected = dense_canonical(process, process.rewards, method)
    assert found == pytest.approx(expected, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(SEEDS, METHODS, st.floats(1e-3, 1e3))
def test_shaping_leaves_no_trace_and_scale_stays(worlds, seed, method, scale):
    process = worlds.process(seed, ends=seed % 2)
    shaped = potential_shaping(process, worlds.potential(process, seed, 3))
    before = canonical_reward(process, process.rewards, method=method)
    after = canonical_reward(process, scale * shaped.rewards, method=method)
    assert after == pytest.approx(scale * before, abs=1e-7 * scale)


@settings(max_examples=20, deadline=None)
@given(SEEDS, METHODS)
def test_where_a_step_arrives_matters_by_its_mean_only(worlds, seed, method):
    process = worlds.process(seed)
    steps = Steps(process)
    noise = np.random.default_rng(seed).normal(size=len(steps.row))
    noise -= np.bincount(steps.row, noise * process.transitions.data, minlength=18)[steps.row]
    moved = steps.as_rewards(steps.paid(process.rewards) + noise)
    before = canonical_reward(process, process.rewards, method=method)
    assert canonical_reward(process, moved, method=method) == pytest.approx(before, abs=1e-8)


def test_levelling_is_the_advantage_of_any_policy_that_is_named(worlds):
    process = worlds.process(2, missing=False)
    policy = np.random.default_rng(0).integers(3, size=6)
    found = canonical_reward(process, process.rewards, policy=policy)
    assert found[np.arange(6), policy] == pytest.approx(0, abs=1e-11)
    values = worlds.values(process, policy)
    other = (policy + 1) % 3
    chances = process.transitions.toarray().reshape(6, 3, 6)
    advantage = process.expected_rewards + 0.9 * chances @ values - values[:, None]
    assert found[np.arange(5), other[:5]] == pytest.approx(
        advantage[np.arange(5), other[:5]], abs=1e-11
    )


def test_the_least_norm_is_least(worlds):
    process = worlds.process(9)
    least = np.linalg.norm(canonical_reward(process, process.rewards, method="minimal"))
    for seed in range(20):
        shaped = potential_shaping(process, worlds.potential(process, seed, 0.3))
        assert np.linalg.norm(shaped.expected_rewards) >= least - 1e-9
    assert np.linalg.norm(canonical_reward(process, process.rewards)) >= least


@settings(max_examples=20, deadline=None)
@given(SEEDS, METHODS)
def test_what_nobody_reaches_leaves_no_trace(worlds, seed, method):
    # Discount 0 knows the first step only.
    process = worlds.process(seed, discount=0.0, form="sa", initial=0)
    other = process.rewards.copy()
    other[1:] += 1e12
    before = canonical_reward(process, process.rewards, method=method)
    assert canonical_reward(process, other, method=method) == pytest.approx(before, abs=1e-12)
    assert not before[1:].any()


def test_bad_input_is_said_in_one_line(worlds):
    process = worlds.process(0)
    wrong = [
        ({"method": "minmal"}, "method='minmal' is not one of .* Did you mean 'minimal'"),
        ({"method": "minimal", "policy": np.zeros(6, int)}, "policy has no meaning for"),
    ]
    for options, message in wrong:
        with pytest.raises(InputError, match=message):
            canonical_reward(process, process.rewards, **options)
    with pytest.raises(InputError, match="the process has horizon=3"):
        canonical_reward(process.replace(horizon=3), process.rewards)
    with pytest.raises(InputError, match=r"rewards have shape \(4,\)"):
        canonical_reward(process, np.ones(4))
