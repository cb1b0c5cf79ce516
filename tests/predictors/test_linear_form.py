from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from alignlab.predictors.linear_form import linear_form

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + RNG.normal(size=60)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", [LogisticRegression(), LinearSVC(), RidgeClassifier()], ids=str)
def test_the_scores_are_the_decision_function(model, classes):
    model.fit(X, np.digitize(Y, [0, 1][: classes - 1]))
    told = model.decision_function(X).reshape(60, -1)
    np.testing.assert_allclose(linear_form(model).scores(X), told, atol=1e-12)


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(fit_intercept=False)], ids=str)
def test_the_score_is_the_value(model):
    form = linear_form(model.fit(X, Y))
    np.testing.assert_allclose(form.scores(X)[:, 0], model.predict(X), atol=1e-12)
    assert form.intercept.shape == (1,)


def test_sparse_weights_are_read():
    model = SGDClassifier(random_state=0).fit(X, Y > 0)
    dense = linear_form(model).weights
    np.testing.assert_array_equal(linear_form(model.sparsify()).weights, dense)


def test_what_has_no_weights_has_no_form():
    assert linear_form(DecisionTreeClassifier()) is None
