from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.measures import Answers, measure
from alignlab.uncertainty.calibration import brier_decomposition


def total(parts):
    return (
        parts.reliability
        - parts.resolution
        + parts.uncertainty
        + parts.within_bin_variance
        - parts.within_bin_covariance
    )


def test_a_case_by_hand():
    said = np.repeat([0.2, 0.8], 50)
    happened = np.concatenate([np.arange(50) < 20, np.arange(50) < 30]).astype(int)
    parts = brier_decomposition(said, happened)
    assert parts.reliability == pytest.approx(0.2**2, abs=1e-15)
    assert parts.resolution == pytest.approx(0.1**2, abs=1e-15)
    assert parts.uncertainty == 0.25
    assert parts.within_bin_variance == pytest.approx(0, abs=1e-15)
    assert parts.within_bin_covariance == pytest.approx(0, abs=1e-15)
    assert parts.score == pytest.approx(0.04 - 0.01 + 0.25, abs=1e-15)
    assert parts.to_dict()["score"] == parts.score


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 20), st.booleans())
def test_the_parts_add_up_to_the_score(seed, n_classes, bins, weighted):
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.full(n_classes, 0.5), 90)
    happened = rng.integers(0, n_classes, 90)
    weights = rng.exponential(size=90) if weighted else None
    parts = brier_decomposition(said, happened, weights=weights, bins=bins)
    assert total(parts) == pytest.approx(parts.score, abs=1e-12)
    answers = Answers(happened, said.argmax(axis=1), said, weights)
    assert parts.score == pytest.approx(measure("brier", answers).value, abs=1e-12)


def test_three_parts_alone_do_not_add_up_for_continuous_scores():
    rng = np.random.default_rng(0)
    said = rng.random(400)
    parts = brier_decomposition(said, (rng.random(400) < said).astype(int), bins=3)
    three = parts.reliability - parts.resolution + parts.uncertainty
    assert abs(three - parts.score) > 1e-3
    assert total(parts) == pytest.approx(parts.score, abs=1e-13)


def test_the_generalised_resolution_hardly_depends_on_the_bins():
    rng = np.random.default_rng(1)
    said = rng.random(5000)
    happened = (rng.random(5000) < said).astype(int)
    few, many = (brier_decomposition(said, happened, bins=bins) for bins in (2, 50))
    plain = abs(few.resolution - many.resolution)
    assert abs(few.generalised_resolution - many.generalised_resolution) < plain / 10
