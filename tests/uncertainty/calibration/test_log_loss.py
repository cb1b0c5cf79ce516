from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss

from alignlab.uncertainty.calibration import log_loss_decomposition


def total(parts):
    return parts.uncertainty - parts.resolution + parts.reliability + parts.within_cells


def test_a_case_by_hand():
    said = np.repeat([0.2, 0.8], 50)
    happened = np.concatenate([np.arange(50) < 20, np.arange(50) < 30]).astype(int)
    parts = log_loss_decomposition(said, happened)
    divergence = 0.4 * np.log(0.4 / 0.2) + 0.6 * np.log(0.6 / 0.8)
    assert parts.reliability == pytest.approx(divergence, abs=1e-14)
    assert parts.uncertainty == pytest.approx(np.log(2), abs=1e-14)
    resolution = 0.4 * np.log(0.4 / 0.5) + 0.6 * np.log(0.6 / 0.5)
    assert parts.resolution == pytest.approx(resolution, abs=1e-14)
    assert parts.within_cells == pytest.approx(0, abs=1e-14)
    assert parts.cells == 2
    assert parts.to_dict()["score"] == parts.score


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 20), st.booleans(), st.booleans()
)
def test_the_parts_add_up_to_the_score(seed, n_classes, bins, weighted, logits):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (90, n_classes))
    scores = scores[:, 0] if n_classes == 1 else scores
    happened = rng.integers(0, max(n_classes, 2), 90)
    said = special.expit(scores) if n_classes == 1 else special.softmax(scores, axis=1)
    weights = rng.exponential(size=90) if weighted else None
    given_as = scores if logits else said
    parts = log_loss_decomposition(given_as, happened, weights=weights, bins=bins, logits=logits)
    assert total(parts) == pytest.approx(parts.score, abs=1e-12)
    labels = range(max(n_classes, 2))
    peer = log_loss(happened, said, sample_weight=weights, labels=labels)
    assert parts.score == pytest.approx(peer, abs=1e-12)
    assert parts.reliability >= 0
    assert parts.resolution >= -1e-15


def test_three_parts_alone_do_not_add_up_for_continuous_scores():
    rng = np.random.default_rng(0)
    said = rng.random(400)
    parts = log_loss_decomposition(said, (rng.random(400) < said).astype(int), bins=3)
    assert abs(parts.within_cells) > 1e-3
    assert total(parts) == pytest.approx(parts.score, abs=1e-13)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(3), 60).round(1)
    said /= said.sum(axis=1, keepdims=True)
    happened = np.array([rng.choice(3, p=row) for row in said])
    order = rng.permutation(60)
    one = log_loss_decomposition(said, happened, bins=6)
    other = log_loss_decomposition(said[order], happened[order], bins=6)
    assert list(one.to_dict().values()) == pytest.approx(list(other.to_dict().values()), abs=1e-13)


def test_what_was_called_impossible_and_happened_costs_infinitely():
    parts = log_loss_decomposition([0.0] * 30 + [1.0] * 30, [1] + [0] * 29 + [1] * 30)
    assert parts.score == parts.reliability == np.inf
    assert np.isfinite([parts.uncertainty, parts.resolution, parts.within_cells]).all()
    sure = log_loss_decomposition(np.repeat([0.0, 1.0], 30), np.repeat([0, 1], 30))
    assert sure.score == sure.reliability == sure.within_cells == 0.0


def test_logits_keep_what_probabilities_round_away():
    parts = log_loss_decomposition([40.0] * 20 + [-40.0] * 20, [1] * 19 + [0] * 21, logits=True)
    assert parts.score == pytest.approx(1.0, abs=1e-12)
    assert total(parts) == pytest.approx(parts.score, abs=1e-12)


def test_reliability_of_a_calibrated_model_is_the_noise_that_is_named():
    rng = np.random.default_rng(1)
    seen = []
    for _ in range(200):
        said = rng.dirichlet(np.ones(3), 3000)
        happened = (rng.random((3000, 1)) > said.cumsum(axis=1)).sum(axis=1)
        parts = log_loss_decomposition(said, happened)
        seen.append(parts.reliability * 2 * 3000 / (parts.cells * 2))
    assert abs(np.mean(seen) - 1) < 4 * np.std(seen) / np.sqrt(200) + 0.02
