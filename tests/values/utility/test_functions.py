from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import CARA, CRRA, PiecewiseLinear, Utility, from_certainty_equivalents
from alignlab.values.utility.functions import exponential_mean

getcontext().prec = 100


def test_closed_forms_by_hand():
    assert CRRA(0.0)([1, 5]).tolist() == pytest.approx([0, 4])
    assert CRRA(2.0)([1, 4]).tolist() == pytest.approx([0, 0.75])
    assert CRRA(0.5)([4]).tolist() == pytest.approx([2])
    assert CRRA(1.0, wealth=1)([0, np.e - 1]).tolist() == pytest.approx([0, 1])
    assert CARA(0.0)([3]).tolist() == [3]
    assert CARA(1.0)([np.log(2)]).tolist() == pytest.approx([0.5])
    assert CRRA(2.0)(0.0) == -np.inf
    assert CRRA(0.5)(0.0) == pytest.approx(-2)
    assert isinstance(CRRA(1.0), Utility)


@pytest.mark.parametrize("off", [0.0, 1e-16, 1e-12, 1e-9, 1e-5, -1e-12, -1e-9, -1e-5])
@pytest.mark.parametrize("x", [0.3, 2.0, 1e6])
def test_near_the_logarithm_no_digit_is_lost(off, x):
    aversion = 1 + off
    power = 1 - Decimal(aversion)
    exact = Decimal(x).ln() if power == 0 else ((power * Decimal(x).ln()).exp() - 1) / power
    assert float(CRRA(aversion)(x)) == pytest.approx(float(exact), rel=4e-16, abs=0)
    assert float(CRRA(aversion).inverse(CRRA(aversion)(x))) == pytest.approx(x, rel=1e-14)


@pytest.mark.parametrize("a", [0.0, 1e-40, 1e-18, 1e-12, 1e-6, -1e-12, -1e-6])
def test_near_risk_neutrality_no_digit_is_lost(a):
    x = 123.456
    exact = Decimal(x) if a == 0 else (1 - (-Decimal(a) * Decimal(x)).exp()) / Decimal(a)
    assert float(CARA(a)(x)) == pytest.approx(float(exact), rel=4e-16, abs=0)
    assert float(CARA(a).inverse(CARA(a)(x))) == pytest.approx(x, rel=1e-15)


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=6),
    st.floats(-30, 30).filter(lambda rate: rate == 0 or abs(rate) > 1e-14),
    st.integers(0, 2**32 - 1),
)
def test_the_exponential_mean_to_all_digits(values, rate, seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(len(values)))
    total = sum((Decimal(float(a)) for a in p), Decimal(0))
    weights = [Decimal(float(a)) / total for a in p]
    if rate == 0:
        exact = sum(w * Decimal(x) for w, x in zip(weights, values, strict=True))
    else:
        powers = [(Decimal(rate) * Decimal(x)).exp() for x in values]
        exact = sum(w * e for w, e in zip(weights, powers, strict=True)).ln() / Decimal(rate)
    assert exponential_mean(values, p, rate) == pytest.approx(float(exact), abs=1e-13)


def test_certainty_equivalents_where_expected_utility_vanishes():
    # e^(-1e6) is 0 in floating point; the even gamble is still worth ln 2 / a.
    assert CARA(1.0).certainty_equivalent([0, 1e6], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert CARA(-1.0).certainty_equivalent([0, 1e6], [0.5, 0.5]) == pytest.approx(1e6 - np.log(2))
    assert CRRA(400.0).certainty_equivalent([1, 1e6], [0.5, 0.5]) == pytest.approx(2 ** (1 / 399))
    assert CRRA(1.0).certainty_equivalent([0, 5], [0.5, 0.5]) == 0.0
    assert CRRA(0.5).certainty_equivalent([0, 4], [0.5, 0.5]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "utility", [CRRA(0.7, 5), CRRA(1.0, 5), CRRA(4.0, 5), CARA(0.03), CARA(-1)]
)
def test_risk_aversion_is_what_the_derivatives_say(utility):
    x, h = 3.0, 1e-3
    up, here, down = (float(utility(x + d)) for d in (h, 0, -h))
    slope, bend = (up - down) / (2 * h), (up - 2 * here + down) / h**2
    assert float(utility.absolute_aversion(x)) == pytest.approx(-bend / slope, abs=1e-5)
    assert float(utility.relative_aversion(x)) == pytest.approx(-x * bend / slope, abs=3e-5)


@given(st.floats(1e-3, 1e3))
def test_relative_aversion_has_no_unit_and_so_has_that_of_a_range(unit):
    assert float(CRRA(2.5).relative_aversion(7 * unit)) == pytest.approx(2.5)
    here, there = (CARA.over_range(3.0, 0, 10 * scale) for scale in (1.0, unit))
    sure = [each.certainty_equivalent([0, 10 * scale], [0.5, 0.5]) / scale
            for each, scale in ((here, 1.0), (there, unit))]  # fmt: skip
    assert sure[0] == pytest.approx(sure[1], rel=1e-12)


def test_pieces_of_lines():
    utility = PiecewiseLinear([-10, 0, 10], [-2, 0, 1])
    assert utility([-5, 0, 4]).tolist() == [-1, 0, 0.4]
    assert utility.inverse([-1, 0.4]).tolist() == [-5, 4]
    assert utility.absolute_aversion([-5, 0, 5]).tolist() == pytest.approx(
        [0, np.nan, 0], nan_ok=True
    )
    assert np.isnan(utility.relative_aversion(0.0))
    flat = PiecewiseLinear([0, 1, 2, 3], [0, 1, 1, 2])
    assert flat.inverse([0, 1, 1.5, 2]).tolist() == [0, 1, 2.5, 3]
    assert repr(flat) == "PiecewiseLinear([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 2.0])"


@given(st.integers(0, 2**32 - 1))
def test_stated_equivalents_come_back(seed):
    rng = np.random.default_rng(seed)
    sure = np.sort(rng.uniform(1, 99, 4))
    if np.diff(sure).min() < 1e-9:
        return
    chances = np.array([0.2, 0.4, 0.6, 0.8])
    utility = from_certainty_equivalents(chances, sure, low=0, high=100)
    assert utility(sure) == pytest.approx(chances)
    assert utility.inverse(chances) == pytest.approx(sure)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CRRA(float("nan")), "aversion=nan is not a finite"),
        (lambda: CARA(float("inf")), "aversion=inf is not a finite"),
        (lambda: CRRA(1.0)([-1]), "-1 with a wealth of 0 does not. State a larger wealth"),
        (lambda: CRRA(0.5).inverse([-3]), "No amount has the utility -3 .* above -2"),
        (lambda: CRRA(2.0).inverse([1.5]), "No amount has the utility 1.5 .* below 1"),
        (lambda: CARA(2.0).inverse([1]), "No amount has the utility 1 .* below 0.5"),
        (lambda: CARA.over_range(1, 5, 5), "low=5 is not below high=5"),
        (lambda: PiecewiseLinear([0, 2, 1], [0, 1, 2]), "must rise; 1 follows 2"),
        (lambda: PiecewiseLinear([0, 1, 2], [0, 2, 1]), "Infeasible utility: more is worth less"),
        (lambda: PiecewiseLinear([0], [0]), "two or more amounts"),
        (lambda: PiecewiseLinear([0, 1], [0, np.nan]), "finite numbers"),
        (
            lambda: PiecewiseLinear([0, 1], [0, 1])([2]),
            "amount 2 is outside what was",
        ),
        (lambda: PiecewiseLinear([0, 1], [1, 1]).inverse([1]), "same utility"),
        (
            lambda: from_certainty_equivalents([0.5], [120], low=0, high=100),
            "Infeasible utility: 120 .* must lie between",
        ),
        (
            lambda: from_certainty_equivalents([0.2, 0.5], [60, 40], low=0, high=100),
            "Infeasible utility: a chance of 0.5 .* smaller chance 0.2 as 60. Ask again",
        ),
        (
            lambda: from_certainty_equivalents([0.5, 0.2], [40, 60], low=0, high=100),
            "do not rise between 0 and 1",
        ),
        (lambda: from_certainty_equivalents([0.5], [], low=0, high=1), "1 probabilities and 0"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
