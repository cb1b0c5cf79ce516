"""Limits by hand, and how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.intervals import share_limits
from alignlab.oversight.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha
from alignlab.oversight.agreement.limits import coefficient_estimate, undefined_estimate, widened


def test_by_hand():
    influence = np.array([0.1, -0.1, 0.1, -0.1])
    made = coefficient_estimate(influence, observed=0.3, expected=0.5, most=1, level=0.9)
    error = math.sqrt(4 / 3 * 0.04)
    half = stats.t.ppf(0.95, 3) * error / (1 - 0.4**2)
    assert made.value == pytest.approx(0.4)
    assert made.low == pytest.approx(math.tanh(math.atanh(0.4) - half))
    assert made.high == pytest.approx(math.tanh(math.atanh(0.4) + half))


def test_where_all_agree_the_share_in_disagreement_is_bounded():
    made = coefficient_estimate(np.zeros(50), observed=0, expected=0.5, most=1, level=0.95)
    assert made.low == pytest.approx(1 - float(share_limits(0, 50)[1]) / 0.5)
    assert made.high == 1


def test_one_item_and_no_item_say_nothing():
    made = coefficient_estimate(np.zeros(1), observed=0.5, expected=0.5, most=1, level=0.95)
    assert (made.low, made.high) == (-1, 1)
    assert math.isnan(undefined_estimate(0.95, 0).value)
    with pytest.raises(InputError, match=r"level=1.5"):
        undefined_estimate(1.5, 0)


def test_widened_never_narrows():
    first = coefficient_estimate(
        np.array([0.1, -0.1]), observed=0.2, expected=0.5, most=1, level=0.5
    )
    second = coefficient_estimate(np.zeros(9), observed=0, expected=0.5, most=1, level=0.5)
    both = widened(first, second)
    assert both.value == first.value
    assert both.low <= min(first.low, second.low)
    assert both.high >= max(first.high, second.high)


def drawn(rng, items, raters, sure, shares):
    """Each rater sees the truth with a chance, and says what is usual otherwise."""
    kinds = len(shares)
    truth = rng.choice(kinds, items, p=shares)
    sees = rng.random((items, raters)) < sure
    return np.where(sees, truth[:, None], rng.choice(kinds, (items, raters), p=shares))


@pytest.mark.parametrize(
    ("items", "raters", "sure", "shares"),
    [
        (20, 2, 0.9, (0.5, 0.5)),
        (50, 2, 0.5, (0.9, 0.1)),
        (20, 4, 0.5, (0.9, 0.1)),
        (50, 4, 0.9, (0.6, 0.3, 0.1)),
    ],
)
def test_limits_hold_as_often_as_they_say(items, raters, sure, shares):
    """The resampling of items holds in 52 to 88 % of these; a rare answer is what breaks it."""
    rng = np.random.default_rng(0)
    true = sure**2  # both see the truth; else they agree as often as chance makes them
    held, told = 0, 0
    for _ in range(150):
        found = krippendorff_alpha(drawn(rng, items, raters, sure, shares)).estimate
        told += not math.isnan(found.value)
        held += found.low <= true <= found.high
    assert held / told > 0.92


def test_the_three_coefficients_have_the_same_limits_where_they_are_the_same():
    """With many items and equal habits alpha, Cohen's and Fleiss' kappa are one number."""
    rng = np.random.default_rng(0)
    ratings = drawn(rng, 4000, 2, 0.7, (0.5, 0.3, 0.2))
    made = [
        krippendorff_alpha(ratings).estimate,
        cohen_kappa(ratings[:, 0], ratings[:, 1]).estimate,
        fleiss_kappa(ratings).estimate,
    ]
    for each in made[1:]:
        for name in ("value", "low", "high"):
            assert getattr(each, name) == pytest.approx(getattr(made[0], name), abs=5e-4)
