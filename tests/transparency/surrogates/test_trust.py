"""What speaks against an explanation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from alignlab.intervals import Estimate
from alignlab.transparency.surrogates.sampling import LocalFeature, Run
from alignlab.transparency.surrogates.tables import NearRows
from alignlab.transparency.surrogates.trust import reasons_against, true_of_data

RNG = np.random.default_rng(0)
SUBJECT = SimpleNamespace(features=tuple(LocalFeature(n, "0", "number", 1.0) for n in "ab"))


def fit(**changes):
    made = {
        "slopes": np.array([1.0, 0.0]),
        "miss": 0.1,
        "variation": 0.3,
        "samples": 1000,
        "blurred": np.zeros(2, dtype=bool),
    }
    return SimpleNamespace(**{**made, **changes})


def estimate(low, value=0.9, high=0.95):
    return Estimate(value, low, high, 0.95, 100, "")


GOOD = estimate(0.85)


def reasons(fidelity=GOOD, data=None, made_up=0.8, at_row=(0.5, 0.55), stability=0.99, **changes):
    run = Run(fit(**changes), 1.0, stability)
    return reasons_against(fidelity, data, made_up, run, at_row, "cells", SUBJECT, 2)


def test_nothing_speaks_against_a_good_one():
    assert reasons() == ()
    assert reasons(data=estimate(0.2, 0.32, 0.41)) == ()
    assert reasons(data=estimate(0.0, 0.01, 0.02), made_up=0.03) == ()


def test_rounding_is_no_miss():
    """A model of 0 at the row and a line that is exact but for rounding."""
    assert reasons(at_row=(0.0, -5e-15), miss=0.0) == ()
    (reason,) = reasons(at_row=(0.0, 1e-3), miss=0.0)
    assert "answers 0 for the row itself" in reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fidelity": estimate(0.45, 0.52, 0.58)}, "accounts for only 52% [45%, 58%]"),
        ({"fidelity": estimate(np.nan, np.nan, np.nan)}, "the same answer to all 1,000"),
        ({"stability": 0.8}, "otherwise with probability 0.20, after 1,000 samples"),
        ({"data": estimate(0.0, 0.1, 0.2)}, "not for real ones"),
        ({"at_row": (0.9, 0.6)}, "answers 0.9 for the row itself, where the line says 0.6"),
        ({"blurred": np.array([True, True])}, "a, b always go together"),
    ],
)
def test_each_reason_is_said(options, said):
    (reason,) = reasons(**options)
    assert said in reason


def near(design, weights=None):
    weights = np.ones(len(design)) if weights is None else weights
    return NearRows(np.arange(len(design)), design, weights, 1.0)


def test_agreement_on_real_rows_is_the_squared_correlation():
    design, weights = RNG.normal(size=(80, 2)), RNG.uniform(0.1, 1, 80)
    answers = design[:, 0] + RNG.normal(size=80)
    found = true_of_data(fit(), near(design, weights), answers, 0.95)
    covariance = np.cov(design[:, 0], answers, aweights=weights)
    expected = covariance[0, 1] ** 2 / covariance[0, 0] / covariance[1, 1]
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high


def test_its_interval_covers_the_truth():
    hits = 0
    for _ in range(400):
        design = RNG.normal(size=(100, 2))
        answers = design[:, 0] + 0.75 * RNG.normal(size=100)
        found = true_of_data(fit(), near(design), answers, 0.95)
        hits += found.low <= 1 / (1 + 0.75**2) <= found.high
    assert hits / 400 == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 400))


def test_the_ends():
    design = RNG.normal(size=(50, 2))
    assert true_of_data(fit(), near(design), -design[:, 0], 0.95).high == 0.0
    assert true_of_data(fit(), near(design), np.full(50, 0.3), 0.95).high == 0.0
    level = fit(slopes=np.zeros(2))
    assert np.isnan(true_of_data(level, near(design), design[:, 0], 0.95).value)
