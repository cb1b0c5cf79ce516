"""Intervals that know people and items: by hand, against a mixed model, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.oversight.crossed import (
    Spread,
    Statistic,
    difference,
    estimated,
    ratio,
    share_of,
    spread_of,
)


def grid(n, m):
    return np.repeat(np.arange(n), m), np.tile(np.arange(m), n)


def mean_of(values):
    return ratio(values, np.ones_like(values))


def anova(values):
    """Two-way analysis of variance of a full table, by its textbook sums of squares."""
    n, m = values.shape
    rows, columns, whole = values.mean(axis=1), values.mean(axis=0), values.mean()
    rest = values - rows[:, None] - columns[None] + whole
    ms_rest = (rest**2).sum() / ((n - 1) * (m - 1))
    ms_rows = m * ((rows - whole) ** 2).sum() / (n - 1)
    ms_columns = n * ((columns - whole) ** 2).sum() / (m - 1)
    return ms_rows / (n * m), ms_columns / (n * m), ms_rest / (n * m)


def test_a_full_table_is_the_analysis_of_variance():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(9, 6)) + rng.normal(size=(9, 1)) + rng.normal(size=(1, 6))
    rows, columns, rest = anova(values)
    found = spread_of(mean_of(values.ravel()), *grid(9, 6))
    assert found.value == pytest.approx(values.mean())
    assert found.rest == pytest.approx(rest)
    assert found.person == pytest.approx(rows - rest)
    assert found.item == pytest.approx(columns - rest)
    total = rows + columns - rest
    freedom = total**2 / (rows**2 / 8 + columns**2 / 5 + rest**2 / 40)
    assert found.freedom == pytest.approx(freedom)


def test_it_agrees_with_a_mixed_model_on_a_large_table():
    import pandas as pd
    import statsmodels.api as statsmodels

    rng = np.random.default_rng(2)
    n, m = 30, 20
    person, item = grid(n, m)
    y = 1 + rng.normal(0, 1, n)[person] + rng.normal(0, 0.7, m)[item] + rng.normal(0, 1, n * m)
    table = pd.DataFrame({"y": y, "person": person, "item": item, "all": 1})
    parts = {"person": "0 + C(person)", "item": "0 + C(item)"}
    model = statsmodels.MixedLM.from_formula(
        "y ~ 1", table, groups="all", vc_formula=parts, re_formula="0"
    )
    fitted = model.fit(reml=True)
    found = spread_of(mean_of(y), person, item)
    assert found.value == pytest.approx(fitted.params["Intercept"], abs=1e-6)
    assert np.sqrt(found.variance) == pytest.approx(fitted.bse["Intercept"], rel=0.03)


def test_what_two_arms_share_cancels():
    """By case: a person's level and an item's difficulty act in both arms alike."""
    person, item = grid(8, 8)
    arm = (person + item) % 2
    level = person * 1.0 + 3.0 * item
    value = level + 2.0 * arm
    part = difference(ratio(value * (arm == 1), arm == 1), ratio(value * (arm == 0), arm == 0))
    found = spread_of(part, person, item)
    assert found.value == pytest.approx(2.0)
    assert found.person == pytest.approx(0.0, abs=0.5)
    alone = spread_of(mean_of(value), person, item)
    assert alone.variance > 20 * found.person


def test_one_person_or_one_item_gives_no_interval():
    person, item = grid(1, 5)
    found = estimated(mean_of(np.arange(5.0)), person, item, level=0.95)
    assert found.value == 2.0
    assert np.isnan(found.low)
    assert "fewer than two people" in found.method
    swapped = estimated(mean_of(np.arange(5.0)), item, person, level=0.95, share=False)
    assert np.isnan(swapped.high)


def test_a_share_that_hangs_on_one_person_has_no_interval():
    person, item = grid(3, 4)
    among = person == 0
    found = estimated(ratio(among * 1.0, among), person, item, level=0.95, share=True)
    assert found.value == 1.0
    assert np.isnan(found.low)


def test_undefined_is_none():
    person, item = grid(3, 4)
    nobody = np.zeros(12, dtype=bool)
    assert estimated(ratio(nobody * 1.0, nobody), person, item, level=0.95, share=True) is None


def test_all_alike_is_not_sure():
    """A hundred right answers of ten people are not a hundred independent ones."""
    found = share_of(Spread(1.0, 0, 0, 0, 9, 100, 10, 10), level=0.95)
    assert found.low == pytest.approx(0.025 ** (1 / 10))


def test_strata_of_a_design_are_not_chance():
    person, item = grid(6, 4)
    wrong = item >= 2
    plain = spread_of(mean_of(1.0 - wrong), person, item)
    strata = ratio(
        1.0 - wrong, np.ones(24), strata=wrong.astype(np.intp), rates=np.array([0.5, 0.5])
    )
    assert plain.variance > 0.05
    assert spread_of(strata, person, item).variance == 0
    found = estimated(strata, person, item, level=0.95, share=True)
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_rates_re_weight():
    person, item = grid(4, 4)
    wrong = (item >= 2).astype(np.intp)
    right = np.where(wrong, item == 2, True).astype(float)
    part = ratio(right, np.ones(16), strata=wrong, rates=np.array([0.9, 0.1]))
    assert spread_of(part, person, item).value == pytest.approx(0.9 * 1 + 0.1 * 0.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 9), st.integers(3, 9))
def test_names_and_order_change_nothing(seed, n, m):
    rng = np.random.default_rng(seed)
    person, item = grid(n, m)
    kept = rng.random(n * m) < 0.7
    kept[: m + 1] = True
    person, item = person[kept], item[kept]
    y = (rng.random(len(person)) < 0.6) * 1.0
    order = rng.permutation(len(y))
    renamed, other = rng.permutation(n), rng.permutation(m)
    one = spread_of(mean_of(y), person, item)
    two = spread_of(mean_of(y[order]), renamed[person][order], other[item][order])
    for name in ("value", "person", "item", "rest", "freedom", "people", "items"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=1e-7, nan_ok=True)


def test_people_and_items_exchange():
    rng = np.random.default_rng(0)
    person, item = grid(7, 5)
    y = rng.normal(size=35)
    one, two = spread_of(mean_of(y), person, item), spread_of(mean_of(y), item, person)
    assert one.person == pytest.approx(two.item)
    assert one.variance == pytest.approx(two.variance)


def test_a_repeated_cell_is_one_cell():
    """Everything twice, in the same cells, is no more evidence."""
    rng = np.random.default_rng(3)
    person, item = grid(8, 6)
    y = rng.normal(size=48)
    once = spread_of(mean_of(y), person, item)
    twice = spread_of(mean_of(np.tile(y, 2)), np.tile(person, 2), np.tile(item, 2))
    assert twice.variance == pytest.approx(once.variance)


def test_the_interval_covers_where_naive_ones_do_not():
    """20 people, 16 items; the long table is benchmarks/coverage_reliance.py."""
    rng = np.random.default_rng(4)
    n, m, repeats = 20, 16, 250
    person, item = grid(n, m)
    held = naive = by_person = 0
    for _ in range(repeats):
        chance = 0.6 + rng.normal(0, 0.1, n)[person] + rng.normal(0, 0.15, m)[item]
        y = (rng.random(n * m) < np.clip(chance, 0, 1)) * 1.0
        found = estimated(mean_of(y), person, item, level=0.95, share=True)
        held += found.low <= 0.6 <= found.high
        error = y.std(ddof=1) / np.sqrt(n * m)
        naive += abs(y.mean() - 0.6) <= 1.96 * error
        people = y.reshape(n, m).mean(axis=1)
        by_person += abs(people.mean() - 0.6) <= 2.09 * people.std(ddof=1) / np.sqrt(n)
    assert 0.92 <= held / repeats <= 0.99
    assert naive / repeats < 0.85
    assert by_person / repeats < 0.9


def test_any_smooth_statistic_can_be_estimated():
    """The logarithm of a mean, whose variance the delta method knows."""
    rng = np.random.default_rng(5)
    person, item = grid(200, 50)
    y = rng.gamma(4.0, size=10_000)
    plain = spread_of(mean_of(y), person, item)
    logs = Statistic(
        np.column_stack([y, np.ones_like(y)]),
        lambda sums: np.log(sums[..., 0] / sums[..., 1]),
        np.ones(len(y), dtype=bool),
    )
    found = spread_of(logs, person, item)
    assert np.sqrt(found.variance) == pytest.approx(np.sqrt(plain.variance) / y.mean(), rel=0.01)
