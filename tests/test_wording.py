from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.wording import called, cell, cell_text, joined, shortened


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a, b", "c", "d"], "a, b, c and d"),
        ((each for each in "xyz"), "x, y and z"),
    ],
)
def test_the_last_two_are_joined_by_and(parts, text):
    assert joined(parts) == text


@pytest.mark.parametrize("most", [4, 5, 9, 13])
def test_a_shortened_text_keeps_whole_words_and_its_length(most):
    text = "one two three"
    told = shortened(text, most)
    assert len(told) <= most
    assert told == text or text.startswith(told.removesuffix(" …"))


def test_names_are_readable_and_labels_go_first():
    assert called("debt_to_income", {}) == "debt to income"
    assert called("hours.per.week", {}) == "hours per week"
    assert called("education-num", {}) == "education-num"
    assert called("_x", {}) == "_x"
    assert called("x_1", {"x_1": "a_b"}) == "a_b"


@given(st.one_of(st.floats(allow_infinity=False), st.integers(-(10**9), 10**9), st.text()))
def test_every_cell_has_a_text(value):
    assert isinstance(cell(value), str)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2004, "2004"), (12000, "12,000"), (0.1 + 0.2, "0.30000000000000004"), (1234.5, "1,234.5"),
        (True, "yes"), ("a", "'a'"), (None, "missing"), (float("nan"), "missing"), (-0.5, "-0.5"),
    ],
)  # fmt: skip
def test_cells_are_written_so_that_they_read_back(value, text):
    assert cell_text(value) == text
