from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from alignlab.transparency import explained_variance


def test_a_copy_is_explained_and_an_independent_feature_is_not():
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(2, 2000))
    X = pd.DataFrame({"a": a, "b": np.exp(a), "c": c})
    a_share, b_share, c_share = explained_variance(X, [["a"], ["b"], ["c"]])
    assert a_share > 0.999
    assert b_share > 0.999
    assert c_share < 0.005


def test_agrees_with_a_regression_on_ranks():
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(500, 4))
    numbers[:, 0] += numbers[:, 1] - numbers[:, 2]
    X = pd.DataFrame(numbers, columns=list("abcd"))
    ranks = X.rank().to_numpy()
    for at, share in enumerate(explained_variance(X, [[name] for name in X.columns])):
        others = np.delete(ranks, at, axis=1)
        plain = LinearRegression().fit(others, ranks[:, at]).score(others, ranks[:, at])
        corrected = 1 - (1 - plain) * 499 / (499 - 3)
        assert share == pytest.approx(max(corrected, 0), abs=1e-5)


def test_a_category_is_explained_by_the_number_that_it_follows_from_and_the_other_way_round():
    number = np.tile(np.arange(5), 100)
    X = pd.DataFrame({"number": number, "name": np.array(list("vwxyz"))[number]})
    X["name"] = X["name"].astype("category")
    assert min(explained_variance(X, [["number"], ["name"]])) > 0.999
    flag = pd.DataFrame({"number": number, "high": np.where(number > 2, "y", "n")})
    number_share, high_share = explained_variance(flag, [["number"], ["high"]])
    # The squared correlation of 5 ranks with a cut at 3|2; the flag follows from the number.
    assert number_share == pytest.approx(0.75, abs=0.01)
    assert high_share > 0.999


def test_few_values_need_not_stand_in_a_line():
    number = np.tile(np.arange(4), 100)
    X = pd.DataFrame({"number": number, "ends": (number % 3 == 0) * 1.0})
    assert explained_variance(X, [["number"], ["ends"]])[1] > 0.999


def test_with_few_rows_fewer_values_have_a_column_of_their_own():
    number = np.tile(np.arange(10), 4)
    X = pd.DataFrame({"number": number, "twice": 2 * number, "name": number.astype(str)})
    shares = explained_variance(X, [["number"], ["twice"], ["name"]])
    assert shares[0] > 0.99
    assert shares[1] > 0.99
    assert not np.isnan(shares[2])


def test_there_is_no_answer_for_a_constant_or_for_more_columns_than_the_rows_bear():
    X = pd.DataFrame({"same": [1.0] * 30, "other": range(30)})
    same, other = explained_variance(X, [["same"], ["other"]])
    assert np.isnan(same)
    assert other < 0.1
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 5)), columns=list("abcde"))
    assert np.isnan(explained_variance(wide, [[name] for name in wide.columns])).all()


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None, 3] * 20, dtype="Int64"),
        pd.Series([True, False, None] * 20, dtype="boolean"),
        pd.Series(["a", None, "b"] * 20),
        pd.Series(pd.date_range("2020", periods=60)),
        pd.Series([None] * 60, dtype=float),
    ],
)
def test_every_kind_of_column_gets_a_number_or_none(column):
    X = pd.DataFrame({"x": column, "y": np.arange(60) % 7})
    for share in explained_variance(X, [["x"], ["y"]]):
        assert np.isnan(share) or 0 <= share <= 1
