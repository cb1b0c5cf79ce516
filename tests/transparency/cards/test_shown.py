from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.transparency.cards.shown import amount, number, percent


@pytest.mark.parametrize(
    ("value", "scale", "said"),
    [
        (0.0004, "probability", "less than 0.1 points"),
        (-0.0995, "probability", "10 points"),
        (0.0994, "probability", "9.9 points"),
        (0.01, "probability", "1.0 point"),
        (0.25, "log odds", "0.25 in log-odds"),
        (1, "decision", "100 points"),
        (0, "probability", "0.0 points"),
    ],
)
def test_amounts(value, scale, said):
    assert amount(value, scale) == said


@given(st.floats(0, 1))
def test_a_percentage_is_near_what_it_says(share):
    text = percent(share)
    digits = float(re.sub(r"[^\d.]", "", text)) / 100
    assert abs(digits - share) <= 0.005 + 1e-12
    assert (text == "0%") == (share == 0)
    assert (text == "100%") == (share == 1)


@given(st.floats(-1e9, 1e9))
def test_a_number_is_near_what_it_says(value):
    told = float(number(value).replace(",", ""))
    assert abs(told - value) <= max(5e-3 * abs(value), 0.5 if abs(value) >= 1000 else 0)
