from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.study.digits import decimals, enough, fixed_text, p_text


def test_two_digits_of_the_half_width():
    assert [decimals(0, 0.08), decimals(-2, 2), decimals(0, 500), decimals(1, 1)] == [3, 1, 0, 3]


def test_a_limit_that_is_not_0_is_not_written_0():
    assert fixed_text(0.0004, enough(0.0004, 3)) == "0.0004"
    assert fixed_text(-0.0004, enough(-0.0004, 3)) == "-0.0004"
    assert fixed_text(0.03996, enough(0.03996, 3, [0.04])) == "0.03996"
    assert fixed_text(0.04, enough(0.04, 3, [0.04])) == "0.040"


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(0, 4))
def test_what_is_written_is_on_its_own_side(number, other, digits):
    if abs(number - other) < 1e-9:
        return
    text = fixed_text(number, enough(number, digits, [other]))
    written = float(text.replace(",", ""))
    assert (written < other, written > other) == (number < other, number > other)


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.00099, "< 0.001"), (0.001, "0.001"), (0.049, "0.049"), (1.0, "1"), (0.04996, "0.04996"),
     (0.0500001, "0.0500001"), (0.05, "0.05"), (float("nan"), "")],
)  # fmt: skip
def test_a_p_value_is_on_its_own_side_of_what_it_is_held_against(p, text):
    assert p_text(p, alpha=1 - 0.95) == text


def test_of_another_level():
    assert p_text(0.00996, alpha=0.01) == "0.00996"
    assert p_text(0.00996) == "0.01"
