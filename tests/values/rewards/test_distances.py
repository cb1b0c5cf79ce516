from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

from alignlab.errors import InputError
from alignlab.values.processes import FiniteMDP
from alignlab.values.rewards import epic_distance, potential_shaping, starc_distance
from alignlab.values.rewards.steps import Steps

SEEDS = st.integers(0, 2**16)
CANONICAL = st.sampled_from(["value-adjusted levelling", "minimal"])
NORMS = st.sampled_from(["l2", "l1", "linf"])


def another(process, seed):
    paid = np.random.default_rng([seed, 1]).normal(size=process.transitions.nnz)
    return Steps(process).as_rewards(paid)


# STARC


@settings(max_examples=30, deadline=None)
@given(SEEDS, CANONICAL, NORMS, st.floats(1e-3, 1e3))
def test_starc_is_zero_for_what_orders_policies_alike(worlds, seed, canonical, norm, scale):
    process = worlds.process(seed, ends=seed % 2)
    steps = Steps(process)
    noise = np.random.default_rng(seed).normal(size=len(steps.row))
    noise -= np.bincount(steps.row, noise * process.transitions.data, minlength=18)[steps.row]
    shaped = potential_shaping(process, worlds.potential(process, seed, 3))
    same = steps.as_rewards(scale * (steps.paid(shaped.rewards) + noise))
    found = starc_distance(
        process,
        process.rewards,
        same,
        canonicalisation=canonical,
        normalisation=norm,
        distance=norm,
    )
    assert found.distance == pytest.approx(0, abs=1e-7)
    opposite = starc_distance(
        process,
        process.rewards,
        -same,
        canonicalisation=canonical,
        normalisation=norm,
        distance=norm,
    )
    assert opposite.distance == pytest.approx(1, abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(SEEDS, CANONICAL, NORMS)
def test_starc_is_a_pseudometric_from_zero_to_one(worlds, seed, canonical, norm):
    process = worlds.process(seed)
    rewards = [another(process, seed + k) for k in range(3)]

    def apart(first, second):
        return starc_distance(
            process,
            rewards[first],
            rewards[second],
            canonicalisation=canonical,
            normalisation=norm,
            distance=norm,
        ).distance

    assert apart(0, 0) == 0
    assert apart(0, 1) == pytest.approx(apart(1, 0), abs=1e-12)
    assert 0 < apart(0, 1) <= 1
    assert apart(0, 2) <= apart(0, 1) + apart(1, 2) + 1e-12


@settings(max_examples=80, deadline=None)
@given(SEEDS, CANONICAL, st.sampled_from([0.0, 0.5, 0.9]))
def test_starc_is_zero_exactly_where_all_policies_are_ordered_alike(
    worlds, seed, canonical, discount
):
    # Every policy's return is linear in its visits; visits of the deterministic ones span them all,
    # so the order is the same if and only if the returns are positive affine images of each other.
    # State 0 leads to 1 and 2, which lead nowhere else: nobody reaches 3.
    chances = np.zeros((5, 2, 5))
    rng = np.random.default_rng(seed)
    chances[0, :, 1:3] = rng.dirichlet(np.ones(2), 2)
    chances[1:3, :, [0, 1, 2, 4]] = rng.dirichlet(np.ones(4), (2, 2))
    chances[3, :, 0] = 1
    process = FiniteMDP(chances, np.zeros((5, 2)), discount=discount, initial=0)
    process = process.with_rewards(another(process, seed + 1))
    second = process.rewards if seed % 2 else another(process, seed)
    if seed % 2:
        paid = Steps(process).paid(second).copy()
        unknown = 1 if discount == 0 else 3
        paid[Steps(process).source >= unknown] += 7 * rng.normal()
        paid[Steps(process).row == 7] += 5
        second = Steps(process).as_rewards(paid)
    shaped = potential_shaping(
        process.with_rewards(second), worlds.potential(process, seed)
    ).rewards
    shaped = shaped * rng.uniform(0.1, 10)
    returns = np.array(
        [
            [process.initial @ worlds.values(p, policy) for p in pair]
            for pair in [(process, process.with_rewards(shaped))]
            for policy in worlds.policies(process)
        ]
    )
    centred = returns - returns.mean(axis=0)
    assume((np.abs(centred).max(axis=0) > 1e-6).all())
    correlation = centred.prod(axis=1).sum() / np.prod(np.linalg.norm(centred, axis=0))
    alike = correlation > 1 - 1e-9
    found = starc_distance(process, process.rewards, shaped, canonicalisation=canonical)
    assert (found.distance < 1e-7) == alike
    assert alike or not seed % 2


def test_starc_by_hand():
    # One state, two actions, canonical rewards r - mean: (1, -1) and (-1/2, 1/2) + ... by hand.
    one = FiniteMDP([[1], [1], [1]], np.zeros((1, 3)), discount=0.5)
    first, second = np.array([[2.0, 0, 1]]), np.array([[1.0, 0, 2]])
    # After levelling (1, -1, 0) and (0, -1, 1): cos = 1/2, distance = sqrt((1 - 1/2) / 2) = 1/2.
    assert starc_distance(one, first, second).distance == pytest.approx(0.5, abs=1e-12)
    by_l1 = starc_distance(one, first, second, normalisation="l1", distance="l1")
    assert by_l1.distance == pytest.approx(0.5, abs=1e-12)  # |1 - 0| + 0 + |0 - 1|, halved twice
    by_max = starc_distance(one, first, second, normalisation="linf", distance="linf")
    assert by_max.distance == pytest.approx(0.5, abs=1e-12)


def test_with_two_norms_nothing_is_said_of_one(worlds):
    process = worlds.process(1, form="sa", ends=0)
    found = starc_distance(
        process, process.rewards, -process.rewards, normalisation="linf", distance="l1"
    )
    assert found.distance > 1
    assert not found.to_one
    said = "apart, 0 being the same wishes (STARC, value-adjusted levelling, linf and l1 norm)"
    assert said in found.summary


@pytest.mark.parametrize("canonical", ["value-adjusted levelling", "minimal"])
def test_states_that_nobody_reaches_do_not_count(canonical):
    chances = np.zeros((3, 2, 3))
    chances[0, 0, 0] = chances[0, 1, 0] = 1
    chances[1, :, 0] = 1
    chances[2, :, 2] = 1
    process = FiniteMDP(chances, np.zeros((3, 2)), initial=0, discount=0.9)
    first = np.array([[1.0, 0], [1, 0], [0, 0]])
    second = np.array([[1.0, 0], [0, 5e12], [0, 3]])
    found = starc_distance(process, first, second, canonicalisation=canonical)
    assert found.distance == pytest.approx(0, abs=1e-12)
    everywhere = process.with_initial(None)
    assert starc_distance(everywhere, first, second).distance > 0.3


@pytest.mark.parametrize("distance", ["starc", "epic"])
def test_a_reward_that_prefers_nothing_is_half_way_from_all_others(worlds, distance):
    process = worlds.process(1, form="sa", ends=0)
    measure = {"starc": starc_distance, "epic": epic_distance}[distance]
    nothing = measure(process, np.full(6, 3.0), process.rewards)
    assert nothing.distance == pytest.approx(0.5, abs=1e-12)
    assert nothing.first_norm == 0
    assert measure(process, np.full(6, 3.0), np.zeros(6)).distance == 0


def test_starc_is_exact_when_rewards_are_tiny_or_huge(worlds):
    process = worlds.process(5)
    other = another(process, 5)
    usual = starc_distance(process, process.rewards, other).distance
    found = starc_distance(process, 1e-12 * process.rewards, 1e12 * other).distance
    assert found == pytest.approx(usual, abs=1e-9)


@pytest.mark.parametrize("canonical", ["value-adjusted levelling", "minimal"])
def test_a_large_constant_changes_no_distance_where_nothing_ends(worlds, canonical):
    process = worlds.process(2, 50, 2, ends=0, form="sa", discount=0.95)
    other = np.random.default_rng(6).normal(size=(50, 2))
    usual, found = (
        starc_distance(process, other + size, process.rewards + size, canonicalisation=canonical)
        for size in (0, 1e9)
    )
    assert usual.distance > 0.1
    assert found.distance == pytest.approx(usual.distance, abs=1e-6)


# EPIC


def dense_epic(process, first, second, by_state, by_action, weights):
    """Return EPIC by dense arrays: canonical rewards and a weighted correlation."""
    canonical = []
    for reward in (first, second):
        cube = reward[:, None, None] if reward.ndim == 1 else reward
        cube = cube[:, :, None] if cube.ndim == 2 else cube
        S, A = process.n_states, process.n_actions
        cube = np.broadcast_to(cube, (S, A, S))
        mean = np.einsum("sat,a,t->s", cube, by_action, by_state)
        g = process.discount
        canonical.append(
            (cube + g * mean[None, None] - mean[:, None, None] - g * by_state @ mean).ravel()
        )
    weights = weights.ravel() / weights.sum()
    centred = [each - weights @ each for each in canonical]
    sizes = [np.sqrt(weights @ each**2) for each in centred]
    correlation = weights @ (centred[0] * centred[1]) / np.prod(sizes)
    return float(np.sqrt((1 - correlation) / 2)), canonical


def listed(process, cube):
    S, A = process.n_states, process.n_actions
    rows = np.repeat(np.arange(S * A), S)
    return sparse.csr_array((cube.ravel(), (rows, np.tile(np.arange(S), S * A))), shape=(S * A, S))


@settings(max_examples=40, deadline=None)
@given(
    SEEDS,
    st.sampled_from(["s", "sa", "sas", "some"]),
    st.sampled_from(["sa", "sas", "some"]),
    st.sampled_from(["independent", "transitions", "given"]),
)
def test_epic_is_the_dense_definition(worlds, seed, first_form, second_form, coverage):
    process = worlds.process(seed, 5, 2, ends=seed % 2)
    rng = np.random.default_rng(seed)
    by_state, by_action = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(2))
    shapes = {"s": (5,), "sa": (5, 2), "sas": (5, 2, 5), "some": (5, 2, 5)}
    dense, rewards = [], []
    for form in (first_form, second_form):
        cube = rng.normal(size=shapes[form])
        if form == "some":
            cube *= rng.random(cube.shape) < 0.3
        dense.append(cube)
        rewards.append(listed(process, cube) if cube.ndim == 3 else cube)
    rewards = [
        sparse.csr_array(each.toarray()) if form == "some" else each
        for each, form in zip(rewards, (first_form, second_form), strict=True)
    ]
    weights = {
        "independent": np.einsum("s,a,t->sat", by_state, by_action, by_state),
        "transitions": np.einsum(
            "s,a,sat->sat", by_state, by_action, process.transitions.toarray().reshape(5, 2, 5)
        ),
        "given": rng.random((5, 2, 5)),
    }[coverage]
    expected, _ = dense_epic(process, *dense, by_state, by_action, weights)
    found = epic_distance(
        process,
        *rewards,
        states=by_state,
        actions=by_action,
        coverage=listed(process, weights) if coverage == "given" else coverage,
        unlisted="zero",
    )
    assert found.distance == pytest.approx(expected, abs=1e-9)


def test_the_correlation_is_weighted_by_the_coverage(worlds):
    # Some weight the canonical rewards and then correlate them as if all counted alike.
    process = worlds.process(0, 5, 2, ends=0)
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 5, 2, 5))
    by_state = np.array([0.6, 0.1, 0.1, 0.1, 0.1])
    by_action = np.array([0.5, 0.5])
    weights = np.einsum("s,a,t->sat", by_state, by_action, by_state)
    expected, canonical = dense_epic(process, first, second, by_state, by_action, weights)
    unweighted = np.sqrt((1 - np.corrcoef(canonical)[0, 1]) / 2)
    found = epic_distance(
        process, listed(process, first), listed(process, second), states=by_state
    ).distance
    assert found == pytest.approx(expected, abs=1e-12)
    assert abs(found - unweighted) > 0.02


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(1e-3, 1e3), st.sampled_from(["independent", "transitions"]))
def test_shaping_on_all_transitions_and_scale_are_invisible_to_epic(worlds, seed, scale, coverage):
    process = worlds.process(seed, 5, 2, ends=0)
    rng = np.random.default_rng(seed)
    cube, potential = rng.normal(size=(5, 2, 5)), rng.normal(size=5)
    shaped = scale * (cube + 0.9 * potential - potential[:, None, None])
    first, second = listed(process, cube), listed(process, shaped)
    found = epic_distance(process, first, second, coverage=coverage)
    assert found.distance == pytest.approx(0, abs=1e-12)
    opposite = epic_distance(process, first, -second, coverage=coverage)
    assert opposite.distance == pytest.approx(1, abs=1e-12)


def test_epic_counts_what_cannot_happen_and_starc_does_not(worlds):
    process = worlds.process(3, 5, 2, ends=0)
    rng = np.random.default_rng(3)
    cube = rng.normal(size=(5, 2, 5))
    impossible = process.transitions.toarray().reshape(5, 2, 5) == 0
    other = np.where(impossible, 5 * rng.normal(size=cube.shape), cube)
    first, second = listed(process, cube), listed(process, other)
    assert starc_distance(process, first, second).distance == pytest.approx(0, abs=1e-12)
    assert epic_distance(process, first, second).distance > 0.3


def test_epic_knows_no_ends(worlds):
    # A shaping with Φ(end) = 0 on what can happen is none on S × A × S.
    process = worlds.process(3, 5, 2, ends=1, form="sa")
    shaped = potential_shaping(process, worlds.potential(process, 3, 3))
    with pytest.raises(InputError, match=r"^EPIC asks what every one of 50 .* list \d+"):
        epic_distance(process, process.rewards, shaped.rewards)
    seen = epic_distance(process, process.rewards, shaped.rewards, unlisted="zero")
    assert seen.distance > 0.1
    assert starc_distance(process, process.rewards, shaped.rewards).distance < 1e-9


def test_nothing_of_size_s_a_s_is_made():
    # 20,000 states: a dense cube would take 12.8 TB.
    S = 20_000
    ring = sparse.csr_array((np.ones(4 * S), np.arange(4 * S) // 4, np.arange(4 * S + 1)))
    process = FiniteMDP(ring, np.zeros(S), discount=0.9)
    rng = np.random.default_rng(0)
    reward = rng.normal(size=(S, 4))
    goal = sparse.csr_array(([1.0], ([0], [5])), shape=(4 * S, S))
    assert 0 < epic_distance(process, reward, goal, unlisted="zero").distance < 1
    assert epic_distance(process, reward, 2 * reward + 1).distance == pytest.approx(0, abs=1e-9)


def test_the_result_is_plain(worlds):
    process = worlds.process(1, form="sa")
    found = starc_distance(process, process.rewards, np.ones(6))
    assert float(found) == found.to_dict()["distance"]
    assert "from 0 to 1 (STARC, value-adjusted levelling, l2 norm)" in found.summary


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coverage": "transition"}, "coverage='transition' is not one of .* 'transitions'"),
        ({"coverage": np.ones((3, 3))}, r"coverage has shape \(3, 3\)"),
        ({"coverage": -np.ones((18, 6))}, "non-negative weights"),
        ({"coverage": np.zeros((18, 6))}, "no weight on any transition"),
        ({"states": np.ones(6)}, "states has shape .* sums to 6: give 6 probabilities"),
        ({"actions": [0.5, 0.5]}, "actions has shape .* give 3 probabilities"),
        ({"unlisted": "nothing"}, "unlisted='nothing' is not one of"),
    ],
)
def test_bad_input_to_epic(worlds, options, message):
    process = worlds.process(1, form="sa")
    with pytest.raises(InputError, match=message) as caught:
        epic_distance(process, process.rewards, np.ones(6), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"canonicalisation": "VAL"}, "method='VAL' is not one of"),
        ({"normalisation": "l3"}, "normalisation='l3' is not one of"),
        ({"distance": "2"}, "distance='2' is not one of"),
    ],
)
def test_bad_input_to_starc(worlds, options, message):
    process = worlds.process(1, form="sa")
    with pytest.raises(InputError, match=message):
        starc_distance(process, process.rewards, np.ones(6), **options)
