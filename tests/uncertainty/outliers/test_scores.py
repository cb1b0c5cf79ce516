import numpy as np
import pytest
import torch
from scipy import special, stats

from alignlab.errors import InputError
from alignlab.uncertainty.outliers.scores import (
    ANSWER_SCORES,
    energy_score,
    entropy_score,
    max_logit_score,
    max_probability_score,
)

LOGITS = np.random.default_rng(0).normal(0, 3, (50, 4))


def test_two_rows_by_hand():
    logits = np.log([[8.0, 1.0, 1.0], [2.0, 2.0, 1.0]])
    assert max_probability_score(logits=logits) == pytest.approx([0.2, 0.6])
    assert max_logit_score(logits=logits) == pytest.approx([-np.log(8), -np.log(2)])
    assert energy_score(logits=logits) == pytest.approx([-np.log(10), -np.log(5)])
    assert energy_score(logits=logits, temperature=2)[1] == pytest.approx(
        -2 * np.log(2 * np.sqrt(2) + 1)
    )


def test_they_are_what_other_libraries_compute():
    p = special.softmax(LOGITS, axis=1)
    assert entropy_score(logits=LOGITS) == pytest.approx(stats.entropy(p, axis=1), rel=1e-12)
    assert max_probability_score(probabilities=p) == pytest.approx(1 - p.max(axis=1), rel=1e-12)
    energy = -torch.logsumexp(torch.from_numpy(LOGITS), dim=1).numpy()
    assert energy_score(logits=torch.from_numpy(LOGITS)) == pytest.approx(energy, rel=1e-12)


@pytest.mark.parametrize("name", ANSWER_SCORES)
def test_larger_is_more_unusual(name):
    """A sure row, one less sure, and one that says nothing: in this order, for every score."""
    rows = np.array([[9.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert (np.diff(ANSWER_SCORES[name](logits=rows)) > 0).all()


@pytest.mark.parametrize(
    ("score", "moves"),
    [
        (max_probability_score, 0.0),
        (entropy_score, 0.0),
        (max_logit_score, -7.0),
        (energy_score, -7.0),
    ],
)
def test_a_constant_added_to_the_logits(score, moves):
    moved = score(logits=LOGITS + 7) - score(logits=LOGITS)
    assert moved == pytest.approx(moves, abs=1e-12)


def test_very_sure_rows_are_not_tied():
    """As a difference from 1 both would be 0."""
    rows = np.array([[60.0, 0.0], [50.0, 0.0]])
    for score in (max_probability_score, entropy_score):
        first, second = score(logits=rows)
        assert 0 < first < second
    first, second = entropy_score(logits=rows)
    assert second == pytest.approx(51 * np.exp(-50), rel=1e-6)
    # Float32 has rounded the largest to 1; the other column still tells the rows apart.
    p = np.array([[1.0, 1e-20], [1.0, 1e-10]], dtype=np.float32)
    assert np.diff(max_probability_score(probabilities=p))[0] > 0


def test_one_logit_treats_both_classes_alike():
    one = np.array([4.0, -4.0, 0.0])
    for score in ANSWER_SCORES.values():
        yes, no, neither = score(logits=one)
        assert yes == pytest.approx(no)
        assert neither > yes
    p = special.expit(4.0)
    assert max_probability_score(logits=one)[0] == pytest.approx(1 - p)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy_score(), "Neither was given"),
        (lambda: entropy_score(logits=[[1.0, 2.0]], probabilities=[[0.5, 0.5]]), "Both were given"),
        (lambda: entropy_score(probabilities=[[0.5, 0.5], [2.0, 1.0]]), "Row 1 of probabilities"),
        (lambda: entropy_score(probabilities=[0.5, 0.5]), r"shape \(2,\)"),
        (lambda: energy_score(logits=[[1.0, np.nan]]), "Row 0 of logits is not finite"),
        (lambda: energy_score(logits=[[1.0, 2.0]], temperature=0), "temperature=0 is not"),
        (lambda: max_logit_score(logits=[["a"]]), "not an array of numbers"),
        (lambda: max_logit_score(logits=np.zeros((1, 2, 3))), r"shape \(1, 2, 3\)"),
    ],
)
def test_what_cannot_be_used_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()
