import numpy as np
import pandas as pd
import pytest

from alignlab.robustness import change_rows
from alignlab.robustness.corruption.table import corrupt_table


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 200),
            "income": rng.lognormal(8, 1, 200).round(2),
            "debt": rng.lognormal(6, 1, 200).round(2),
            "job": pd.Categorical(rng.choice(["clerk", "nurse", "driver"], 200)),
            "town": rng.choice(["north", "south"], 200),
        }
    )


def test_cells_changed_grow_with_the_severity_and_stay_changed(people):
    rows = np.arange(200)
    for kind in ("missing", "typo", "unit"):
        before = people.astype(object).to_numpy()
        share = []
        for severity in (1, 2, 3):
            after = corrupt_table(people, kind, severity, rows=rows).astype(object).to_numpy()
            differs = (after != before) & ~(pd.isna(after) & pd.isna(before))
            share.append(differs.sum(1).mean())
        assert share[0] == pytest.approx(1, abs=0.02)
        assert share[0] < share[1] < share[2] <= 3


def test_missing_cells_of_a_milder_severity_are_missing_in_a_worse(people):
    mild, worse = (
        corrupt_table(people, "missing", severity, rows=np.arange(200)).isna()
        for severity in (2, 4)
    )
    assert (worse.to_numpy() >= mild.to_numpy()).all()
    assert (mild.sum(axis=1) == 2).all()


def test_noise_grows_along_one_direction(people):
    mild, worse = (
        corrupt_table(people, "noise", severity, rows=np.arange(200))["income"] - people["income"]
        for severity in (1, 2)
    )
    inside = worse.abs() > 0
    np.testing.assert_allclose(
        worse[inside & (mild != 0)].corr(mild[inside & (mild != 0)]), 1, atol=0.05
    )
    assert worse.abs().mean() > 1.8 * mild.abs().mean()


def test_rows_that_cannot_be_changed_stay(people):
    numbers = people[["age", "income"]]
    same = corrupt_table(numbers, "typo", 3, rows=np.array([5, 2]))
    pd.testing.assert_frame_equal(same, numbers.iloc[[5, 2]].reset_index(drop=True))


def test_the_table_is_left_as_it_was(people):
    before = people.copy()
    for kind in ("noise", "missing", "typo", "unit"):
        corrupt_table(people, kind, 3, rows=np.arange(50))
    pd.testing.assert_frame_equal(people, before)


def test_one_change_is_a_small_change(people):
    rows = np.arange(200)
    changed = change_rows(people, "missing", rows=rows)
    assert len(changed.rows) == 200
    assert (corrupt_table(people, "missing", 1, rows=rows).isna().sum(axis=1) == 1).all()
