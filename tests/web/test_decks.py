"""How sure and why, as every kind of case asks and hears it."""

from __future__ import annotations

import itertools

import pytest

from alignlab.web.decks import heard, levels


@pytest.mark.parametrize("ways", [2, 3, 4, 10])
def test_levels_go_from_a_guess_to_certainty_in_equal_steps(ways):
    shares = [share for _, share, _ in levels(ways)]
    assert shares[0] == pytest.approx(1 / ways, abs=0.005)
    assert shares[-1] == 1
    steps = [b - a for a, b in itertools.pairwise(shares)]
    assert max(steps) - min(steps) < 0.0101


def test_what_is_no_number_is_left_to_be_refused_by_its_name():
    assert heard({"confidence": "much"})["confidence"] == "much"
    assert heard({"reason": " a \n"}) == {"confidence": None, "reason": "a"}
