"""Cronbach's alpha: by hand, against a published example, and its interval by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.trust import cronbach_alpha


def test_by_hand():
    # Variances 2 and 2, of the sum 8: 2 * (1 - 4/8).
    assert cronbach_alpha([[1, 1], [3, 3]]).value == pytest.approx(1)
    found = cronbach_alpha([[1, 2], [2, 1], [3, 4], [4, 3]])
    assert found.value == pytest.approx(2 * (1 - (5 / 3 + 5 / 3) / (16 / 3)))


def test_the_interval_is_a_published_one():
    """statpsych's ci.cronbach(.05, .85, 7, 89), with 6 degrees of freedom more in 534."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(89, 7)) + 1.0 * rng.normal(size=(89, 1))

    def off(noise):
        return cronbach_alpha(table + noise * rng_fixed).value - 0.85

    rng_fixed = np.random.default_rng(1).normal(size=(89, 7))
    low, high = 0.0, 3.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if off(middle) > 0 else (low, middle)
    found = cronbach_alpha(table + low * rng_fixed)
    assert found.value == pytest.approx(0.85, abs=1e-9)
    assert found.low == pytest.approx(0.7971254, abs=1e-4)
    assert found.high == pytest.approx(0.8931436, abs=1e-4)


def test_the_interval_covers():
    rng = np.random.default_rng(2)
    truth = 12 * 0.5 / (1 + 11 * 0.5)  # Spearman-Brown, correlations of one half
    held = 0
    for _ in range(400):
        table = np.sqrt(0.5) * (rng.normal(size=(25, 12)) + rng.normal(size=(25, 1)))
        found = cronbach_alpha(table)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_undefined_is_none():
    assert cronbach_alpha(np.ones((5, 3))) is None
    assert cronbach_alpha(np.ones((1, 3))) is None
    assert cronbach_alpha(np.ones((0, 3))) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [([[1], [2]], "two or more statements"), ([[1, np.nan], [2, 3]], "missing"), ([1, 2], "shape")],
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        cronbach_alpha(given)
