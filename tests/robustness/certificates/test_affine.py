"""What is read from a model gives the scores that the model computes; the rest is not read."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC

from alignlab.predictors import Predictor, as_predictor
from alignlab.robustness.certificates.affine import affine_of

X, DIGIT = load_digits(return_X_y=True)
X = X[:, X.std(0) > 1] / 16
TWO = DIGIT > 4

MODELS = [
    LogisticRegression(max_iter=500),
    LinearSVC(),
    SGDClassifier(random_state=0),
    RidgeClassifier(),
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    make_pipeline(StandardScaler(), MinMaxScaler((-1, 3)), LinearSVC()),
    make_pipeline(MaxAbsScaler(), make_pipeline(RobustScaler(), RidgeClassifier())),
    make_pipeline(StandardScaler(with_std=False), "passthrough", SGDClassifier(random_state=0)),
    GridSearchCV(LogisticRegression(max_iter=500, fit_intercept=False), {"C": [1]}, cv=2),
]


def named(model):
    return "-".join(type(step).__name__ for _, step in getattr(model, "steps", [("", model)]))


@pytest.mark.parametrize("y", [DIGIT, TWO], ids=["ten classes", "two classes"])
@pytest.mark.parametrize("model", MODELS, ids=named)
def test_the_scores_are_the_models_own(model, y):
    model.fit(X[:300], y[:300])
    affine = affine_of(as_predictor(model))
    scores = affine.scores(X[300:500])
    own = model.decision_function(X[300:500])
    if own.ndim == 1:
        own = np.column_stack([np.zeros_like(own), own])
    np.testing.assert_allclose(scores, own, atol=1e-9)
    assert (model.classes_[scores.argmax(1)] == model.predict(X[300:500])).all()
    assert (affine.sizes(np.abs(X[300:500])) >= np.abs(scores) - 1e-12).all()


def test_a_score_moves_by_its_slope():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:300], DIGIT[:300])
    affine = affine_of(as_predictor(model))
    moved = X[:1].copy()
    moved[0, 5] += 0.25
    gained = affine.scores(moved) - affine.scores(X[:1])
    np.testing.assert_allclose(gained[0], 0.25 * affine.slopes[:, 5], atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 2, 4])
def test_a_module_is_read_through_what_does_nothing(outputs, bias):
    nn = torch.nn
    linear = nn.Linear(12, outputs, bias=bias)
    module = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Dropout(0.5), linear, nn.Identity()))
    x = torch.rand(5, 3, 2, 2)
    scores = affine_of(as_predictor(module, classes=range(max(outputs, 2)))).scores(
        x.flatten(1).double().numpy()
    )
    own = module.eval()(x).detach().double()
    if outputs == 1:
        own = torch.cat([torch.zeros_like(own), own], 1)
    np.testing.assert_allclose(scores, own.numpy(), atol=1e-6)


class Squared(torch.nn.Linear):
    def forward(self, x):
        return super().forward(x) ** 2


def hooked():
    module = torch.nn.Linear(12, 2)
    module.register_forward_hook(lambda module, given, out: out**2)
    return module


def replaced():
    module = torch.nn.Linear(12, 2)
    module.forward = lambda x: x[:, :2] ** 2
    return module


@pytest.mark.parametrize(
    "module",
    [
        Squared(12, 2),
        hooked(),
        replaced(),
        torch.nn.Sequential(torch.nn.Linear(12, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)),
        torch.nn.Sequential(torch.nn.Flatten(0), torch.nn.Linear(12, 2)),
        torch.nn.Sequential(torch.nn.Flatten()),
    ],
    ids=["subclass", "hook", "replaced forward", "two layers", "another flatten", "no layer"],
)
def test_a_module_that_may_compute_anything_is_not_read(module):
    assert affine_of(as_predictor(module, classes=[0, 1])) is None


@pytest.mark.parametrize(
    "model",
    [
        SGDClassifier(loss="log_loss", random_state=0),
        SGDClassifier(loss="modified_huber", random_state=0),
        make_pipeline(MinMaxScaler(clip=True), LogisticRegression(max_iter=500)),
        make_pipeline(PolynomialFeatures(1), LogisticRegression(max_iter=500)),
        RandomForestClassifier(3),
    ],
    ids=named,
)
def test_an_estimator_that_is_not_surely_linear_is_not_read(model):
    assert affine_of(as_predictor(model.fit(X[:300], DIGIT[:300]))) is None


def test_saturated_probabilities_are_why_one_against_the_rest_is_not_read():
    model = SGDClassifier(loss="log_loss", random_state=0).fit(X[:300], DIGIT[:300])
    far = X[:300] * 1e4
    decided = as_predictor(model)(far).argmax(1)
    assert (decided != model.decision_function(far).argmax(1)).any()


def test_a_threshold_of_the_models_own_is_not_read():
    model = FixedThresholdClassifier(LogisticRegression(max_iter=500), threshold=0.9)
    assert affine_of(as_predictor(model.fit(X[:300], TWO[:300]))) is None
    plain = as_predictor(LogisticRegression(max_iter=500).fit(X[:300], TWO[:300]))
    assert affine_of(plain) is not None
    assert affine_of(replace(plain, decision=lambda p: p[:, 1] > 0.9)) is None
    assert affine_of(Predictor(len, "regression")) is None
    assert affine_of(Predictor(len, "classification", classes=(0, 1))) is None
