"""What a row may become: by hand, against a walk over every cell, and at the door."""

import math
import tomllib

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import load_example
from alignlab.datasets.constraints import Constraints
from alignlab.errors import InputError


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "age": [30, 41, 52],
            "loan": [100.0, 200.0, np.nan],
            "value": [150.0, 200.0, 300.0],
            "rooms": [2.0, 3.0, 4.0],
            "school": ["none", "high", "college"],
            "job_nurse": [1, 0, 0],
            "job_clerk": [0, 1, 1],
            "sex": ["f", "m", "f"],
        }
    )


STATED = {
    "immutable": ["sex"],
    "bounds": {"age": [18, 99], "rooms": [1, None]},
    "integers": ["rooms"],
    "one_hot": [["job_nurse", "job_clerk"]],
    "categories": {"school": ["none", "high", "college"], "sex": ["f", "m"]},
    "monotone": {"age": "increasing", "school": "increasing", "rooms": "decreasing"},
    "relations": ["loan <= value"],
}


@pytest.mark.parametrize(
    ("column", "row", "cell", "why"),
    [
        ("sex", 1, "f", "is immutable and became 'f'"),
        ("age", 0, 17, "is 17, outside of 18 to 99"),
        ("age", 0, 29, "may only rise and went from 30 to 29"),
        ("rooms", 2, 3.5, "is 3.5, no whole number"),
        ("rooms", 2, 5.0, "may only fall and went from 4.0 to 5.0"),
        ("school", 2, "high", "may only rise and went from 'college' to 'high'"),
        ("school", 0, "hihg", "not one of 'none', 'high', 'college' Did you mean 'high'?"),
        ("job_nurse", 1, 1, "has not exactly one 1 among zeros"),
        ("job_nurse", 0, 0, "has not exactly one 1 among zeros"),
        ("loan", 0, 151.0, "does not hold: 151 > 150"),
        ("loan", 0, np.nan, "became missing"),
        ("loan", 2, 10.0, "was missing and became a value"),
        ("school", 0, None, "became missing"),
    ],
)
def test_each_violation_is_told(people, column, row, cell, why):
    after = people.copy()
    after.loc[row, column] = cell
    found = Constraints(**STATED).violations(after, people)
    assert set(found["row"]) == {row}
    assert any(why in each for each in found["why"])


@pytest.mark.parametrize(
    ("column", "row", "cell"),
    [
        ("age", 0, 31),
        ("rooms", 1, 1.0),
        ("school", 0, "college"),
        ("loan", 0, 150.0),
        ("value", 2, -5.0),  # the loan beside it is missing
    ],
)
def test_what_is_allowed_is_no_violation(people, column, row, cell):
    after = people.copy()
    after.loc[row, column] = cell
    assert not len(Constraints(**STATED).violations(after, people))


def test_a_group_may_change_as_a_whole(people):
    after = people.copy()
    after.loc[0, ["job_nurse", "job_clerk"]] = [0, 1]
    assert not len(Constraints(**STATED).violations(after, people))


def test_the_order_of_rows_changes_nothing(people):
    after = people.copy()
    after.loc[[0, 2], "age"] = 10
    found = Constraints(**STATED).violations(after, people)
    turned = Constraints(**STATED).violations(after.iloc[::-1], people.iloc[::-1])
    assert sorted(found["row"]) == sorted(2 - turned["row"])


def walked(frame, original, given):
    """Return the rows that are not allowed, cell by cell in plain Python."""
    bad = set()
    for row in range(len(frame)):
        new, old = frame.iloc[row].to_dict(), original.iloc[row].to_dict()
        for name, cell in new.items():
            if pd.isna(cell) != pd.isna(old[name]):
                bad.add(row)
            elif pd.isna(cell):
                continue
            elif name in given.immutable and cell != old[name]:
                bad.add(row)
            elif name in given.monotone:
                order = given.categories.get(name)
                rank = order.index if order else float
                rises = rank(cell) >= rank(old[name])
                falls = rank(cell) <= rank(old[name])
                if not (rises if given.monotone[name] == "increasing" else falls):
                    bad.add(row)
        for name, (low, high) in given.bounds.items():
            if not pd.isna(new[name]) and not low <= new[name] <= high:
                bad.add(row)
        for lesser, greater in given.orders:
            if new[lesser] > new[greater]:
                bad.add(row)
    return bad


def test_a_walk_over_every_cell_of_a_real_table_agrees():
    frame = load_example("mortgage").features
    given = Constraints.observed(
        frame,
        immutable=["afam", "single"],
        monotone={"hschool": "increasing", "chist": "decreasing"},
        relations=["hirat <= pirat"] if (frame["hirat"] <= frame["pirat"]).all() else [],
    )
    generator = np.random.default_rng(0)
    after = frame.copy()
    for column in frame.columns:
        moved = generator.random(len(frame)) < 0.05
        after.loc[moved, column] = generator.permutation(frame[column])[moved]
    after.loc[generator.random(len(frame)) < 0.02, "lvrat"] = 9.0
    found = set(given.violations(after, frame)["row"])
    assert found == walked(after, frame, given)
    assert 50 < len(found) < len(frame)


def test_what_is_observed_is_the_range_and_the_values(people):
    seen = Constraints.observed(
        people, immutable=["sex"], one_hot=[["job_nurse", "job_clerk"]], bounds={"age": (18, 99)}
    )
    assert seen.bounds == {
        "age": (18, 99), "loan": (100, 200), "value": (150, 300), "rooms": (2, 4),
    }  # fmt: skip
    assert seen.categories == {"school": ("college", "high", "none")}
    ordered = people.assign(school=pd.Categorical(people["school"], ["none", "high", "college"]))
    assert Constraints.observed(ordered).categories["school"] == ("none", "high", "college")
    assert "flag" not in Constraints.observed(pd.DataFrame({"flag": [True, False]})).categories


def test_a_toml_file_says_the_same_and_back():
    text = """
        immutable = ["sex"]
        integers = ["rooms"]
        one_hot = [["job_nurse", "job_clerk"]]
        relations = ["loan <= value"]
        bounds = { age = [18, 99], rooms = [1, inf] }
        categories = { school = ["none", "high", "college"], sex = ["f", "m"] }
        monotone = { age = "increasing", school = "increasing", rooms = "decreasing" }
    """
    read = Constraints.from_mapping(tomllib.loads(text))
    assert read == Constraints(**STATED)
    assert Constraints.from_mapping(read.to_dict()) == read
    assert read.bounds["rooms"] == (1, math.inf)
    assert Constraints().to_dict() == {}


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"immutable": ["sexe"]}, "no column 'sexe' for the constraints. Did you mean 'sex'"),
        ({"relations": ["loan <= worth"]}, "no column 'worth'"),
        ({"bounds": {"school": [0, 1]}}, "bounds names the column 'school'"),
        ({"integers": ["sex"]}, "integers names the column 'sex'"),
        ({"relations": ["loan <= sex"]}, "relations names the column 'sex'"),
        ({"one_hot": [["sex", "school"]]}, "one_hot names the column"),
        ({"monotone": {"school": "increasing"}}, "whose values have no order"),
        ({"bounds": {"age": [18, 50]}}, r"Row 2 of the data violates.*age is 52.*1 such row\)"),
        ({"categories": {"sex": ["f"]}}, "Row 1 of the data violates"),
        ({"integers": ["loan"], "relations": ["value <= loan"]}, "Row 0 of the data violates"),
    ],
)
def test_what_does_not_fit_the_table_is_refused_in_one_line(people, stated, says):
    with pytest.raises(InputError, match=says) as error:
        Constraints(**stated).require(people)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"monotone": {"age": "up"}}, "not one of 'increasing', 'decreasing'"),
        ({"bounds": {"a": [0, 1]}, "categories": {"a": [0, 1]}}, "bounds and categories"),
        ({"bounds": {"a": [0.2, 0.8]}, "integers": ["a"]}, "no whole number from 0.2 to 0.8"),
        ({"bounds": {"a": [2, 3], "b": [0, 1]}, "relations": ["a <= b"]}, "contradicts the bounds"),
        ({"categories": {"a": [1]}, "relations": ["a <= b"]}, "compares numbers"),
        ({"one_hot": [["a", "b"]], "bounds": {"a": [0, 1]}}, "constraint of its own"),
        ({"categories": {"a": []}}, "at least one value"),
    ],
)
def test_constraints_that_contradict_are_refused_in_one_line(stated, says):
    with pytest.raises(InputError, match=says) as error:
        Constraints(**stated)
    assert "\n" not in str(error.value)


def test_an_unknown_key_and_other_tables_are_refused(people):
    with pytest.raises(InputError, match="Did you mean 'immutable'"):
        Constraints.from_mapping({"imutable": ["sex"]})
    with pytest.raises(InputError, match="not a table"):
        Constraints.from_mapping(["sex"])
    with pytest.raises(InputError, match="same shape and columns"):
        Constraints().violations(people, people.iloc[:2])
