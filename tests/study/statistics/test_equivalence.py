from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from alignlab.errors import InputError
from alignlab.study.statistics import equivalence_test


def test_it_is_statsmodels_two_one_sided_tests():
    x = np.random.default_rng(0).normal(0.05, 0.2, 9)
    p_value, low, high = DescrStatsW(x).ttost_mean(-0.2, 0.3)
    found = equivalence_test(x, margin=(-0.2, 0.3))
    assert found.p_value == pytest.approx(p_value)
    assert (found.p_low, found.p_high) == pytest.approx((low[1], high[1]))


def test_the_test_is_the_interval_within_the_margins():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        found = equivalence_test(rng.normal(0.05, 0.15, (2, 5)), margin=0.2)
        assert found.within == (found.p_value < 0.05)
        assert found.interval.level == pytest.approx(0.9)
        seen.add(found.within)
    assert seen == {True, False}


def test_at_the_margin_it_is_rarely_said_to_be_within():
    rng = np.random.default_rng(2)
    wrong = [equivalence_test(rng.normal(0.2, 0.1, 5), margin=0.2).within for _ in range(2_000)]
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert np.mean(wrong) > 0.03


def test_with_few_pairs_no_difference_shown_is_no_equivalence():
    """The trap: p = 0.6 for a difference, and no equivalence either."""
    found = equivalence_test([0.3, -0.25, 0.1], margin=0.1)
    assert found.p_value > 0.3
    assert not found.within


def test_a_family_is_harder():
    x = [0.01, -0.02, 0.015, 0.0]
    one, ten = (equivalence_test(x, margin=0.1, comparisons=c).interval for c in (1, 10))
    assert ten.high - ten.low > one.high - one.low


def test_what_cannot_be_used():
    found = equivalence_test([0.1], margin=0.2)
    assert np.isnan([found.p_value, found.p_low, found.p_high]).all()
    assert "one replicate" in found.why
    assert not found.within
    assert found.to_dict()["interval"]["n"] == 1
    for margin in (0.0, -0.1, (0.2, 0.1), float("nan"), float("inf")):
        with pytest.raises(InputError, match="margin="):
            equivalence_test([0.1, 0.2], margin=margin)
    with pytest.raises(InputError, match=r"level=0\.4"):
        equivalence_test([0.1, 0.2], margin=0.1, level=0.4)
