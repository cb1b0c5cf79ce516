import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignlab.errors import InputError
from alignlab.intervals import (
    Estimate,
    beta_binomial,
    critical_value,
    mean_estimate,
    share_estimate,
    share_limits,
    share_size,
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_shares_limits_are_those_of_an_exact_test(hits_of):
    hits, n = hits_of
    want = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    low, high = share_limits(hits / n, n)
    np.testing.assert_allclose([low, high], [want.low, want.high], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [5, 30, 200])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.5])
def test_a_shares_limits_hold_as_often_as_they_say(n, p):
    hits = np.arange(n + 1)
    low, high = share_limits(hits / n, np.full(n + 1, n))
    covered = stats.binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum()
    assert covered >= 0.95


@given(st.floats(0, 1), st.floats(1, 1e6), st.integers(1, 1000))
def test_a_share_lies_within_its_limits_and_a_family_widens_them(share, n, comparisons):
    low, high = share_limits(share, n)
    wider_low, wider_high = share_limits(share, n, comparisons=comparisons)
    assert 0 <= wider_low <= low <= share + 1e-12
    assert share - 1e-12 <= high <= wider_high <= 1


def test_no_row_tells_nothing():
    low, high = share_limits([np.nan, 0.5], [0, 10])
    assert (low[0], high[0]) == (0, 1)
    assert 0 < low[1] < 0.5 < high[1] < 1


def test_the_critical_value_is_bonferronis():
    assert critical_value(0.95) == pytest.approx(1.959963985)
    assert critical_value(0.95, comparisons=20) == pytest.approx(stats.norm.isf(0.05 / 40))
    for level in (0, 1, 95, -0.1):
        with pytest.raises(InputError, match="is not between 0 and 1"):
            critical_value(level)


def test_equal_weights_know_as_much_as_their_rows():
    hits = np.arange(0, 51)
    assert share_size(3.0 * hits, 150.0, 9.0 * hits, 450.0) == pytest.approx(np.full(51, 50))
    assert share_size(0, 0, 0, 0) == 0


def test_a_weighted_shares_size_gives_back_its_linearised_variance():
    rng = np.random.default_rng(0)
    x = (rng.random(500) < 0.05).astype(float)
    w = rng.gamma(2, 1, 500) * np.where(x == 1, 5, 1)
    share = w @ x / w.sum()
    variance = np.sum((w * (x - share)) ** 2) / w.sum() ** 2
    size = share_size(w @ x, w.sum(), w**2 @ x, w @ w)
    assert share * (1 - share) / size == pytest.approx(variance, rel=1e-12)
    assert size < 0.8 * w.sum() ** 2 / (w @ w)


def test_a_weighted_shares_limits_hold_where_weights_go_with_the_outcome():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(1000):
        heavy = rng.random(400) < 0.01
        w, x = np.where(heavy, 10.0, 1.0), heavy.astype(float)
        size = share_size(w @ x, w.sum(), w**2 @ x, w @ w)
        low, high = share_limits(w @ x / w.sum(), size)
        covered += low <= 0.1 / 1.09 <= high
    # By the weights alone it is two in three; 1,000 samples at 95 % show 93.2 % in all but 1 %.
    assert covered >= 932


def test_the_mean_of_few_rows_has_students_limits():
    rng = np.random.default_rng(2)
    found = [mean_estimate(rng.normal(size=5)) for _ in range(2000)]
    covered = np.mean([each.low <= 0 <= each.high for each in found])
    assert 0.935 <= covered <= 0.965  # the normal's limits hold 88 %


def test_a_mean_by_hand():
    found = mean_estimate([1.0, 2.0, 3.0, 6.0])
    error = np.sqrt(14 / 3) / 2  # squared deviations 4 + 1 + 0 + 9, over n - 1, over n
    assert found.value == 3
    assert found.high == pytest.approx(3 + 3.182446305 * error)  # t with 3 degrees of freedom
    assert found.low == pytest.approx(3 - 3.182446305 * error)
    assert (found.n, found.level, found.method) == (4, 0.95, "Student's t")


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20), st.floats(0.1, 100))
def test_a_means_weights_matter_by_their_ratio_only(values, scale):
    weights = np.arange(1.0, len(values) + 1)
    found, scaled = (
        mean_estimate(values, weights=weights),
        mean_estimate(values, weights=weights * scale),
    )
    assert found.value == pytest.approx(np.average(values, weights=weights), abs=1e-9)
    assert scaled.low == pytest.approx(found.low, abs=1e-6)
    equal = mean_estimate(values, weights=np.full(len(values), scale))
    assert equal.high == pytest.approx(mean_estimate(values).high, abs=1e-6)


def test_one_row_has_no_limits():
    assert mean_estimate([3.0]).high == np.inf
    assert mean_estimate([3.0]).low == -np.inf


def test_a_means_limits_hold_as_often_as_they_say():
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, 200)
    held = [
        found.low <= 1 <= found.high
        for found in (
            mean_estimate(rng.exponential(size=200), weights=weights) for _ in range(2000)
        )
    ]
    assert 0.93 < np.mean(held) < 0.965


def test_an_estimate_prints_and_becomes_plain_values():
    found = share_estimate(0.9, 100, rows=120)
    assert str(found) == "0.900 [0.824, 0.951]"
    assert found.to_dict() == {
        "value": 0.9,
        "low": pytest.approx(0.8237774),
        "high": pytest.approx(0.9509953),
        "level": 0.95,
        "n": 120,
        "method": "Clopper–Pearson",
    }
    assert Estimate(**found.to_dict()) == found


@pytest.mark.parametrize(
    ("trials", "a", "b"), [(0, 3, 2), (7, 1, 1), (80, 28, 3), (5000, 0.5, 900)]
)
def test_the_beta_binomial_is_scipys(trials, a, b):
    want = stats.betabinom(trials, a, b).pmf(np.arange(trials + 1))
    np.testing.assert_allclose(beta_binomial(trials, a, b), want, rtol=1e-8, atol=1e-13)
