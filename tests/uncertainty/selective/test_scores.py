from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.posterior import PosteriorPredictive
from alignlab.uncertainty.selective import confidence_score

SAID = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])


def test_scores_by_hand():
    assert confidence_score(SAID).tolist() == [0.7, 1, 1 / 3]
    np.testing.assert_allclose(confidence_score(SAID, "margin"), [0.5, 1, 0], atol=1e-15)
    np.testing.assert_allclose(confidence_score(SAID, "entropy")[1:], [0, -np.log(3)])


@pytest.mark.parametrize("score", ["max_probability", "margin", "entropy"])
def test_two_classes_are_put_in_one_order(score):
    p = np.random.default_rng(0).random(50)
    seen = confidence_score(np.column_stack([p, 1 - p]), score)
    assert (np.argsort(seen) == np.argsort(abs(p - 0.5))).all()


def test_what_models_disagree_about_is_the_least_sure():
    samples = np.array([[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]] * 4)
    drawn = PosteriorPredictive(samples, "eight passes", classes=("no", "yes"))
    sure = confidence_score(drawn, "mutual_information")
    assert sure[0] > sure[1]
    assert confidence_score(drawn).tolist() == [0.5, 0.5]


def test_predicted_numbers_have_a_variance():
    means = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 6.0]])
    drawn = PosteriorPredictive(means, "three passes")
    assert confidence_score(drawn, "variance").tolist() == [0, -4]
    noisy = PosteriorPredictive(means, "three passes", noise_variance=np.array([1.0, 1.0]))
    assert confidence_score(noisy, "variance").tolist() == [-1, -5]


@pytest.mark.parametrize(
    ("answers", "score", "words"),
    [
        (SAID, "margins", "Did you mean 'margin'"),
        (SAID, "mutual_information", "needs a posterior predictive"),
        (SAID[:, 0], "entropy", "have no column for each class"),
        (SAID * 9, "margin", "Row 0 has the probability 6.3: it lies between 0 and 1"),
    ],
)
def test_what_cannot_be_used_is_said(answers, score, words):
    with pytest.raises(InputError, match=words):
        confidence_score(answers, score)
