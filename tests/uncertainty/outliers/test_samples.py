from functools import partial
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from alignlab.uncertainty.outliers import samples
from alignlab.uncertainty.outliers.samples import category_p_value, distance, share_change


def _enumerated(first, second):
    """Every way of saying which values are the first sample's."""
    pooled = np.concatenate([first, second])

    def far(at):
        inside = np.isin(np.arange(len(pooled)), at)
        grid = np.unique(pooled)
        below = [(pooled[part][:, None] <= grid).mean(0) for part in (inside, ~inside)]
        return np.abs(below[0] - below[1]).max()

    observed = far(np.arange(len(first)))
    ways = [far(at) for at in combinations(range(len(pooled)), len(first))]
    return np.mean(np.array(ways) >= observed - 1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_the_count_is_the_enumeration_with_ties_too(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 4, 4 + seed % 3), rng.integers(0, 5, 5)
    found = distance(first.astype(float), second.astype(float))
    assert found.exact
    assert found.p_value == pytest.approx(_enumerated(first, second), rel=1e-9)


def test_without_ties_it_is_scipys_exact_test():
    rng = np.random.default_rng(0)
    for n, m in [(7, 11), (40, 40), (100, 31)]:
        first, second = rng.normal(size=n), rng.normal(0.5, 1, size=m)
        expected = stats.ks_2samp(first, second, method="exact")
        found = distance(first, second)
        assert found.change.value == pytest.approx(expected.statistic)
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-8)


def test_with_ties_scipys_exact_test_is_too_timid():
    """It counts orders of the tied values that cannot be told apart."""
    first, second = np.repeat([0.0, 1.0], [18, 6]), np.repeat([0.0, 1.0], [9, 15])
    by_chance = stats.hypergeom(48, 27, 24)
    expected = by_chance.sf(17) + by_chance.cdf(9)
    assert distance(first, second).p_value == pytest.approx(expected)
    assert stats.ks_2samp(first, second, method="exact").pvalue > 2 * expected


def test_many_rows_take_the_limiting_law():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=5000), rng.normal(0.04, 1, size=6000)
    found = distance(first, second)
    assert not found.exact
    expected = stats.ks_2samp(first, second, method="asymp").pvalue
    assert found.p_value == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 30), (25, 25)])
@pytest.mark.parametrize("ties", [False, True])
def test_tests_have_their_size(n, m, ties, monkeypatch):
    """Given the pooled values, ties and all: so the count is made once for each distance."""
    monkeypatch.setattr(samples, "REDRAWS", 199)
    monkeypatch.setattr(samples, "_counted", partial(_kept, {}, samples._counted))
    rng = np.random.default_rng(100 * n + m + ties)
    pooled = np.round(rng.normal(size=n + m), 0 if ties else 9)
    levels, codes = np.unique(pooled, return_inverse=True)
    draws = 2000
    rejected = np.zeros(2)
    for draw in range(draws):
        order = rng.permutation(n + m)
        values = pooled[order]
        rejected[0] += distance(values[:n], values[n:]).p_value <= 0.05
        if ties and draw % 2:
            parts = codes[order[:n]], codes[order[n:]]
            counts = [np.bincount(part, minlength=len(levels)) for part in parts]
            rejected[1] += 2 * (category_p_value(counts[0], counts[1], rng)[0] <= 0.05)
    error = np.sqrt(0.05 * 0.95 / draws) * np.array([1, np.sqrt(2)])
    assert (rejected / draws <= 0.05 + 4 * error).all()


def _kept(found, counted, ties, *rest):
    """Return what was counted, once for each pattern of ties and distance."""
    key = (tuple(ties), *rest)
    if key not in found:
        found[key] = counted(ties, *rest)
    return found[key]


def test_the_chi_square_is_scipys_and_small_tables_are_redrawn():
    rng = np.random.default_rng(0)
    table = np.array([[30, 40, 30], [50, 35, 15]])
    p_value, how = category_p_value(table[0], table[1], rng)
    assert how == "chi-square"
    assert p_value == pytest.approx(stats.chi2_contingency(table).pvalue)
    small = np.array([[7, 1], [2, 6]])
    p_value, how = category_p_value(small[0], small[1], rng)
    assert "redrawn" in how
    exact = stats.fisher_exact(small).pvalue
    assert p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 2000))
    assert category_p_value(np.array([4]), np.array([9]), rng) == (1.0, "one level")


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 40), (39, 39), (100, 100), (30, 100)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.9975])
def test_the_distances_interval_misses_no_more_than_stated_where_nothing_differs(n, m, level):
    """Counted over all orders: of the distances that can be, the least beyond the reach."""
    reach = np.sqrt(np.log(2 / (1 - level)) / 2 * (1 / n + 1 / m))
    beyond = np.arange(n * m + 1) / (n * m) > reach + 1e-12
    if beyond.any():
        missed = samples._counted(np.ones(n + m, dtype=int), n, m, int(beyond.argmax()))
        assert missed <= (1 - level) * (1 + 1e-9)


PAIRS = [
    (stats.norm(), stats.norm()),
    (stats.norm(), stats.norm(0.5)),
    (stats.norm(), stats.norm(0, 3)),
    (stats.norm(), stats.norm(3)),
    (stats.randint(0, 3), stats.binom(2, 0.7)),
]


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
@pytest.mark.parametrize(("n", "m"), [(15, 15), (90, 30)])
def test_the_distances_interval_covers(pair, n, m, monkeypatch):
    first, second = pair
    grid = np.linspace(-12, 12, 4801)
    truth = np.abs(first.cdf(grid) - second.cdf(grid)).max()
    rng = np.random.default_rng(n)
    monkeypatch.setattr(samples, "EXACT_CELLS", 0)  # the p-value is not looked at
    draws = 500
    drawn = [
        each.rvs((draws, size), random_state=rng).astype(float)
        for each, size in ((first, n), (second, m))
    ]
    changes = [distance(one, other).change for one, other in zip(*drawn, strict=True)]
    covered = sum(each.low <= truth <= each.high for each in changes)
    assert covered / draws >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / draws)


@pytest.mark.parametrize(("p", "q", "n", "m"), [(0.5, 0.5, 20, 20), (0.02, 0.1, 50, 300)])
def test_the_interval_of_a_share_covers(p, q, n, m):
    rng = np.random.default_rng(0)
    draws = 1500
    covered = 0
    for _ in range(draws):
        change = share_change((rng.binomial(n, p), rng.binomial(m, q)), (n, m))
        covered += change.low <= q - p <= change.high
    assert covered / draws >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / draws)


def test_where_the_change_is_and_which_way():
    found = distance(np.arange(100.0), np.arange(50.0, 150.0))
    assert (found.change.value, found.at, found.rises) == (0.5, 49.0, False)
    back = distance(np.arange(50.0, 150.0), np.arange(100.0))
    assert (back.change.value, back.rises, back.p_value) == (0.5, True, found.p_value)
    same = distance(np.arange(9.0), np.arange(9.0))
    assert (same.change.value, same.p_value) == (0.0, 1.0)
