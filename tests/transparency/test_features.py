from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.transparency import features_of, one_hot_groups


def spelled_out(**columns):
    return pd.DataFrame({name.replace("__", "="): values for name, values in columns.items()})


def test_levels_with_separators_in_their_names_are_found_and_the_larger_group_wins():
    X = spelled_out(
        race_African_American=[1, 0, 0, 0],
        race_African_Other=[0, 1, 0, 0],
        race_White=[0, 0, 1, 1],
        sex__f=[True, False, True, False],
        sex__m=[False, True, False, True],
    )
    assert one_hot_groups(X) == {
        "race": ("race_African_American", "race_African_Other", "race_White"),
        "sex": ("sex=f", "sex=m"),
    }


def test_columns_that_do_not_sum_to_one_in_every_row_stay_apart():
    X = spelled_out(has_car=[1, 0, 1], has_house=[0, 1, 1], has_boat=[0, 0, 0])
    assert one_hot_groups(X) == {}
    assert one_hot_groups(spelled_out(a_x=[1.0, np.nan], a_y=[0.0, 1.0])) == {}
    assert one_hot_groups(spelled_out(a_x=["1", "0"], a_y=["0", "1"])) == {}
    assert one_hot_groups(spelled_out(a_x=[0.5, 0.2], a_y=[0.5, 0.8])) == {}


def test_agrees_with_pandas_own_encoder():
    frame = pd.DataFrame(
        {"city": ["a b", "c_d", "e", "e"], "age": [1, 2, 3, 4], "yes": [0, 1, 0, 1]}
    )
    encoded = pd.get_dummies(frame, columns=["city"])
    assert features_of(encoded) == {
        "age": ("age",),
        "yes": ("yes",),
        "city": ("city_a b", "city_c_d", "city_e"),
    }


def test_a_feature_found_does_not_take_the_name_of_a_column():
    X = spelled_out(sex=[0, 1], sex_f=[0, 1], sex_m=[1, 0])
    assert list(features_of(X)) == ["sex", "sex (one-hot)"]


def test_stated_groups_come_first_and_every_column_is_in_one_feature():
    X = spelled_out(a_x=[1, 0], a_y=[0, 1], b=[1, 2], c=[3, 4])
    stated = {"left": ["a_x", "b"]}
    assert features_of(X, stated) == {"left": ("a_x", "b"), "a_y": ("a_y",), "c": ("c",)}


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"g": ["ages"]}, "'g' names the column 'ages', which X does not have. Did you mean 'age'"),
        ({"g": ["age"], "h": ["age"]}, "'age' is in the groups 'g' and 'h'"),
        ([["age"]], "groups is a list"),
        ({"g": "age"}, "The group 'g' is 'age'"),
        ({"g": []}, r"The group 'g' is \[\]"),
        ({"pay": ["age"]}, "The group 'pay' has the name of a column that is not in it"),
    ],
)
def test_a_wrong_group_says_so(groups, message):
    with pytest.raises(InputError, match=message):
        features_of(pd.DataFrame({"age": [1, 2], "pay": [3, 4]}), groups)


def test_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="Two columns are called 'age'"):
        features_of(pd.DataFrame([[1, 2]], columns=["age", "age"]))
