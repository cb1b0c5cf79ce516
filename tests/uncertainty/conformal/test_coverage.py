from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.uncertainty.conformal import conformal_rank, coverage_p_value
from alignlab.uncertainty.conformal.cells import cell_scores
from alignlab.uncertainty.conformal.coverage import (
    _hit_chances,
    coverage_report,
    expected_in_cells,
)


@pytest.mark.parametrize(("m", "n", "level"), [(50, 20, 0.9), (300, 99, 0.75), (1, 9, 0.9)])
def test_the_chances_are_the_beta_binomial_distribution(m, n, level):
    rank = conformal_rank(n, level)
    seen = _hit_chances(np.array([m]), np.array([n]), [rank])
    wanted = stats.betabinom(m, rank, n + 1 - rank).pmf(np.arange(m + 1))
    np.testing.assert_allclose(seen, wanted, atol=1e-12)


def test_the_chances_by_enumeration():
    """Of two calibration and two test scores all orders are equally likely."""
    from itertools import permutations

    counts = np.zeros(3)
    for order in permutations(range(4)):
        threshold = max(order[:2])
        counts[sum(score <= threshold for score in order[2:])] += 1
    seen = _hit_chances(np.array([2]), np.array([2]), [2])
    np.testing.assert_allclose(seen, counts / counts.sum(), atol=1e-14)


def test_large_counts_stay_exact():
    chances = _hit_chances(np.array([100_000]), np.array([5000]), [4501])
    mean = chances @ np.arange(100_001)
    assert chances.sum() == pytest.approx(1, abs=1e-12)
    assert mean / 100_000 == pytest.approx(4501 / 5001, abs=1e-9)


def test_many_rows_in_two_cells_by_transform():
    counts, calibration = np.array([4000, 4000]), np.array([300, 500])
    seen = _hit_chances(counts, calibration, [271, 451])
    parts = [
        stats.betabinom(4000, k, n + 1 - k).pmf(np.arange(4001))
        for n, k in ((300, 271), (500, 451))
    ]
    np.testing.assert_allclose(seen, np.convolve(*parts), atol=1e-13)
    assert len(seen) == 8001


def test_twice_the_smaller_tail():
    rank = conformal_rank(30, 0.9)
    law = stats.betabinom(80, rank, 31 - rank)
    for hits in (55, 70, 72, 79, 80):
        wanted = min(1, 2 * min(law.cdf(hits), law.sf(hits - 1)))
        assert coverage_p_value(hits, 80, 30, 0.9) == pytest.approx(wanted, abs=1e-10)
    assert coverage_p_value(80, 80, 30, 0.9, below=60) == 1
    assert coverage_p_value(80, 80, 30, 0.9, below=79) == coverage_p_value(79, 80, 30, 0.9)
    assert coverage_p_value(50, 50, 5, 0.9) == 1  # full sets
    assert coverage_p_value(49, 50, 5, 0.9) == 0


def test_the_size_of_the_test():
    """Of exchangeable scores 5 % are called surprising; the binomial test calls far more so."""
    rng = np.random.default_rng(0)
    draws, n, m = 3000, 40, 400
    rank = conformal_rank(n, 0.9)
    cuts = np.partition(rng.random((draws, n)), rank - 1, axis=1)[:, rank - 1]
    hits = rng.binomial(m, cuts)
    p = {h: coverage_p_value(int(h), m, n, 0.9) for h in np.unique(hits)}
    rejected = np.mean([p[h] < 0.05 for h in hits])
    assert abs(rejected - 0.05) < 4 * np.sqrt(0.05 * 0.95 / draws) + 0.004  # whole numbers
    naive = {h: stats.binomtest(int(h), m, 0.9).pvalue for h in np.unique(hits)}
    assert np.mean([naive[h] < 0.05 for h in hits]) > 0.3


def test_the_size_of_the_test_where_scores_are_tied_and_the_calibration_does_not_show_it():
    """One row in ten scores the same; nine calibration rows often hold one of these, or none."""
    rng = np.random.default_rng(1)
    draws, n, m = 3000, 9, 1000
    rejected = blind = 0
    for _ in range(draws):
        scores = np.where(rng.random(n + m) < 0.1, 2.0, rng.random(n + m))
        cut = scores[:n].max()
        hits, below = int((scores[n:] <= cut).sum()), int((scores[n:] < cut).sum())
        rejected += coverage_p_value(hits, m, n, 0.9, below=below) < 0.05
        blind += coverage_p_value(hits, m, n, 0.9) < 0.05
    assert rejected / draws < 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)
    assert blind / draws > 0.3


def report(inside, codes, *, below=None, cells=None, level=0.9, **options):
    cells = cells or cell_scores(np.arange(199.0))
    n = len(inside)
    groups = None if codes is None else (np.asarray(codes), ("a", "b"))
    return coverage_report(
        np.asarray(inside, bool),
        np.asarray(inside if below is None else below, bool),
        np.ones(n, dtype=int),
        cells,
        np.zeros(n, dtype=int),
        level=level,
        groups=groups,
        n_classes=3,
        **options,
    )


def test_a_report_by_hand():
    inside = np.repeat([True, False, True, False], [95, 5, 60, 40])
    seen = report(inside, np.repeat([0, 1], 100))
    assert seen.observed.value == 0.775
    assert seen.observed.low == pytest.approx(stats.beta(155, 46).ppf(0.025))
    assert seen.expected.value == 0.9
    assert [each.group for each in seen.groups] == ["a", "b"]
    assert seen.short == ("b",)
    assert seen.surprising
    assert seen.groups[1].p_value == coverage_p_value(60, 100, 199, 0.9)
    assert seen.groups[1].adjusted == 2 * seen.groups[1].p_value
    assert seen.single == 1
    assert "They surely fall short for b (60.0%)." in seen.summary
    assert "77.5% of 200 rows, where 90.0% was to be expected: a surprise" in str(seen)
    assert seen.to_frame()["covered"].tolist() == [0.775, 0.95, 0.6]
    written = json.loads(to_json(seen.to_dict()))
    assert written["columns"][0] == "group"
    assert len(written["groups"]) == 2
    assert len(seen.chart().table.rows) == 3


def test_too_much_coverage_is_a_surprise_unless_scores_are_tied():
    assert report(np.ones(400), None).surprising
    tied = report(np.ones(400), None, below=np.repeat([1, 0], [360, 40]))
    assert tied.tied
    assert tied.p_value == 1
    assert tied.observed.value == 1


def test_cells_are_convolved():
    cells = cell_scores(np.arange(60.0), np.repeat([0, 1], [20, 40]), ("a", "b"))
    codes = np.repeat([0, 1], [30, 50])
    inside = np.ones(80, bool)
    inside[:20] = False
    seen = coverage_report(inside, inside, np.ones(80), cells, codes, level=0.9)
    first, second = (
        stats.betabinom(m, k, n + 1 - k).pmf(np.arange(m + 1))
        for m, n, k in ((30, 20, 19), (50, 40, 37))
    )
    law = np.convolve(first, second)
    assert seen.p_value == pytest.approx(2 * min(law[:61].sum(), law[60:].sum()), abs=1e-12)
    assert seen.overall.expected == pytest.approx((30 * 19 / 21 + 50 * 37 / 41) / 80)
    assert seen.unit == "width"
    assert seen.size_ratio == 1


def test_sizes_are_compared_between_groups():
    codes = np.repeat([0, 1], 50)
    seen = coverage_report(
        np.ones(100, bool),
        np.ones(100, bool),
        np.where(codes, 3, 2),
        cell_scores(np.arange(99.0)),
        np.zeros(100, int),
        level="9/10",
        groups=(codes, ("a", "b")),
        n_classes=3,
    )
    assert seen.size_ratio == 1.5
    assert (seen.full, seen.single, seen.empty) == (0.5, 0, 0)
    assert seen.level == 0.9


def test_the_expected_coverage_over_cells_by_simulation():
    cells = cell_scores(np.arange(60.0), np.repeat([0, 1], [20, 40]), ("a", "b"))
    rng = np.random.default_rng(0)
    drawn = (20 * rng.beta(19, 2, 200_000) + 40 * rng.beta(37, 4, 200_000)) / 60
    seen = expected_in_cells(cells, 0.9)
    assert seen.value == pytest.approx(drawn.mean(), abs=1e-3)
    assert (seen.low, seen.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=4e-3)
    assert expected_in_cells(cells, 0.99).value == 1


def test_nothing_to_check_and_impossible_hits():
    with pytest.raises(InputError, match="There is no row to check"):
        report([], None)
    with pytest.raises(InputError, match="hits=5 is not from 0 to rows=4"):
        coverage_p_value(5, 4, 30, 0.9)
    with pytest.raises(InputError, match="below=4 is not from 0 to hits=3"):
        coverage_p_value(3, 4, 30, 0.9, below=4)
