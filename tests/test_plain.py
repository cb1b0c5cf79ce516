from __future__ import annotations

import enum
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.plain import canonical, plain, printable, to_json


class Colour(enum.StrEnum):
    RED = "red"


def test_what_is_not_finite_becomes_null():
    given = {"a": float("nan"), "b": [float("inf"), -np.inf, np.float32("nan")], "c": np.nan}
    assert plain(given) == {"a": None, "b": [None, None, None], "c": None}


def test_numpy_and_subclasses_become_what_they_are_made_of():
    found = plain({"i": np.int64(3), "b": np.bool_(True), "s": np.str_("x"), "e": Colour.RED})
    assert found == {"i": 3, "b": True, "s": "x", "e": "red"}
    assert [type(each) for each in found.values()] == [int, bool, str, str]


def test_arrays_and_tuples_become_lists():
    assert plain((np.arange(3), {"x": np.eye(2)})) == [
        [0, 1, 2],
        {"x": [[1.0, 0.0], [0.0, 1.0]]},
    ]


def test_anything_else_becomes_its_text():
    assert plain({1: complex(1, 2)}) == {"1": "(1+2j)"}


def test_floats_are_written_by_their_shortest_form():
    assert to_json([0.1, 1e-17, 100.0, 1 / 3]) == "[0.1, 1e-17, 100.0, 0.3333333333333333]\n"


def test_a_control_character_and_half_a_surrogate_pair_are_replaced():
    assert printable("a\x00\x1fb\ud800\tc\n") == "a��b�\tc\n"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_written_and_read_again_it_is_the_same(value):
    def without_nan(each):
        if isinstance(each, float) and not math.isfinite(each):
            return None
        if isinstance(each, list):
            return [without_nan(inner) for inner in each]
        if isinstance(each, dict):
            return {key: without_nan(inner) for key, inner in each.items()}
        return each

    assert json.loads(to_json(value)) == without_nan(value)
    assert plain(plain(value)) == plain(value)


@pytest.mark.parametrize("odd", [float("nan"), {"a": {1, 2}}, "\ud800", b"x", {("a",): 1}])
def test_what_is_no_json_is_refused(odd):
    with pytest.raises(InputError, match="kept as JSON"):
        canonical(odd)
