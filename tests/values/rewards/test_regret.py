from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import potential_shaping, regret

SEEDS = st.integers(0, 2**16)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.booleans())
def test_it_is_the_range_over_all_optimal_policies(worlds, seed, rounded):
    process = worlds.process(seed, 4, 2, form="sa")
    rng = np.random.default_rng(seed)
    # Few different rewards make many ties.
    optimised = rng.integers(0, 2, (4, 2)).astype(float) if rounded else rng.normal(size=(4, 2))
    meant = process.rewards
    returns, reached = [], []
    for policy in worlds.policies(process):
        returns.append(process.initial @ worlds.values(process, policy))
        reached.append(worlds.values(process.with_rewards(optimised), policy))
    top = np.max(reached, axis=0)
    optimal = [np.allclose(each, top, rtol=0, atol=1e-9) for each in reached]
    mine = np.array(returns)[optimal]
    found = regret(process, optimised, meant)
    highest, lowest = max(returns), min(returns)
    assume(highest - lowest > 1e-6)
    assert found.highest == pytest.approx(highest, abs=1e-9)
    assert found.lowest == pytest.approx(lowest, abs=1e-9)
    assert found.best == pytest.approx(highest - mine.max(), abs=1e-8)
    assert found.worst == pytest.approx(highest - mine.min(), abs=1e-8)
    assert found.worst_share == pytest.approx(found.worst / (highest - lowest), abs=1e-7)
    assert 0 <= found.best_share <= found.worst_share <= 1 + 1e-12


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(1e-6, 1e6))
def test_shaping_and_scale_cost_nothing_and_the_opposite_costs_all(worlds, seed, scale):
    process = worlds.process(seed)
    shaped = potential_shaping(process, worlds.potential(process, seed)).rewards
    assert regret(process, scale * shaped, process.rewards).worst == 0
    against = regret(process, -scale * shaped, process.rewards)
    assert against.worst_share == pytest.approx(1, abs=1e-7)
    assert against.best_share == pytest.approx(1, abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(1e-6, 1e6))
def test_shares_have_no_unit(worlds, seed, scale):
    process = worlds.process(seed, form="sa")
    other = np.random.default_rng(seed).normal(size=(6, 3))
    once = regret(process, other, process.rewards)
    scaled = regret(process, other, scale * process.rewards)
    assert scaled.worst_share == pytest.approx(once.worst_share, abs=1e-7)
    assert scaled.worst == pytest.approx(scale * once.worst, rel=1e-6, abs=1e-7 * scale)


def test_under_a_horizon_by_enumeration():
    # Two steps; the optimised reward likes to stay, the meant one to go.
    chances = np.zeros((2, 2, 2))
    chances[0, 0, 0] = chances[0, 1, 1] = chances[1, :, 1] = 1
    process = FiniteMDP(chances, np.zeros((2, 2)), discount=1.0, horizon=2, initial=0)
    meant = np.array([[0.0, 0], [1, 1]])
    found = regret(process, of=np.array([[1.0, 0], [0, 0]]), under=meant)
    assert (found.best, found.worst, found.highest, found.lowest) == (1, 1, 1, 0)
    tied = regret(process, of=np.zeros(2), under=meant)
    assert (tied.best, tied.worst) == (0, 1)
    assert "between 0 and 1 of expected return (0.00% to 100.00%" in tied.summary


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_under_a_horizon_it_is_the_range_over_all_policies_that_change_with_time(worlds, seed):
    process = worlds.process(seed, 3, 2, form="sa", horizon=2)
    optimised = np.random.default_rng(seed).integers(0, 2, (3, 2)).astype(float)
    chances = process.transitions.toarray().reshape(3, 2, 3)
    rows = np.arange(3)

    def worth(paid, plan):
        values = np.zeros((3, 3))
        for t in (1, 0):
            now = paid[rows, plan[t]] + 0.9 * chances[rows, plan[t]] @ values[t + 1]
            values[t] = np.where(process.terminal, 0, now)
        return values

    plans = list(product(list(worlds.policies(process)), repeat=2))
    reached = np.array([worth(optimised, plan)[:2] for plan in plans])
    optimal = np.abs(reached - reached.max(axis=0)).max(axis=(1, 2)) < 1e-9
    returns = np.array([process.initial @ worth(process.rewards, plan)[0] for plan in plans])
    found = regret(process, optimised, process.rewards)
    assert found.highest == pytest.approx(returns.max(), abs=1e-9)
    assert found.lowest == pytest.approx(returns.min(), abs=1e-9)
    assert found.best == pytest.approx(returns.max() - returns[optimal].max(), abs=1e-8)
    assert found.worst == pytest.approx(returns.max() - returns[optimal].min(), abs=1e-8)


@pytest.mark.parametrize("horizon", [None, 5])
def test_a_large_constant_loses_nothing_where_nothing_ends(worlds, horizon):
    process = worlds.process(2, 50, 2, ends=0, form="sa", discount=0.95, horizon=horizon)
    other = np.random.default_rng(6).normal(size=(50, 2))
    usual = regret(process, other, process.rewards)
    found = regret(process, other + 1e8, process.rewards + 1e8)
    assert usual.worst > 0.1
    assert found.worst == pytest.approx(usual.worst, abs=1e-5)
    assert found.best == pytest.approx(usual.best, abs=1e-5)
    steps = (1 - (0 if horizon is None else 0.95**horizon)) / 0.05
    assert found.highest == pytest.approx(usual.highest + 1e8 * steps, rel=1e-12)


def test_where_all_policies_are_worth_the_same_nothing_is_lost(worlds):
    process = worlds.process(1, ends=0)
    found = regret(process, process.rewards, np.ones(6))
    assert (found.worst, found.worst_share) == (0, 0)


def test_the_states_from_which_something_is_lost(worlds):
    fork = FiniteMDP([[0, 1], [0, 1], [0, 0], [0, 0]], np.array([[1.0, 3], [0, 0]]))
    found = regret(fork, np.array([[1.0, 0], [0, 0]]), fork.rewards)
    assert found.loss.tolist() == [2, 0]
    assert found.to_frame().to_dict("list") == {"state": ["0"], "loss": [2.0]}
    assert found.chart().table.rows == (("0", 2.0),)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "loses 2 of expected return" in repr(found)


def test_bad_input_is_said_in_one_line(worlds):
    process = worlds.process(0)
    with pytest.raises(InputError, match=r"rewards have shape \(2,\)"):
        regret(process, np.ones(2), process.rewards)
    with pytest.raises(InputError, match="with discount 1 and no horizon") as caught:
        regret(process.replace(discount=1.0), process.rewards, process.rewards)
    assert "\n" not in str(caught.value)
