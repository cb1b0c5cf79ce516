from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import check_shaping, potential_shaping
from alignlab.values.rewards.steps import Steps
from alignlab.values.rewards.walks import largest_residual, walk_potential

SEEDS = st.integers(0, 2**16)


def with_added(process, added):
    steps = Steps(process)
    return process.with_rewards(steps.as_rewards(steps.paid(process.rewards) + added))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9, 0.999, 1.0]), st.sampled_from(["s", "sa", "sas"]))
def test_what_potential_shaping_makes_is_recognised_with_its_potential(
    worlds, seed, discount, form
):
    ends = max(seed % 3, discount == 1)
    process = worlds.process(seed, discount=discount, form=form, ends=ends)
    potential = worlds.potential(process, seed, 5)
    check = check_shaping(process, potential_shaping(process, potential))
    assert check.verdict == "potential-based"
    assert check.potential_based
    assert check.safe
    assert check.potential == pytest.approx(potential, abs=1e-9)
    assert check.residual <= check.tolerance
    assert check.witness is None
    assert not check.changed.any()
    assert check.regret is None if discount == 1 else check.regret.worst == 0


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_thousandth_off_on_one_step_is_seen(worlds, seed):
    # A relative tolerance of one per cent would let this pass.
    process = worlds.process(seed)
    shaped = potential_shaping(process, worlds.potential(process, seed))
    rewards = shaped.rewards.copy()
    rewards.data[seed % rewards.nnz] += 1e-3
    check = check_shaping(process, rewards)
    assert not check.potential_based
    assert 1e-5 < check.residual <= 1.0001e-3
    assert check.verdict != "potential-based in expectation"
    gap = check.witness.better.added - check.witness.worse.added
    assert gap > 1e-5


def test_the_first_states_potential_is_free_below_discount_one(worlds):
    # Pinning Φ(0) = 0 loses nothing with discount 1, and rejects true shapings below it.
    process = worlds.process(3, ends=0, discount=0.9)
    potential = np.arange(1.0, 7.0)
    check = check_shaping(process, potential_shaping(process, potential))
    assert check.potential_based
    assert check.potential == pytest.approx(potential, abs=1e-10)


@pytest.mark.parametrize("constant", [0.0, 1.0])
@pytest.mark.parametrize("patience", [1e-5, 1e-9])
def test_a_true_shaping_at_a_discount_next_to_one(constant, patience):
    rng = np.random.default_rng(0)
    chances = np.zeros((300, 2, 300))
    chances[np.arange(300), 0, (np.arange(300) + 1) % 300] = 1
    chances[np.arange(300), 1, rng.integers(0, 300, 300)] = 1
    process = FiniteMDP(chances, rng.normal(size=(300, 2)), discount=1 - patience)
    steps, potential = Steps(process), 10 * rng.normal(size=300)
    added = process.discount * potential[steps.target] - potential[steps.source] + constant
    check = check_shaping(process, with_added(process, added))
    assert check.verdict == "potential-based"
    flawed = added + 1e-3 * (steps.row == 17)
    assert largest_residual(steps, flawed, walk_potential(steps, flawed)) > check.tolerance


def test_a_constant_is_a_shaping_only_where_nothing_ends(worlds):
    for ends, based in ((0, True), (1, False)):
        process = worlds.process(3, ends=ends)
        steps = Steps(process)
        check = check_shaping(process, with_added(process, np.full(len(steps.row), 0.3)))
        assert check.potential_based == based
        if based:
            assert check.potential == pytest.approx(-3.0, abs=1e-11)
        else:
            assert "It pays 0.3 for every step" in check.reason


def gamble(bonus):
    """A sure way and a lottery to the end; the lottery's outcomes pay plus and minus the bonus."""
    chances = np.zeros((4, 2, 4))
    chances[0, 0, 1] = 1
    chances[0, 1, [1, 2]] = 0.5
    chances[1:3, :, 3] = 1
    process = FiniteMDP(chances, np.array([[1.0, 0], [0, 0], [0, 0], [0, 0]]), discount=0.9)
    steps = Steps(process)
    lottery = (steps.source == 0) & (steps.action == 1)
    added = np.where(lottery, np.where(steps.target == 1, bonus, -bonus), 0.0)
    return process, with_added(process, added)


def test_what_averages_out_is_a_shaping_in_expectation_only():
    check = check_shaping(*gamble(2.0))
    assert check.verdict == "potential-based in expectation"
    assert check.expected_residual == 0.0
    assert check.residual > 0.5
    assert check.safe
    assert not check.changed.any()
    assert check.regret.worst == 0
    assert {check.witness.better.added, check.witness.worse.added} == {2.0, -2.0}
    assert "but not where the dynamics differ. From state 0" in check.summary


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_any_noise_of_mean_zero_is_a_shaping_in_expectation(worlds, seed):
    process = worlds.process(seed)
    steps = Steps(process)
    noise = np.random.default_rng(seed).normal(size=len(steps.row))
    chances = process.transitions.data
    mean = np.bincount(steps.row, noise * chances, minlength=18)
    noise -= mean[steps.row]
    potential = worlds.potential(process, seed)
    added = noise + 0.9 * potential[steps.target] - potential[steps.source]
    check = check_shaping(process, with_added(process, added))
    assert check.verdict in ("potential-based in expectation", "potential-based")
    assert check.potential == pytest.approx(potential, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0.05, 0.5, 3.0]))
def test_verdict_and_regret_agree_with_enumeration(worlds, seed, size):
    process = worlds.process(seed, 4, 2)
    steps = Steps(process)
    added = np.random.default_rng(seed).normal(size=len(steps.row)) * size
    shaped = with_added(process, added)
    check = check_shaping(process, shaped)
    before = {tuple(p): worlds.values(process, p) for p in worlds.policies(process)}
    after = {tuple(p): worlds.values(shaped, p) for p in worlds.policies(process)}
    best = np.max(list(before.values()), axis=0)
    top = np.max(list(after.values()), axis=0)
    optimal = [p for p in after if np.allclose(after[p], top, rtol=0, atol=1e-9)]
    lost = [process.initial @ (best - before[p]) for p in optimal]
    assert (check.verdict == "changes the optimal policy") == (max(lost) > 1e-9)
    assert check.regret.worst == pytest.approx(max(lost), abs=1e-9)
    assert check.regret.best == pytest.approx(min(lost), abs=1e-9)
    for state in np.flatnonzero(~process.terminal):
        mine = {a for a in range(2) if check.shaped_actions[state, a]}
        assert mine == {p[state] for p in optimal}


def test_breaking_a_tie_is_a_change_but_misleads_nobody():
    # Two ways to the end are worth the same; a bonus prefers one of them.
    fork = FiniteMDP([[0, 1], [0, 1], [0, 0], [0, 0]], np.ones((2, 2)), discount=0.9)
    check = check_shaping(fork, np.array([[1.0, 1.5], [1, 1]]))
    assert check.verdict == "not potential-based, optimal policies kept"
    assert check.changed.tolist() == [True, False]
    assert not check.misled.any()
    assert check.to_frame().iloc[0].tolist() == ["0", "0, 1", "1", 0.0]
    back = check_shaping(fork.with_rewards(np.array([[1.0, 1.5], [1, 1]])), np.ones((2, 2)))
    assert back.verdict == "changes the optimal policy"
    assert back.regret.worst == pytest.approx(0.5)
    assert back.regret.best == 0


def shuttle(discount, **options):
    """A row of five cells with a goal on the right; action 0 goes left, 1 right."""
    chances = np.zeros((5, 2, 5))
    for cell in range(4):
        chances[cell, 0, max(cell - 1, 0)] = 1
        chances[cell, 1, cell + 1] = 1
    rewards = np.zeros((5, 2))
    rewards[3, 1] = 1
    return FiniteMDP(
        chances, rewards, discount=discount, initial=0, action_names=["left", "right"], **options
    )


def test_a_bonus_for_progress_makes_the_agent_circle():
    process = shuttle(0.9)
    steps = Steps(process)
    # Out and in again pays 0.9·0.5 / (1 - 0.81) = 2.37 from 3, the goal 1.5.
    bonus = 0.5 * (steps.target > steps.source)
    check = check_shaping(process, with_added(process, bonus))
    assert check.verdict == "changes the optimal policy"
    loop = check.witness.better.loop
    assert loop[0] == loop[-1]
    assert check.witness.better.round_adds > 0
    assert check.regret.worst_share == pytest.approx(1.0)
    assert check.misled.tolist() == [False, False, False, True, False]
    assert "Optimising it loses 0.729 of expected return, 100.00%" in check.summary
    names = check.to_frame()
    assert names["optimal before"].tolist() == ["right"]
    assert names["optimal after"].tolist() == ["left"]
    assert len(check.chart().table.rows) > 0


def test_with_no_discount_a_loop_that_pays_leaves_nothing_best():
    process = shuttle(1.0)
    steps = Steps(process)
    check = check_shaping(process, with_added(process, 0.2 * (steps.target > steps.source)))
    assert check.verdict == "changes the optimal policy"
    assert check.witness.better.added == np.inf
    assert check.regret is None
    assert "With no discount the shaped return has no bound." in check.summary
    json.dumps(check.to_dict(), allow_nan=False)
    assert check.chart().table.rows


def test_with_no_discount_a_loop_that_pays_little_still_pays_without_end():
    process = shuttle(1.0)
    steps = Steps(process)
    check = check_shaping(process, with_added(process, 1e-6 * (steps.target > steps.source)))
    assert check.verdict == "changes the optimal policy"
    assert not check.misled.any()
    assert "a loop pays without end" in check.summary


def test_the_shaping_of_a_patient_agent_misleads_an_impatient_one():
    # Φ(s') - Φ(s) with Φ = -(distance): right with discount 1, a bonus for waiting below it.
    process = shuttle(0.9)
    steps = Steps(process)
    potential = np.array([8.0, 9.0, 10.0, 11.0, 0.0])
    check = check_shaping(
        process, with_added(process, potential[steps.target] - potential[steps.source])
    )
    assert not check.safe
    assert "for discount 1, and this agent's is 0.9" in check.reason
    right = check_shaping(process, potential_shaping(process, potential))
    assert right.potential_based


def test_a_horizon_has_potentials_that_change_with_time(worlds):
    process = worlds.process(4, horizon=4, missing=False)
    # With discount below 1 a constant is Φ_t = -(what is still to come), if nothing ends before.
    steps = Steps(process)
    open_ended = worlds.process(4, horizon=4, ends=0)
    open_steps = Steps(open_ended)
    check = check_shaping(open_ended, with_added(open_ended, np.ones(len(open_steps.row))))
    assert check.potential_based
    assert check.potential[:, 0] == pytest.approx([-3.439, -2.71, -1.9, -1, 0])
    potential = worlds.potential(process, 4)
    fixed = 0.9 * potential[steps.target] - potential[steps.source]
    check = check_shaping(process, with_added(process, fixed))
    assert not check.potential_based
    assert "the horizon stops policies" in check.reason
    assert check.original_actions.shape == (4, 6, 3)
    assert check.regret is not None
    check.to_frame()


def test_under_a_horizon_the_verdict_is_that_of_enumeration():
    process = shuttle(0.9, horizon=3)
    steps = Steps(process)
    bonus = 0.2 * (steps.target > steps.source)
    # From 0 the goal is four steps away: nothing is lost. From 3 one step before the end ...
    assert check_shaping(process, with_added(process, bonus)).regret.worst == 0
    near = process.with_initial(3)
    check = check_shaping(near, with_added(near, bonus))
    # ... right pays 1 + 0.2; left, right, right pays 0.9·0.2 + 0.81·1.2.
    assert 1.2 > 0.9 * 0.2 + 0.81 * 1.2
    assert check.regret.worst == 0
    big = check_shaping(near, with_added(near, 10 * bonus))
    # Left, right, right now pays 0.9·2 + 0.81·3 = 4.23 against 3.
    assert big.regret.worst == pytest.approx(1 - 0.81)


def two_ways(horizon):
    """From 0 by way of 1 or of 2 to the end: a horizon of three steps or more stops nobody."""
    chances = np.zeros((4, 2, 4))
    chances[0, 0, 1] = chances[0, 1, 2] = 1
    chances[1:3, :, 3] = 1
    rewards = [[1, 0], [0, 0], [0, 0], [0, 0]]
    return FiniteMDP(chances, rewards, discount=0.9, horizon=horizon, initial=0)


def test_under_a_horizon_only_what_can_be_reached_in_time_is_judged():
    # In state 2 at the last step Φ is left over, but nobody is there then.
    process = two_ways(10)
    check = check_shaping(process, potential_shaping(process, [0, 0, 5, 0]))
    assert check.verdict == "potential-based"
    assert check.residual < 1e-12
    assert check.expected_residual < 1e-12
    assert not check.changed.any()
    # With one step the agent is stopped in state 2.
    short = two_ways(1)
    steps = Steps(short)
    potential = np.array([0, 0, 5.0, 0])
    fixed = 0.9 * potential[steps.target] - potential[steps.source]
    check = check_shaping(short, with_added(short, fixed))
    assert check.misled.tolist() == [True, False, False, False]
    assert check.witness.better.states == (0, 2)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_what_potential_shaping_allows_under_a_horizon_is_safe(worlds, seed, horizon):
    process = worlds.process(seed, 5, 2, ends=2, horizon=horizon, initial=0, missing=False)
    potential = worlds.potential(process, seed) * (np.arange(5) > seed % 4)
    try:
        shaped = potential_shaping(process, potential)
    except InputError:
        return
    check = check_shaping(process, shaped)
    assert check.verdict.startswith("potential-based")
    assert check.safe


def test_scale_changes_no_verdict(worlds):
    process = worlds.process(6)
    steps = Steps(process)
    for added in (
        np.random.default_rng(0).normal(size=len(steps.row)),
        0.9 * (potential := worlds.potential(process, 6))[steps.target] - potential[steps.source],
    ):
        shaped = with_added(process, added)
        verdicts = [
            check_shaping(
                process.with_rewards(scale * process.rewards), scale * shaped.rewards
            ).verdict
            for scale in (1e-9, 1.0, 1e9)
        ]
        assert len(set(verdicts)) == 1


def test_it_is_plain_when_written(worlds):
    process = worlds.process(6)
    check = check_shaping(process, process.with_rewards(np.ones(6)))
    told = json.loads(json.dumps(check.to_dict(), allow_nan=False))
    assert told["verdict"] == check.verdict
    assert "ShapingCheck" in repr(check)


def test_bad_input_is_said_in_one_line(worlds):
    process = worlds.process(0)
    wrong = {
        r"rewards have shape \(3,\)": np.ones(3),
        "original has discount=0.9, shaped discount=0.8": process.replace(discount=0.8),
        "infinite or missing": np.full(6, np.nan),
    }
    for message, shaped in wrong.items():
        with pytest.raises(InputError, match=message) as caught:
            check_shaping(process, shaped)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="tolerance=-1 is not"):
        check_shaping(process, process, tolerance=-1)
