import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets import MISSING, grouping, parse_groups
from alignlab.errors import InputError


def named(frame, name):
    found = grouping(frame, name)
    return [found.labels[code] for code in found.codes]


def test_a_missing_value_is_a_group_of_its_own():
    frame = pd.DataFrame({"sex": ["f", None, "m", "f"]})
    found = grouping(frame, "sex")
    assert found.labels == (MISSING, "f", "m")
    assert found.codes.tolist() == [1, 0, 2, 1]
    assert found.sizes.tolist() == [1, 2, 1]


def test_a_value_that_says_missing_is_the_same_group():
    assert grouping(pd.DataFrame({"a": [MISSING, None, "x"]}), "a").labels == (MISSING, "x")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([10, 9, 2], ("2", "9", "10")),
        ([10, 9, None], (MISSING, "9", "10")),
        ([0.5, 2.0, None], (MISSING, "0.5", "2")),
        ([True, False, True], ("False", "True")),
        (pd.array([True, None, False], dtype="boolean"), (MISSING, "False", "True")),
        (["10", "9", "b"], ("10", "9", "b")),
        ([1, "1", "b"], ("1", "b")),
        (pd.Categorical(["b", "a", None]), (MISSING, "a", "b")),
        (pd.Categorical([3, 1, None]), (MISSING, "1", "3")),
        (
            pd.Categorical(["low", "high", None], categories=["low", "mid", "high"], ordered=True),
            (MISSING, "low", "high"),
        ),
    ],
)
def test_labels_come_in_the_order_a_reader_expects(values, labels):
    assert grouping(pd.DataFrame({"a": values}), "a").labels == labels


def test_an_intersection_holds_the_pairs_that_have_rows():
    frame = pd.DataFrame({"race": ["a", "b", "b"], "sex": ["f", "m", None], "n": [2, 10, 10]})
    assert grouping(frame, "race*sex").labels == ("a & f", "b & (missing)", "b & m")
    assert named(frame, "n*race*sex") == ["2 & a & f", "10 & b & m", "10 & b & (missing)"]


def test_pairs_that_read_the_same_stay_two_groups():
    frame = pd.DataFrame({"x": ["a & b", "a"], "y": ["c", "b & c"]})
    assert grouping(frame, "x*y").sizes.tolist() == [1, 1]


def test_a_number_with_many_values_is_cut_at_its_quartiles():
    frame = pd.DataFrame({"age": [*range(100), None]})
    found = grouping(frame, "age")
    assert found.labels == (
        MISSING, "1: 0 to 24.75", "2: over 24.75 to 49.5", "3: over 49.5 to 74.25",
        "4: over 74.25 to 99",
    )  # fmt: skip
    assert found.sizes.tolist() == [1, 25, 25, 25, 25]


def test_a_number_that_is_mostly_one_value_is_cut_where_it_can_be():
    found = grouping(pd.DataFrame({"gain": [0] * 90 + list(range(1, 31))}), "gain")
    assert found.sizes.sum() == 120
    assert found.labels == ("1: 0 to 0.25", "2: over 0.25 to 30")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sax", "'sax', which the table does not have. Did you mean 'sex'"),
        ("sex*", "column ''"),
        ("id", "has 300 distinct values in 300 rows"),
    ],
)
def test_what_is_no_group_is_refused(name, said):
    frame = pd.DataFrame({"sex": ["f", "m"] * 150, "id": [f"p{n}" for n in range(300)]})
    with pytest.raises(InputError, match=said):
        grouping(frame, name)


def test_names_of_groups():
    assert parse_groups(" race,sex , race * sex,race,") == ("race", "sex", "race*sex")
    assert parse_groups(["race", "race*sex"]) == ("race", "race*sex")
    assert parse_groups("") == ()


values = st.one_of(st.none(), st.sampled_from(["a", "b", "c & d", ""]), st.integers(-3, 3))


@given(st.lists(st.tuples(values, values), min_size=1, max_size=40), st.randoms())
def test_groups_are_those_of_pandas_whatever_the_order_of_rows(rows, random):
    frame = pd.DataFrame(rows, columns=["x", "y"], dtype=object)
    found = grouping(frame, "x*y")
    keys = frame.map(lambda cell: MISSING if cell is None else str(cell))
    sizes = keys.groupby(["x", "y"]).size()
    assert sorted(found.sizes) == sorted(sizes)
    assert found.sizes.min() > 0
    together = keys["x"] + " & " + keys["y"]
    assert [found.labels[code] for code in found.codes] == together.tolist()
    order = random.sample(range(len(rows)), len(rows))
    again = grouping(frame.iloc[order], "x*y")
    assert again.labels == found.labels
    np.testing.assert_array_equal(again.codes, found.codes[order])


def test_an_intersection_of_a_million_rows_takes_less_than_two_seconds():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"race": rng.choice(list("abcde"), 10**6), "age": rng.integers(18, 90, 10**6)}
    )
    start = time.perf_counter()
    assert len(grouping(frame, "race*age").labels) == 20
    assert time.perf_counter() - start < 2


def test_a_fraction_is_named_by_as_few_digits_as_tell_it_from_the_others():
    far = grouping(pd.DataFrame({"x": [0.05068011873981862, -0.044641636506989144] * 10}), "x")
    assert far.labels == ("-0.0446416", "0.0506801")
    near = grouping(pd.DataFrame({"x": [0.1234567, 0.1234568] * 10}), "x")
    assert near.labels == ("0.1234567", "0.1234568")
