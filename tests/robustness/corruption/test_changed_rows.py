from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.robustness import KINDS, UNITS, change_rows
from alignlab.robustness.corruption.changed_rows import _typos


def people(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "height": rng.normal(170, 10, n),
            "small": rng.normal(size=n).astype("float32"),
            "gain": np.where(rng.random(n) < 0.9, 0, rng.integers(1000, 9000, n)),
            "count": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "flag": rng.integers(0, 2, n),
            "yes": rng.random(n) < 0.5,
            "job": np.array(["clerk", "nurse", "cook", "x"])[rng.integers(0, 4, n)],
            "city": pd.Categorical(np.array(["Rome", "Oslo", None])[rng.integers(0, 3, n)]),
            "when": pd.date_range("2020", periods=n),
        },
        index=np.arange(n) + 1000,
    )


def test_the_slips_of_one_word():
    assert _typos("abc", {"ab", "bac"}) == ["ac", "acb", "bc"]
    assert _typos("aa", {"aa"}) == ["a"]
    assert _typos("x", {"x"}) == []
    assert _typos(" x", {" x"}) == ["x", "x "]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_differ_are_in_order_and_the_table_is_left_alone(kind):
    X = people()
    original = X.copy(deep=True)
    changed = change_rows(X, kind, rows=np.arange(0, 400, 2))
    pd.testing.assert_frame_equal(X, original)
    assert (np.diff(changed.rows) > 0).all()
    assert (changed.rows % 2 == 0).all()
    before = X.take(changed.rows).reset_index(drop=True)
    differs = pd.DataFrame(
        {
            name: (before[name].astype(object) != changed.frame[name].astype(object))
            & ~(before[name].isna() & changed.frame[name].isna())
            for name in X.columns
        }
    )
    assert differs.any(axis=1).all()
    if kind == "noise":
        assert changed.columns is None
        assert not differs[["flag", "yes", "job", "city", "when"]].any(axis=None)
    else:
        assert (differs.sum(axis=1) == 1).all()
        assert (differs.idxmax(axis=1).to_numpy() == changed.columns).all()


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_are_kept_but_for_what_cannot_hold_the_change(kind):
    X = people()
    after = change_rows(X, kind).frame.dtypes
    expected = X.dtypes.copy()
    if kind == "missing":
        expected[["age", "gain", "flag"]] = np.dtype(float)
    if kind == "typo":
        assert isinstance(after["city"], pd.CategoricalDtype)
        assert after["city"].categories[:2].tolist() == ["Oslo", "Rome"]
        expected = expected.drop("city")
        after = after.drop("city")
    pd.testing.assert_series_equal(after, expected)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["noise", "unit"]), st.integers(0, 10**6))
def test_numbers_stay_in_the_observed_range_and_whole_numbers_whole(kind, seed):
    X = people(80, seed)
    changed = change_rows(X, kind, strength=1.0, seed=seed).frame
    for name in ("age", "height", "small", "gain", "count"):
        assert changed[name].between(X[name].min(), X[name].max()).all()
    assert (changed["gain"] == changed["gain"].round()).all()


def test_noise_has_the_spread_that_is_stated():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(scale=7, size=20_000)})
    changed = change_rows(X, "noise", strength=0.05)
    moves = changed.frame["x"].to_numpy() - X["x"].to_numpy()[changed.rows]
    assert moves.std() == pytest.approx(0.05 * 7, rel=0.03)
    assert abs(moves.mean()) < 0.01


def test_a_row_that_noise_leaves_as_it_is_does_not_count():
    X = pd.DataFrame({"whole": [0, 1, 2, 3, 4] * 20, "flag": [0, 1] * 50})
    assert len(change_rows(X, "noise", strength=0.01).rows) == 0
    some = change_rows(X, "noise", strength=0.4)
    assert 0 < len(some.rows) < 100
    assert (some.frame["whole"].to_numpy() != X["whole"].to_numpy()[some.rows]).all()


def test_a_value_that_most_rows_share_is_a_state_and_is_left():
    X = people(2000)
    changed = change_rows(X, "noise", strength=0.5)
    gain = X["gain"].to_numpy()[changed.rows]
    assert (changed.frame["gain"][gain == 0] == 0).all()
    assert (changed.frame["gain"][gain > 0] != gain[gain > 0]).mean() > 0.9


def test_every_unit_change_is_by_a_known_factor():
    X = people()
    changed = change_rows(X, "unit")
    factors = np.array([*UNITS.values(), *(1 / np.array(list(UNITS.values())))])
    at = changed.columns == "height"
    if at.any():
        ratio = changed.frame["height"][at].to_numpy() / X["height"].to_numpy()[changed.rows[at]]
        assert np.isclose(ratio[:, None], factors).any(axis=1).all()
    whole = changed.columns == "age"
    before = X["age"].to_numpy()[changed.rows[whole]]
    after = changed.frame["age"][whole].to_numpy()
    assert whole.any()
    assert np.isclose(np.round(before[:, None] * factors), after[:, None]).any(axis=1).all()


def test_a_row_that_no_factor_leaves_in_range_is_not_changed():
    X = pd.DataFrame({"x": [10.0, 11.0, 12.0, 11.5]})
    assert len(change_rows(X, "unit").rows) == 0
    assert len(change_rows(X.assign(x=[1.0, 3.0, 12.0, 6.0]), "unit").rows) == 4


def test_typos_are_values_that_nobody_has_seen():
    X = people()
    changed = change_rows(X, "typo")
    for name in ("job", "city"):
        at = changed.columns == name
        assert at.any()
        assert not changed.frame[name][at].isin(X[name]).any()
    assert "x" not in set(X["job"].to_numpy()[changed.rows[changed.columns == "job"]])


def test_cells_are_drawn_evenly_among_those_that_can_be_changed():
    X = people(6000)[["job", "city"]].dropna()
    X = X[X["job"] != "x"]
    share = np.mean(change_rows(X, "typo").columns == "job")
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(len(X))


def test_the_same_seed_makes_the_same_changes():
    X = people()
    for kind in KINDS:
        first, again, other = (change_rows(X, kind, seed=seed).frame for seed in (1, 1, 2))
        pd.testing.assert_frame_equal(first, again)
        assert not first.equals(other)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([None, None, None], dtype=float),
        pd.Series([1.0, np.inf, -np.inf]),
        pd.Series([1, 1, 1]),
        pd.Series(["a", 1, None], dtype=object),
        pd.Series(["", " ", "b"]),
        pd.Series(pd.Categorical([1, 2, 3])),
        pd.Series([1.5, 2.5, 40.5], dtype="double[pyarrow]"),
        pd.Series([1, 2, 40], dtype="int64[pyarrow]"),
        pd.Series(["ab", "cd", None], dtype="string[pyarrow]"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_columns_are_no_error(column, kind):
    changed = change_rows(pd.DataFrame({"x": column}), kind, strength=2.0)
    assert len(changed.frame) == len(changed.rows) <= 3


@pytest.mark.parametrize(
    ("given", "message"),
    [({"kind": "typos"}, "Did you mean 'typo'"), ({"strength": 0.0}, "strength=0.0 is not above")],
)
def test_bad_input_says_what_is_wrong(given, message):
    with pytest.raises(InputError, match=message):
        change_rows(people(5), **{"kind": "noise", **given})
