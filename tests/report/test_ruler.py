from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.audit import Limit
from alignlab.intervals import Estimate
from alignlab.report.ruler import ruler

AT_MOST = Limit(0.2, "at most", "gap")


def estimate(value, low, high):
    return Estimate(value, low, high, 0.95, 100, "exact")


def test_positions_by_hand():
    # Drawn from 0.1 to 0.5 with an eighth of a half free on either side: 0.052 to 0.548.
    found = ruler(estimate(0.3, 0.1, 0.5), AT_MOST)
    assert found.low == pytest.approx(100 * 0.12 / 1.24, abs=1e-3)
    assert found.value == pytest.approx(50)
    assert found.high == pytest.approx(100 - found.low, abs=2e-3)
    assert found.limit == pytest.approx(100 * (0.12 + 0.25) / 1.24, abs=1e-3)
    assert found.allowed == (0.0, found.limit)
    assert found.anchor == "start"


def test_at_least_allows_what_lies_to_the_right():
    found = ruler(estimate(0.3, 0.1, 0.5), Limit(0.2, "at least", "ratio"))
    assert found.allowed[0] == found.limit
    assert sum(found.allowed) == pytest.approx(100)


def test_an_open_end_runs_to_the_edge():
    found = ruler(estimate(0.1, -math.inf, math.inf), AT_MOST)
    assert (found.low, found.high) == (0, 100)
    assert found.open_low
    assert found.open_high


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (None, AT_MOST),
        (estimate(0.1, 0, 1), None),
        (estimate(math.nan, math.nan, math.nan), AT_MOST),
        (estimate(0.1, 0, 1), Limit(math.nan, "at most", "gap")),
    ],
)
def test_there_is_nothing_to_draw(given, limit):
    assert ruler(given, limit) is None


reals = st.floats(-1e6, 1e6)


@given(st.lists(reals, min_size=3, max_size=3), reals)
def test_order_is_kept_and_all_of_it_is_in_view(numbers, limit):
    low, value, high = sorted(numbers)
    found = ruler(estimate(value, low, high), Limit(limit, "at most", "gap"))
    assert 0 <= found.low <= found.value <= found.high <= 100
    assert 0 <= found.limit <= 100
    if limit < low:
        assert found.limit <= found.low
