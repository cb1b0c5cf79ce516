from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.intervals import share_limits
from alignlab.uncertainty.selective import abstaining, risk_coverage


def test_five_rows_by_hand():
    seen = abstaining([5, 4, 3, 2, 1], [0, 1, 0, 1, 1], share=0.4, groups=list("ababa"))
    assert [each.rows for each in seen.values()] == [3, 2]
    a, b = seen["a"], seen["b"]
    assert (a.abstained.value, a.risk.value, a.selective_risk.value) == pytest.approx(
        (1 / 3, 1 / 3, 0)
    )
    assert (b.abstained.value, b.risk.value, b.selective_risk.value) == pytest.approx((0.5, 1, 1))
    json.dumps(a.to_dict())


def test_rows_of_one_score_leave_in_part():
    seen = abstaining([1, 1, 1, 1], [1, 1, 0, 0], share=0.25)[None]
    assert seen.abstained.value == pytest.approx(0.25)
    assert seen.selective_risk.value == pytest.approx(0.5)


def test_it_is_a_point_of_the_risk_coverage_curve():
    rng = np.random.default_rng(0)
    score, loss = rng.random(300).round(1), (rng.random(300) < 0.3).astype(float)
    seen = abstaining(score, loss, share=0.3)[None]
    assert seen.selective_risk.value == pytest.approx(risk_coverage(score, loss).risk_at(0.7))
    low, high = share_limits(loss.mean(), 300)
    assert (seen.risk.low, seen.risk.high) == pytest.approx((float(low), float(high)))


def test_whole_weights_give_the_values_of_repeated_rows():
    rng = np.random.default_rng(1)
    score, loss = rng.random(80).round(1), rng.random(80)
    groups, weights = rng.integers(0, 3, 80), rng.integers(0, 3, 80)
    here = abstaining(score, loss, groups=groups, weights=weights)
    again = (np.repeat(each, weights) for each in (score, loss, groups))
    there = abstaining(*[next(again), next(again)], groups=next(again))
    for group in here:
        assert here[group].change.value == pytest.approx(there[group].change.value)


def test_no_group_is_harmed_by_chance_more_often_than_stated():
    """A score that says nothing, in four groups: the risk changes by chance alone."""
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(400):
        found = abstaining(rng.random(400), rng.random(400) < 0.2, groups=rng.integers(0, 4, 400))
        alarms += any(not each.change.low <= 0 <= each.change.high for each in found.values())
    assert alarms / 400 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_a_harmed_group_is_seen():
    rng = np.random.default_rng(3)
    score, other = rng.random(2000), rng.random(2000) < 0.3
    # The surer, the more often wrong about the second group.
    wrong = rng.random(2000) < np.where(other, score**3, (1 - score) / 2)
    found = abstaining(score, wrong, groups=other)
    assert found[True].change.low > 0
    assert found[False].change.high < 0


def test_a_group_of_which_nobody_is_kept():
    seen = abstaining([1, 2, 3, 4], [0, 1, 0, 1], share=0.5, groups=[0, 0, 1, 1])
    assert np.isnan(seen[0].selective_risk.value)
    assert seen[0].abstained.value == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"share": 20}, "share=20 is not between 0 and 1"),
        ({"groups": ["a"]}, r"groups has shape \(1,\), and there are 2 rows"),
    ],
)
def test_what_cannot_be_used_is_said(changed, words):
    with pytest.raises(InputError, match=words):
        abstaining([0.5, 0.6], [0.0, 1.0], **changed)
