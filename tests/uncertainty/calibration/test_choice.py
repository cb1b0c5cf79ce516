"""Recalibration: what is chosen, that it is never measured where it was fitted, and refusals."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from scipy.stats import ttest_rel
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from alignlab.datasets import row_hashes
from alignlab.errors import AlignlabError, InputError
from alignlab.measures import Answers, measure
from alignlab.predictors import as_predictor
from alignlab.predictors.probability_maps import Identity
from alignlab.uncertainty.calibration.choice import recalibrate
from alignlab.uncertainty.calibration.map_fits import fit_map

CLASSES = ["no", "yes"]


def rows(n=2000, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 1))
    return X, np.where(generator.random(n) < expit(1.5 * X[:, 0]), "yes", "no")


def honest(X):
    return expit(1.5 * np.asarray(X)[:, 0])


def bragging(X):
    return expit(4.5 * np.asarray(X)[:, 0])


def shifted(X):
    return expit(1.5 * np.asarray(X)[:, 0] + 1.5)


def test_a_bragging_model_gets_a_temperature_and_loses_log_loss():
    X, y = rows()
    result = recalibrate(bragging, X, y, classes=CLASSES)
    assert result.method == "temperature"
    assert result.map.temperature == pytest.approx(3, abs=0.35)
    assert result.changes["log_loss"].difference.high < 0
    assert result.changes["brier"].difference.high < 0
    assert result.after.root_mean_square.value < result.before.root_mean_square.value
    assert result.evaluations == len(X)
    assert "log loss falls by" in result.headline
    assert result.decisions == "No held-out row is decided otherwise than before."
    assert result.to_frame().shape == (4, 7)
    assert result.to_dict()["map"]["map"] == "temperature"
    assert result.chart().table.rows
    assert "temperature" in repr(result)


def test_an_honest_model_is_left_alone():
    left = [
        recalibrate(honest, *rows(600, seed), classes=CLASSES, seed=seed).method == "none"
        for seed in range(20)
    ]
    assert np.mean(left) >= 0.7
    X, y = rows()
    result = recalibrate(honest, X, y, classes=CLASSES, method="none")
    assert result.map == Identity()
    np.testing.assert_allclose(result.model(X), honest(X), rtol=1e-13)
    assert "best left as they are" in result.headline


def test_the_report_is_of_held_out_rows_and_of_the_house_measures():
    X, y = rows()
    result = recalibrate(bragging, X, y, classes=CLASSES)
    held = result.held_out
    assert not np.intersect1d(held, result.fitted_on).size
    assert len(held) + len(result.fitted_on) == len(X)
    truth = (y[held] == "yes").astype(int)
    losses = []
    for model in (bragging, result.model):
        p = np.column_stack([1 - model(X[held]), model(X[held])])
        losses.append(-np.log(p[np.arange(len(held)), truth]))
        answers = Answers(truth, p.argmax(1), p)
        side = "before" if model is bragging else "after"
        assert getattr(result.changes["log_loss"], side).value == pytest.approx(
            measure("log_loss", answers).value
        )
        assert getattr(result.changes["brier"], side).value == pytest.approx(
            measure("brier", answers).value
        )
    known = ttest_rel(losses[1], losses[0])
    change = result.changes["log_loss"]
    assert change.p_value == pytest.approx(known.pvalue, rel=1e-6)
    assert change.difference.low == pytest.approx(known.confidence_interval().low)


def test_the_map_is_that_of_the_other_rows_alone(monkeypatch):
    X, y = rows()
    asked = []

    def counted(method, scores, outcomes, weights):
        asked.append((method, len(scores), set(scores[:, 0].tolist())))
        return fit_map(method, scores, outcomes, weights)

    monkeypatch.setattr(sys.modules[recalibrate.__module__], "fit_map", counted)
    result = recalibrate(bragging, X, y, classes=CLASSES)
    held = set(np.log1p(-bragging(X[result.held_out])).tolist())
    assert len(held) == 600
    rounded = [{round(each, 9) for each in seen} for _, _, seen in asked]
    assert not any(seen & {round(each, 9) for each in held} for seen in rounded)
    sizes = [size for _, size, _ in asked]
    assert sizes[-1] == len(result.fitted_on)  # then once on all of them
    assert all(abs(size - 0.8 * sizes[-1]) <= 2 for size in sizes[:-1])  # folds left out
    assert len(sizes) == 5 * 5 + 1
    assert result.map == recalibrate(bragging, X, y, classes=CLASSES).map  # the same seed


@pytest.mark.parametrize("method", ["temperature", "platt", "beta", "isotonic", "vector"])
def test_decisions_are_kept_unless_asked(method):
    X, y = rows()
    kept = recalibrate(shifted, X, y, classes=CLASSES, method=method)
    new = X[:, :] * 1.7
    assert ((kept.model(new) > 0.5) == (shifted(new) > 0.5)).all()
    free = recalibrate(shifted, X, y, classes=CLASSES, method=method, keep_decisions=False)
    if method == "temperature":
        assert free.decided_otherwise == 0
    else:
        assert free.decided_otherwise > 0.2
        assert ((free.model(new) > 0.5) != (shifted(new) > 0.5)).mean() > 0.1
        assert kept.unkept < -0.01
        assert "keep_decisions=False" in kept.decisions
        assert "decided otherwise" in free.decisions


def test_each_kind_of_model_stays_what_it_is():
    X, y = rows()
    fitted = LogisticRegression(C=100).fit(*rows(400, 1))
    result = recalibrate(fitted, X, y)
    assert result.model.predict_proba(X).shape == (len(X), 2)
    assert (result.model.predict(X) == fitted.predict(X)).all()
    assert result.model.classes_.tolist() == CLASSES
    module = torch.nn.Linear(1, 2)
    changed = recalibrate(module, X.astype(np.float32), y, classes=CLASSES).model
    assert isinstance(changed, torch.nn.Module)
    assert changed(torch.zeros(3, 1)).shape == (3, 2)
    predictor = as_predictor(bragging, classes=CLASSES)
    again = recalibrate(predictor, X, y)
    assert again.model.classes == tuple(CLASSES)
    assert again.model.rows_evaluated == 0
    assert predictor.rows_evaluated == len(X)
    assert np.isin(row_hashes(X[again.fitted_on]), again.model.trained_on).all()
    with pytest.raises(InputError, match="also training rows"):  # what the map was fitted on
        recalibrate(again.model, X, y)


def test_three_classes_labels_as_people_write_them_and_weights():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(900, 3))
    p = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    y = pd.Series((generator.random((900, 1)) > p.cumsum(1)[:, :-1]).sum(1)).map(str)

    def sharp(rows):
        return np.exp(3 * rows) / np.exp(3 * rows).sum(1, keepdims=True)

    weights = np.ones(900)
    weights[:100] = 0
    result = recalibrate(sharp, X, y, classes=[0, 1, 2], weights=weights)
    assert [each.method for each in result.candidates] == [
        "none", "temperature", "platt", "vector", "beta", "isotonic",
    ]  # fmt: skip
    assert result.changes["log_loss"].difference.high < 0
    assert min(result.fitted_on.min(), result.held_out.min()) >= 100
    assert result.model(X[:5]).shape == (5, 3)


def test_training_rows_are_refused():
    X, y = rows()
    with pytest.raises(InputError, match="400 of the 2,000 calibration rows are also training"):
        recalibrate(bragging, X, y, classes=CLASSES, training=X[1600:])


class Threshold:
    """A regressor-less stand-in that only decides."""

    classes_ = np.array(CLASSES)

    def predict(self, X):
        return np.where(np.asarray(X)[:, 0] > 0, "yes", "no")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "temprature"}, "Did you mean 'temperature'"),
        ({"level": 1.5}, "not between 0 and 1"),
        ({"test_share": 0}, "not between 0 and 1"),
        ({"test_share": 0.999}, "too few on one side"),
        ({"seed": -1}, "whole number from 0"),
        ({"y": ["no"] * 2000}, "All 2000 rows are of the class 'no'"),
        ({"y": ["maybe"] * 2000}, "none of the model's classes"),
        ({"y": ["no", "yes"]}, "X has 2000 rows, and y has 2"),
        ({"weights": np.ones(3)}, "one a row is expected"),
        ({"weights": np.r_[-1.0, np.ones(1999)]}, "Row 0 has the weight -1"),
        ({"weights": np.r_[np.nan, np.ones(1999)]}, "Row 0 has the weight nan"),
        ({"weights": np.r_[np.ones(20), np.zeros(1980)]}, "20 rows are too few"),
        ({"model": LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])}, "predicts a number"),
        ({"model": Threshold(), "classes": None}, "decisions and no probabilities"),
        (
            {
                "model": FixedThresholdClassifier(LogisticRegression(), threshold=0.3).fit(
                    [[0.0], [1.0], [2.0]], ["no", "yes", "yes"]
                ),
                "classes": None,
            },
            "threshold of its own",
        ),
        ({"model": lambda X: np.full(len(X), np.nan)}, "not a finite number"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(change, said):
    X, y = rows()
    given = {"model": bragging, "X": X, "y": y, "classes": CLASSES, **change}
    if isinstance(given["model"], LinearRegression):
        given["classes"] = None
    with pytest.raises(AlignlabError, match=said) as error:
        recalibrate(given.pop("model"), given.pop("X"), given.pop("y"), **given)
    assert "\n" not in str(error.value)


def test_a_rare_class_leaves_what_needs_no_rows_of_it():
    X, _ = rows(400)
    y = np.array(["no"] * 400, dtype=object)
    y[:4] = "yes"
    result = recalibrate(bragging, X, y, classes=CLASSES)
    assert [each.method for each in result.candidates] == ["none", "temperature"]
    with pytest.raises(InputError, match="platt needs 5 of each"):
        recalibrate(bragging, X, y, classes=CLASSES, method="platt")
    absent = recalibrate(
        lambda rows: np.column_stack([1 - bragging(rows), bragging(rows), 0 * rows[:, 0]]),
        *rows(400),
        classes=[*CLASSES, "never"],
    )
    assert np.isfinite(absent.changes["log_loss"].after.value)


def test_the_tests_size_where_nothing_changes_and_its_intervals():
    """The difference of an honest model under a fixed map covers its true value."""
    covered, n = 0, 60
    truth_X = np.random.default_rng(99).normal(size=50_000)
    p = expit(1.5 * truth_X)
    for seed in range(n):
        X, y = rows(400, seed)
        result = recalibrate(bragging, X, y, classes=CLASSES, method="temperature", seed=seed)
        q = expit(result.map.inverse * 4.5 * truth_X)
        first = expit(4.5 * truth_X)
        gain = np.mean(
            p * (logit_log(first) - logit_log(q))
            + (1 - p) * (logit_log(1 - first) - logit_log(1 - q))
        )
        interval = result.changes["log_loss"].difference
        covered += interval.low <= gain <= interval.high
    assert abs(covered / n - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / n)


def logit_log(p):
    return np.log(np.maximum(p, np.finfo(float).eps))
