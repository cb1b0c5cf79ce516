"""Constraints as people write them come into one form, or are refused in one line."""

import math

import pytest

from alignlab.datasets import constraint_terms as terms
from alignlab.errors import InputError


def test_relations_by_hand():
    assert terms.order("loan <= value") == [("loan", "value")]
    assert terms.order(" value>=loan ") == [("loan", "value")]
    assert terms.order("a b <= c <= d") == [("a b", "c"), ("c", "d")]


def test_bounds_by_hand():
    assert terms.bound([1, None], "age") == (1, math.inf)
    assert terms.bound((None, 2.5), "age") == (-math.inf, 2.5)


def test_groups_are_named_by_what_they_share():
    assert terms.groups([["job_a", "job_b"]]) == {"job": ("job_a", "job_b")}
    assert terms.groups([["x", "y"]]) == {"x|y": ("x", "y")}
    assert terms.groups([["j_a1", "j_a2"], ["j_a3", "j_a4"]]) == {
        "j_a1|j_a2": ("j_a1", "j_a2"),
        "j_a3|j_a4": ("j_a3", "j_a4"),
    }
    assert terms.groups({"sex": ["f", "m"]}) == {"sex": ("f", "m")}


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: terms.names("age", "immutable"), r"Write immutable=\['age'\]"),
        (lambda: terms.names([3], "immutable"), "holds 3, which is not text"),
        (lambda: terms.mapping(["age"], "bounds"), "not a table"),
        (lambda: terms.bound([2, 1], "age"), "low at most high"),
        (lambda: terms.bound([1, math.nan], "age"), "low at most high"),
        (lambda: terms.bound(3, "age"), "low at most high"),
        (lambda: terms.bound(["1", "x"], "age"), "low at most high"),
        (lambda: terms.values([], "job"), "not a list of at least one value"),
        (lambda: terms.values("nurse", "job"), "not a list"),
        (lambda: terms.values(["a", "a"], "job"), "names 'a' twice"),
        (lambda: terms.groups("ab"), "not a list of groups"),
        (lambda: terms.groups([["a"]]), "has 1 columns"),
        (lambda: terms.groups([[]]), "has 0 columns"),
        (lambda: terms.order("loan"), "not understood"),
        (lambda: terms.order("loan <"), "not understood"),
        (lambda: terms.order("loan < value"), "not understood"),
        (lambda: terms.order("loan == value"), "not understood"),
        (lambda: terms.order("loan <= loan"), "twice"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(made, says):
    with pytest.raises(InputError, match=says) as error:
        made()
    assert "\n" not in str(error.value)


def test_a_group_has_its_columns_for_itself():
    with pytest.raises(InputError, match="constraint of its own"):
        terms.require_groups({"g": ("a", "b")}, [], {"a"})
    with pytest.raises(InputError, match="in two one-hot groups"):
        terms.require_groups({"g": ("a", "b"), "h": ("b", "c")}, [], set())
    with pytest.raises(InputError, match="immutable and others are not"):
        terms.require_groups({"g": ("a", "b")}, ["a"], set())
    terms.require_groups({"g": ("a", "b")}, ["a", "b"], {"c"})
