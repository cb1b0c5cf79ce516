from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import (
    CARA,
    Additive,
    Lottery,
    Multiplicative,
    Scaled,
    expected_utility,
)

UNIT = Scaled(CARA(0), 0, 1)


def test_additive_by_hand():
    cost, safety = Scaled(CARA(0), worst=200, best=100), Scaled(CARA(2.0), worst=0, best=1)
    utility = Additive([cost, safety], [0.4, 0.6])
    middle = (1 - np.exp(-1)) / (1 - np.exp(-2))
    assert utility([150, 0.5]) == pytest.approx(0.4 * 0.5 + 0.6 * middle)
    lottery = Lottery([[100, 0], [200, 1]], [0.5, 0.5])
    assert expected_utility(lottery, utility) == pytest.approx(0.5)


def test_two_attributes_have_the_constant_of_the_textbook():
    # u = k1 u1 + k2 u2 + K k1 k2 u1 u2, and all at best is 1: K = (1 - k1 - k2) / (k1 k2).
    for first, second in ((0.3, 0.2), (0.7, 0.6), (0.9, 0.95), (0.01, 0.02)):
        utility = Multiplicative([UNIT, UNIT], [first, second])
        expected = (1 - first - second) / (first * second)
        assert utility.interaction == pytest.approx(expected, rel=1e-9)
        bundle = [0.3, 0.8]
        by_hand = first * 0.3 + second * 0.8 + expected * first * second * 0.3 * 0.8
        assert utility(bundle) == pytest.approx(by_hand, abs=1e-12)


@given(st.lists(st.floats(0.02, 0.98), min_size=2, max_size=5))
def test_the_corners_are_worth_what_the_constants_say(ks):
    assume(abs(sum(ks) - 1) > 1e-6)
    utility = Multiplicative([UNIT] * len(ks), ks)
    assert utility(np.ones(len(ks))) == pytest.approx(1, abs=1e-9)
    assert utility(np.zeros(len(ks))) == pytest.approx(0, abs=1e-12)
    assert utility(np.eye(len(ks))).tolist() == pytest.approx(ks, abs=1e-9)
    assert utility.interaction > -1
    assert (utility.interaction > 0) == (sum(ks) < 1)


def test_the_additive_form_is_the_limit():
    bundle = [0.2, 0.9, 0.5]
    additive = Additive([UNIT] * 3, [0.5, 0.3, 0.2])
    for off in (0.0, 1e-12, 1e-8, -1e-8, 1e-5):
        near = Multiplicative([UNIT] * 3, [0.5 + off, 0.3, 0.2])
        assert near(bundle) == pytest.approx(float(additive(bundle)), abs=3 * abs(off) + 1e-12)


def test_a_constant_of_one_makes_perfect_substitutes():
    utility = Multiplicative([UNIT, UNIT], [1.0, 0.5])
    assert utility.interaction == -1
    assert utility([0.5, 0.4]) == pytest.approx(1 - 0.5 * (1 - 0.2))
    assert utility([1.0, 0.0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "ks", [[0.999999] * 4, [0.99] * 10, [0.9] * 20, [0.5, 0.5 + 1e-8], [1e-6, 1e-6], [0.9, 0.2]]
)
def test_strong_and_many_substitutes_have_their_interaction(ks):
    ks = np.array(ks)
    u = Multiplicative([Scaled(CARA(0.0), 0, 1)] * len(ks), ks)
    assert u(np.eye(len(ks))) == pytest.approx(ks, rel=1e-6)
    assert u([np.ones(len(ks)), np.zeros(len(ks))]) == pytest.approx([1, 0], abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Additive([UNIT, UNIT], [0.5, 0.6]), "sum to 1.1, not 1"),
        (lambda: Additive([UNIT], [1.0]), "1 attributes and 1 scaling constants"),
        (lambda: Multiplicative([UNIT, UNIT], [0.5]), "2 attributes and 1 scaling"),
        (lambda: Multiplicative([UNIT, UNIT], [0.5, 1.2]), "constant 1.2 is not above 0"),
        (lambda: Multiplicative([UNIT, UNIT], [0.5, 0.0]), "constant 0 is not above 0"),
        (lambda: Scaled(CARA(0), 1, 1), "finite and differ"),
        (lambda: Multiplicative([UNIT, UNIT], [0.5, 0.2])([0.5, 2]), "Attribute 1 at 2 .* Scaled"),
        (lambda: Additive([UNIT, UNIT], [0.5, 0.5])([0.5]), "last axis must hold 2"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
