"""Points are values that rows hold, no two are equal, and rows lie around each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.transparency.effects.grids import column_of, grid_of, shown_number
from alignlab.transparency.pool import value_codes


def column(values, name="x"):
    frame = pd.DataFrame({name: values})
    return column_of(name, frame, [name], value_codes(frame, [name]))


def grid(values, points=10, weights=None, **more):
    made = column(values)
    shares = np.full(len(made.code), 1.0) if weights is None else np.asarray(weights, float)
    return grid_of(made, shares / shares.sum(), points=points, **more)


def test_few_values_are_all_there_and_integers_stay_integers():
    made = grid([2, 0, 5, 2, 0])
    assert made.at.tolist() == [0, 2, 5]
    assert made.complete
    assert made.counts.tolist() == [2, 2, 1]
    assert made.labels == ("0", "2", "5")
    assert made.place.tolist() == [1, 0, 2, 1, 0]


def test_many_values_are_quantiles_as_numpy_takes_them():
    values = np.random.default_rng(0).normal(size=1_001)
    made = grid(values, points=21)
    known = np.quantile(values, np.linspace(0, 1, 21), method="inverted_cdf")
    assert np.array_equal(made.at, known)
    assert np.array_equal(values[made.donors], made.at)


def test_a_value_that_most_rows_hold_does_not_eat_the_points():
    values = np.concatenate([np.zeros(920), np.arange(1, 81)])
    made = grid(values, points=20)
    assert len(made) == 20
    assert made.at[0] == 0
    assert made.at[-1] == 80
    assert (np.diff(made.at[1:]) <= 5).all()


def test_weights_move_the_quantiles():
    values = np.arange(100.0)
    made = grid(values, points=3, weights=np.where(values < 50, 3.0, 1.0))
    assert made.at.tolist() == [0, 33, 99]


@given(
    st.lists(st.integers(0, 60) | st.none(), min_size=3, max_size=200),
    st.integers(2, 12),
    st.sampled_from([1, 5]),
)
def test_points_rise_are_held_by_their_donors_and_count_every_row(values, points, fewest):
    values = np.array([np.nan if each is None else each for each in values], float)
    if np.isnan(values).all():
        values[0] = 1.0
    made = grid(values, points=points, fewest=fewest)
    assert (np.diff(made.at) > 0).all()
    assert np.array_equal(values[made.donors], made.at)
    assert made.counts.sum() + made.missing == len(values)
    assert made.at[0] == np.nanmin(values)
    assert made.at[-1] == np.nanmax(values)
    # The ends may be points beside `points` - 2 more.
    assert len(made) <= points + 2


def test_levels_come_by_frequency_or_in_their_own_order_and_missing_is_one():
    made = grid(["b", "a", "b", None, "b", "a"])
    assert made.labels == ("b", "a", "(missing)")
    assert made.counts.tolist() == [3, 2, 1]
    ordered = pd.Categorical(["low", "high", "low"], ["low", "mid", "high"], ordered=True)
    assert grid(pd.Series(ordered)).labels == ("low", "high")
    assert grid([True, False, True]).labels == ("False", "True")


def test_rare_levels_are_not_drawn_and_counted():
    made = grid([f"v{k}" for k in range(30) for _ in range(30 - k)])
    assert len(made) == 20
    assert made.unshown == sum(range(1, 11))
    assert (made.place < 0).sum() == made.unshown


def test_stated_levels_are_taken_in_order_and_an_unseen_one_is_refused():
    assert grid(["a", "b", "a"], stated=["b", "a"]).labels == ("b", "a")
    with pytest.raises(
        InputError, match=r"names the level 'nurs', which no row holds. Did you mean"
    ):
        grid(["nurse", "clerk"], stated=["nurs"])


def test_dates_and_one_hot_columns():
    made = grid(pd.to_datetime(["2020-01-01", "2021-03-01", None]))
    assert made.labels == ("2020-01-01", "2021-03-01")
    assert made.missing == 1
    frame = pd.DataFrame({"job_a": [1, 0, 0], "job_b": [0, 1, 1]})
    one = column_of("job", frame, ["job_a", "job_b"], value_codes(frame, ["job_a", "job_b"]))
    assert one.levels == ("a", "b")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(3499.26, "number", "3,499"), (0.12345, "number", "0.1235"), (60000.0, "number", "60,000"),
     (-2.5e300, "number", "-2.5e+300"),
     (0.0, "date", "1970-01-01"), (3_600_000.0, "date", "1970-01-01 01:00:00")],
)  # fmt: skip
def test_numbers_as_people_write_them(value, kind, text):
    assert shown_number(value, kind) == text
