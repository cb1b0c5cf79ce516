from __future__ import annotations

import numpy as np
import pytest
from fairlearn import metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.fairness import RATES, cell_table

# name in fairlearn of each rate that it has, for labels 0 and 1 with 1 favourable
IN_FAIRLEARN = {
    "selection_rate": oracle.selection_rate,
    "true_positive_rate": oracle.true_positive_rate,
    "false_positive_rate": oracle.false_positive_rate,
    "false_negative_rate": oracle.false_negative_rate,
    "true_negative_rate": oracle.true_negative_rate,
}


def random_rows(seed: int, n: int = 600, groups: int = 3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, n), rng.integers(0, 2, n), rng.integers(0, groups, n)


def test_rates_of_a_table_counted_by_hand():
    # group 0: TP 3, FN 1, FP 1, TN 5; group 1: TP 1, FN 3, FP 0, TN 1
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0])
    d = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    g = np.repeat([0, 1], [10, 5])
    cells = cell_table(y, d, g, favourable=1)
    expected = {
        "selection_rate": (4 / 10, 1 / 5),
        "base_rate": (4 / 10, 4 / 5),
        "true_positive_rate": (3 / 4, 1 / 4),
        "false_positive_rate": (1 / 6, 0),
        "false_negative_rate": (1 / 4, 3 / 4),
        "true_negative_rate": (5 / 6, 1),
        "positive_predictive_value": (3 / 4, 1),
        "negative_predictive_value": (5 / 6, 1 / 4),
        "accuracy": (8 / 10, 2 / 5),
    }
    assert set(expected) == set(RATES)
    for name, values in expected.items():
        np.testing.assert_allclose(cells.rate(name).values, values)
    assert cells.rate("true_positive_rate").rows.tolist() == [4, 4]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", IN_FAIRLEARN)
def test_rates_agree_with_fairlearn(name, weighted):
    y, d, g = random_rows(1)
    weights = np.random.default_rng(2).gamma(2, 1, len(y)) if weighted else None
    frame = oracle.MetricFrame(
        metrics=IN_FAIRLEARN[name], y_true=y, y_pred=d, sensitive_features=g,
        sample_params={"sample_weight": weights} if weighted else None,
    )  # fmt: skip
    ours = cell_table(y, d, g, favourable=1, weights=weights).rate(name).values
    np.testing.assert_allclose(ours, frame.by_group.to_numpy(float), rtol=1e-12)


def test_multiclass_rates_are_one_class_against_the_rest():
    rng = np.random.default_rng(3)
    y, d, g = rng.integers(0, 4, 500), rng.integers(0, 4, 500), rng.integers(0, 2, 500)
    cells = cell_table(y, d, g, favourable=2)
    binary = cell_table((y == 2).astype(int), (d == 2).astype(int), g, favourable=1)
    for name in RATES:
        if name != "accuracy":
            np.testing.assert_allclose(cells.rate(name).values, binary.rate(name).values)
    by_hand = [np.mean(y[g == k] == d[g == k]) for k in (0, 1)]
    np.testing.assert_allclose(cells.rate("accuracy").values, by_hand)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_row_order_and_doubled_rows_change_no_rate(seed):
    y, d, g = random_rows(seed, n=60)
    order = np.random.default_rng(seed).permutation(len(y))
    once = cell_table(y, d, g, favourable=1, n_groups=3)
    shuffled = cell_table(y[order], d[order], g[order], favourable=1, n_groups=3)
    doubled = cell_table(np.r_[y, y], np.r_[d, d], np.r_[g, g], favourable=1, n_groups=3)
    for name in RATES:
        np.testing.assert_array_equal(once.rate(name).values, shuffled.rate(name).values)
        np.testing.assert_allclose(once.rate(name).values, doubled.rate(name).values)


def test_a_group_without_rows_to_take_a_rate_among_has_none():
    cells = cell_table(np.array([0, 0, 1]), np.array([1, 0, 1]), np.array([0, 0, 1]), favourable=1)
    rate = cells.rate("true_positive_rate")
    assert np.isnan(rate.values[0])
    assert rate.values[1] == 1
    assert rate.effective[0] == 0


def test_effective_rows_of_weights_are_at_most_kishs():
    y, d, g = random_rows(4)
    weights = np.random.default_rng(5).gamma(1, 1, len(y))
    rate = cell_table(y, d, g, favourable=1, weights=weights).rate("selection_rate")
    for group in range(3):
        member = weights[g == group]
        assert rate.effective[group] == pytest.approx(member.sum() ** 2 / (member**2).sum())


def test_cell_bootstrap_is_the_row_bootstrap():
    y, d, g = random_rows(6, n=300, groups=2)
    rng = np.random.default_rng(7)
    drawn = rng.integers(0, 300, (4000, 300))
    by_rows = np.array([
        cell_table(y[rows], d[rows], g[rows], favourable=1, n_groups=2)
        .rate("true_positive_rate").values
        for rows in drawn
    ])  # fmt: skip
    by_cells = cell_table(y, d, g, favourable=1).bootstrap(
        ["true_positive_rate"], replicates=20_000, seed=8
    )["true_positive_rate"]
    # 4,000 draws fix a standard deviation to about 1.1 % and a mean to sd/63.
    np.testing.assert_allclose(by_cells.std(axis=0), by_rows.std(axis=0), rtol=0.05)
    np.testing.assert_allclose(by_cells.mean(axis=0), by_rows.mean(axis=0), atol=0.005)


def test_weighted_cell_bootstrap_has_the_row_bootstraps_spread():
    y, d, g = random_rows(9, n=400, groups=2)
    weights = np.random.default_rng(10).gamma(0.7, 1, 400)
    drawn = np.random.default_rng(11).integers(0, 400, (3000, 400))
    by_rows = np.array([
        cell_table(y[r], d[r], g[r], favourable=1, n_groups=2, weights=weights[r])
        .rate("selection_rate").values
        for r in drawn
    ])  # fmt: skip
    by_cells = cell_table(y, d, g, favourable=1, weights=weights).bootstrap(
        ["selection_rate"], replicates=20_000, seed=12
    )["selection_rate"]
    np.testing.assert_allclose(by_cells.std(axis=0), by_rows.std(axis=0), rtol=0.06)


def test_bootstrap_draws_the_same_in_one_piece_or_many(monkeypatch):
    y, d, g = random_rows(13)
    cells = cell_table(y, d, g, favourable=1)
    whole = cells.bootstrap(["accuracy"], replicates=50, seed=1)["accuracy"]
    monkeypatch.setattr("alignlab.fairness.cells.REPLICATES_AT_ONCE", cells.rows.size * 7)
    np.testing.assert_array_equal(
        whole, cells.bootstrap(["accuracy"], replicates=50, seed=1)["accuracy"]
    )


def test_wrong_input_says_what_is_wrong():
    with pytest.raises(InputError, match="have 2, 3 and 2 rows"):
        cell_table(np.zeros(2, int), np.zeros(3, int), np.zeros(2, int), favourable=1)
    cells = cell_table(np.array([0]), np.array([1]), np.array([0]), favourable=1)
    with pytest.raises(InputError, match="Did you mean 'selection_rate'"):
        cells.rate("selecton_rate")


def test_a_rate_knows_less_where_the_heavy_rows_are_those_counted():
    d = np.repeat([1, 0], [10, 200])
    w = np.repeat([10.0, 1.0], [10, 200])
    rate = cell_table(d, d, np.zeros(210, int), favourable=1, weights=w).rate("selection_rate")
    share = rate.values[0]
    variance = np.sum((w * (d - share)) ** 2) / w.sum() ** 2
    assert share * (1 - share) / rate.effective[0] == pytest.approx(variance)
    assert rate.effective[0] < w.sum() ** 2 / (w @ w) / 1.5
