from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import decision_policy, value_of_asking

LENDING = np.array([[0.0, 0.0], [-10.0, 5.0]])
NAMES = ["deny", "approve"]
seeds = st.integers(0, 2**32 - 1)


def at(*chances):
    p = np.array(chances, float)
    return np.column_stack([1 - p, p])


def test_lending_by_hand():
    policy = decision_policy(at(0.1, 0.5, 0.7, 0.95), LENDING, asking_cost=1.0, names=NAMES)
    # Knowing is worth 5p; asking pays where 5p - 1 > 0 and 5p - 1 > 15p - 10.
    assert policy.actions.tolist() == ["deny", "ask", "ask", "approve"]
    assert policy.thresholds == pytest.approx((0.2, 0.9))
    assert policy.expected.tolist() == pytest.approx([0, 1.5, 2.5, 4.25])
    assert policy.asking.now.tolist() == pytest.approx([0, 0, 0.5, 4.25])
    assert policy.gain_from_asking.value == pytest.approx(3.5 / 4)
    assert policy.share_asked.value == 0.5
    assert policy.utility_with_asking.value == pytest.approx(8.25 / 4)
    assert policy.utility_without_asking.value == pytest.approx(4.75 / 4)
    rows = policy.table().rows
    assert rows[2] == ("ask", 2, 0.5, pytest.approx(2.0))
    assert policy.to_frame()["action"].tolist() == policy.actions.tolist()
    assert policy.to_dict()["regions"][1][2] == "ask"
    assert len(policy.chart().table.rows) == 3 * 51


@given(seeds)
def test_without_asking_the_threshold_is_elkans(seed):
    utilities = np.random.default_rng(seed).normal(0, 3, (2, 2))
    gap = utilities[0] - utilities[1]
    assume(abs(gap[0] - gap[1]) > 1e-6)
    threshold = gap[0] / (gap[0] - gap[1])
    dear = 1 + 2 * np.ptp(utilities, axis=0).max()
    found = decision_policy(at(0.5), utilities, asking_cost=dear).thresholds
    expected = (threshold,) if 0 < threshold < 1 else ()
    assert found == pytest.approx(expected)


@given(st.floats(0.001, 0.499))
def test_errors_alike_make_it_chows_rule(cost):
    assert decision_policy(at(0.5), asking_cost=cost).thresholds == pytest.approx((cost, 1 - cost))


@given(seeds, st.integers(2, 4), st.floats(0.5, 1), st.floats(0, 2))
def test_the_regions_say_what_the_cases_get(seed, n_decisions, accuracy, cost):
    rng = np.random.default_rng(seed)
    utilities = rng.normal(0, 3, (n_decisions, 2))
    p = rng.random(200)
    policy = decision_policy(at(*p), utilities, asking_cost=cost, reviewer_accuracy=accuracy)
    regions = policy.regions
    assert regions[0].low == 0
    assert regions[-1].high == 1
    assert all(a.high == b.low and a.action != b.action
               for a, b in pairwise(regions))  # fmt: skip
    ends = np.array([region.high for region in regions])
    for chance, action in zip(p, policy.actions, strict=True):
        if np.abs(ends - chance).min() > 1e-9:
            assert regions[int(np.searchsorted(ends, chance))].action == action


@given(seeds, st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_positive_affine_maps_change_no_action(seed, scale, shift):
    rng = np.random.default_rng(seed)
    said, utilities = rng.dirichlet(np.ones(3), 20), rng.normal(size=(4, 3))
    policy = decision_policy(said, utilities, asking_cost=0.3)
    moved = decision_policy(said, scale * utilities + shift, asking_cost=0.3 * scale)
    near = np.abs(policy.asking.value - 0.3) < 1e-9
    assert np.array_equal(policy.actions[~near], moved.actions[~near])


@given(seeds, st.floats(0.34, 1), st.floats(0, 1))
def test_the_policy_is_never_worse_than_deciding_or_asking_about_all(seed, accuracy, cost):
    rng = np.random.default_rng(seed)
    said, utilities = rng.dirichlet(np.ones(3), 20), rng.normal(size=(3, 3))
    policy = decision_policy(said, utilities, asking_cost=cost, reviewer_accuracy=accuracy)
    assert (policy.expected >= policy.asking.now - 1e-12).all()
    assert (policy.expected >= policy.asking.knowing - cost - 1e-12).all()
    assert policy.gain_from_asking.value >= 0


def test_it_is_the_mathematics_of_asking_and_nothing_else():
    rng = np.random.default_rng(0)
    said, utilities = rng.dirichlet(np.ones(3), 30), rng.normal(size=(3, 3))
    chosen = rng.integers(0, 3, 30)
    policy = decision_policy(said, utilities, decisions=chosen, asking_cost=0.2)
    asking = value_of_asking(said, utilities, decisions=chosen, asking_cost=0.2)
    for name in ("value", "taken", "now", "ask", "best_decision"):
        assert np.array_equal(getattr(policy.asking, name), getattr(asking, name))


def test_weights_are_respected():
    policy = decision_policy(at(0.5, 0.99, 0.01), asking_cost=0.1, weights=[3, 1, 0])
    assert policy.share_asked.value == 0.75
    assert policy.share_asked.n == 2
    assert policy.table().rows[2][2] == 0.75


def test_more_decisions_than_classes_need_no_default_decision():
    policy = decision_policy(at(0.5), [[0, 0], [-1, 1], [0.3, 0.3]], names=["no", "yes", "wait"],
                             asking_cost=5)  # fmt: skip
    assert policy.actions.tolist() == ["wait"]
    assert [region.action for region in policy.regions] == ["wait", "yes"]
    one = decision_policy(at(0.5), [[1, 1]], asking_cost=1)
    assert one.actions.tolist() == ["0"]


def test_three_classes_have_no_regions_and_no_chart():
    policy = decision_policy(np.eye(3))
    assert policy.regions == policy.thresholds == ()
    with pytest.raises(InputError, match="Only with two classes"):
        policy.chart()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a"]}, "must name each of the 2 decisions once"),
        ({"names": ["a", "a"]}, "must name each of the 2 decisions once"),
        ({"names": ["ask", "b"]}, "none 'ask'"),
        ({"weights": [1, 2]}, "1 numbers from 0, one a case"),
        ({"weights": [0]}, "no case to decide"),
        ({"asking_cost": -1}, "asking_cost=-1"),
        ({"reviewer_accuracy": 0.3}, "not between 0.5"),
        ({"utilities": [[1, 2, 3]]}, "utilities have shape"),
        ({"decisions": [5]}, "from 0 to 1"),
    ],
)
def test_bad_input_is_said_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        decision_policy(at(0.5), **options)
    assert "\n" not in str(caught.value)
