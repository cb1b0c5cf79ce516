from __future__ import annotations

import numpy as np
import pytest
from fairlearn import metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from alignlab.fairness import (
    SMALLEST_GROUP,
    RateByGroup,
    cell_table,
    disparity,
    from_measured,
    from_rate,
    largest,
    pair_count,
)
from alignlab.intervals import Estimate, critical_value
from alignlab.measures import Measured


def chosen(sizes, hits, strata=None):
    """Return the selection rate of groups given by their sizes and hits."""
    n = np.asarray(sizes)
    rate = RateByGroup(np.asarray(hits) / n, n.astype(float), n)
    return from_rate(rate, [f"g{k}" for k in range(len(n))], strata)


def drawn(rng, sizes, rates):
    return chosen(sizes, rng.binomial(sizes, rates))


def test_gap_and_ratio_agree_with_fairlearn():
    rng = np.random.default_rng(0)
    y, d, g = rng.integers(0, 2, 900), rng.integers(0, 2, 900), rng.integers(0, 4, 900)
    found = disparity(
        from_rate(cell_table(y, d, g, favourable=1).rate("selection_rate"), list("abcd"))
    )
    difference = oracle.demographic_parity_difference(y, d, sensitive_features=g)
    ratio = oracle.demographic_parity_ratio(y, d, sensitive_features=g)
    assert found.gap.value == pytest.approx(difference, rel=1e-12)
    assert found.ratio.value == pytest.approx(ratio, rel=1e-12)


def test_difference_limits_follow_the_formula_by_hand():
    found = disparity(chosen([100, 200], [60, 80]))
    tail = stats.norm.sf(critical_value(0.95))
    low_a, high_a = stats.beta.ppf(tail, 60, 41), stats.beta.isf(tail, 61, 40)
    low_b, high_b = stats.beta.ppf(tail, 80, 121), stats.beta.isf(tail, 81, 120)
    assert found.gap.low == pytest.approx(0.2 - np.hypot(0.6 - low_a, high_b - 0.4))
    assert found.gap.high == pytest.approx(0.2 + np.hypot(high_a - 0.6, 0.4 - low_b))


def test_no_false_alarm_in_twelve_small_groups_that_are_alike():
    rng = np.random.default_rng(1)
    audits = [disparity(drawn(rng, [30] * 12, [0.3] * 12)) for _ in range(400)]
    alarms = np.mean([found.gap.low > 0 for found in audits])
    naive = np.mean([found.ratio.value < 0.8 for found in audits])
    # Bonferroni over 66 pairs of exact intervals: about 2 % here.
    assert alarms <= 0.05
    assert naive > 0.99  # the rule without sampling error cries wolf in nearly every audit


def test_a_real_gap_of_large_groups_is_nearly_always_found():
    rng = np.random.default_rng(2)
    audits = [disparity(drawn(rng, [3000, 3000], [0.4, 0.3])) for _ in range(400)]
    surely_below = [
        any(pair.differs and pair.ratio < 0.8 for pair in found.pairs) for found in audits
    ]
    assert np.mean(surely_below) > 0.93
    assert np.mean([found.gap.low > 0.05 for found in audits]) > 0.93


@pytest.mark.parametrize(("sizes", "rates"), [
    ([3000, 3000], [0.4, 0.3]),
    ([40, 60], [0.5, 0.1]),
    ([200, 100, 50], [0.1, 0.2, 0.3]),
    ([60, 60, 60, 60], [0.0, 0.02, 0.05, 0.3]),
])  # fmt: skip
def test_intervals_cover_the_true_largest_gap_and_smallest_ratio(sizes, rates):
    rng = np.random.default_rng(3)
    gap, ratio = max(rates) - min(rates), min(rates) / max(rates)
    audits = [disparity(drawn(rng, sizes, rates)) for _ in range(1500)]
    covered = np.mean([found.gap.low <= gap <= found.gap.high for found in audits])
    covered_ratio = np.mean([found.ratio.low <= ratio <= found.ratio.high for found in audits])
    # 1,500 audits that cover exactly 95 % fall below 93.7 % once in a hundred.
    assert covered >= 0.937
    assert covered_ratio >= 0.937


def test_a_tiny_group_is_listed_and_never_the_reason():
    found = disparity(chosen([1000, 1000, 2, SMALLEST_GROUP - 1], [500, 505, 2, 29]))
    assert found.too_small == ("g2", "g3")
    assert {found.highest, found.lowest} == {"g0", "g1"}
    assert found.gap.value == pytest.approx(0.005)
    assert all(pair.higher in ("g0", "g1") for pair in found.pairs)


def test_fewer_than_two_groups_compare_to_nothing():
    found = disparity(chosen([500, 3], [100, 1]))
    assert not found.comparable
    assert np.isnan(found.gap.value)
    assert found.pairs == ()


def test_groups_are_compared_only_within_their_stratum():
    strata = np.array([0, 0, 1, 1])
    groups = chosen([500] * 4, [100, 110, 400, 390], strata)
    assert pair_count(groups) == 2
    found = disparity(groups)
    assert found.gap.value == pytest.approx(0.02)
    assert {(pair.higher, pair.lower) for pair in found.pairs} == {("g1", "g0"), ("g2", "g3")}


def test_gap_by_chance_is_the_mean_gap_of_groups_that_are_alike():
    rng = np.random.default_rng(4)
    gaps = [disparity(drawn(rng, [100] * 6, [0.3] * 6)) for _ in range(300)]
    observed = np.mean([found.gap.value for found in gaps])
    expected = np.mean([found.by_chance for found in gaps])
    assert expected == pytest.approx(observed, rel=0.1)


def test_zero_rates_have_a_ratio_and_finite_limits():
    found = disparity(chosen([100, 100], [0, 0]))
    assert found.ratio.value == 1
    assert found.ratio.low == 0
    other = disparity(chosen([100, 100], [0, 50]))
    assert other.ratio.value == 0
    assert 0 <= other.ratio.low <= other.ratio.high < 0.3


def test_a_value_that_may_be_negative_has_no_ratio():
    rng = np.random.default_rng(5)
    parts = []
    for mean in (0.0, 1.0):
        values = rng.normal(mean, 1, 200)
        parts.append(Measured(values.mean(), values - values.mean(), np.full(200, 1 / 200)))
    found = disparity(from_measured(parts, ["a", "b"]))
    assert np.isnan(found.ratio.value)
    assert found.gap.low > 0.5
    # Two independent means: MOVER is then the usual interval of a difference, the surer group's
    # error being that of the pooled spread.
    errors = [each.standard_error for each in parts]
    error = np.hypot(max(errors), np.sqrt(np.mean(np.square(errors))))
    t = stats.t.isf(0.025, 199)
    assert found.gap.high - found.gap.value == pytest.approx(t * error, rel=1e-9)


MEANS = {
    "hard scores": lambda rng, n: (rng.random(n) < 0.05) * 1.0,
    "small scores": lambda rng, n: rng.beta(0.5, 5, n),
    "heavy errors": lambda rng, n: rng.lognormal(0, 1.5, n),
    "even scores": lambda rng, n: rng.random(n),
}


@pytest.mark.parametrize("sizes", [[3000] + [30] * 11, [3000, 30], [30] * 12])
@pytest.mark.parametrize("kind", MEANS)
def test_no_false_alarm_on_means_of_groups_that_are_alike(kind, sizes):
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(100):
        parts = []
        for n in sizes:
            values = MEANS[kind](rng, n)
            parts.append(Measured(values.mean(), values - values.mean(), np.full(n, 1 / n)))
        found = disparity(from_measured(parts, [f"g{k}" for k in range(len(sizes))]))
        alarms += found.gap.low > 0
    # 5 % is allowed; 100 audits at 5 % show more than 12 about once in a thousand. By the spread
    # of each small group alone 92 % of audits with hard scores raised an alarm.
    assert alarms <= 12


def test_a_real_gap_of_means_is_found():
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(50):
        draws = [rng.beta(4, 6, 3000), rng.beta(3.8, 6.2, 3000)]
        parts = [Measured(x.mean(), x - x.mean(), np.full(3000, 1 / 3000)) for x in draws]
        found += disparity(from_measured(parts, ["a", "b"])).gap.low > 0
    assert found >= 45


@given(st.lists(st.tuples(st.integers(30, 300), st.floats(0, 1)), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_limits_enclose_the_value_and_names_of_groups_do_not_matter(groups):
    sizes = [n for n, _ in groups]
    hits = [round(n * share) for n, share in groups]
    found = disparity(chosen(sizes, hits))
    backwards = disparity(chosen(sizes[::-1], hits[::-1]))
    assert found.gap.low <= found.gap.value <= found.gap.high
    assert found.ratio.low <= found.ratio.value <= found.ratio.high
    assert found.gap.value == pytest.approx(backwards.gap.value)
    assert found.gap.low == pytest.approx(backwards.gap.low)
    assert found.ratio.high == pytest.approx(backwards.ratio.high)


def test_largest_takes_each_end_from_the_gap_that_has_it():
    nothing = Estimate(np.nan, np.nan, np.nan, 0.95, 0, "none")
    gaps = [nothing, Estimate(0.1, 0.0, 0.3, 0.95, 10, "m"), Estimate(0.2, 0.1, 0.25, 0.95, 9, "m")]
    found = largest(gaps)
    assert (found.value, found.low, found.high) == (0.2, 0.1, 0.3)
    assert np.isnan(largest([nothing]).value)
