from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, roc_auc_score

from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.fairness import score_by_group
from alignlab.measures import Answers


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    score = rng.random(400)
    outcome = (rng.random(400) < score).astype(int)
    groups = Grouping("g", rng.integers(0, 2, 400).astype(np.intp), ("a", "b"))
    weights = rng.gamma(2, 1, 400)
    return score, outcome, groups, weights


@pytest.mark.parametrize("favourable", [0, 1])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_agree_with_numpy_and_scikit_learn(rows, favourable, weighted):
    score, outcome, groups, weights = rows
    weights = weights if weighted else None
    answers = Answers(outcome, outcome, np.column_stack([1 - score, score]), weights)
    s = score if favourable == 1 else 1 - score
    y = (outcome == favourable).astype(int)
    for group in (0, 1):
        at = groups.codes == group
        w = None if weights is None else weights[at]
        expected = {
            "mean_score": np.average(s[at], weights=w),
            "calibration_gap": np.average(s[at] - y[at], weights=w),
            "absolute_error": mean_absolute_error(y[at], s[at], sample_weight=w),
            "auc": roc_auc_score(y[at], s[at], sample_weight=w),
        }
        for name, value in expected.items():
            found = score_by_group(name, answers, groups, favourable=favourable)[group]
            assert found.value == pytest.approx(value, rel=1e-10)


def test_regression_scores_are_the_values_themselves():
    answers = Answers(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
    groups = Grouping("g", np.array([0, 0, 1], dtype=np.intp), ("a", "b"))
    means = [each.value for each in score_by_group("mean_score", answers, groups)]
    errors = [each.value for each in score_by_group("absolute_error", answers, groups)]
    gaps = [each.value for each in score_by_group("calibration_gap", answers, groups)]
    assert (means, errors, gaps) == ([1.75, 3.0], [0.25, 1.0], [0.25, -1.0])


def test_a_group_with_one_class_has_no_auc():
    answers = Answers(
        np.array([0, 1, 1]), np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    )
    groups = Grouping("g", np.array([0, 0, 1], dtype=np.intp), ("a", "b"))
    first, second = score_by_group("auc", answers, groups, favourable=1)
    assert first.value == 1
    assert second is None


def test_a_group_of_weight_zero_has_no_mean():
    answers = Answers(np.array([0.0, 1.0]), np.array([0.0, 1.0]), None, np.array([1.0, 0.0]))
    groups = Grouping("g", np.array([0, 1], dtype=np.intp), ("a", "b"))
    assert score_by_group("mean_score", answers, groups)[1] is None


def test_an_unknown_measure_is_refused_with_the_nearest_name(rows):
    _, outcome, groups, _ = rows
    with pytest.raises(InputError, match="Did you mean 'mean_score'"):
        score_by_group("mean_scor", Answers(outcome, outcome), groups)
