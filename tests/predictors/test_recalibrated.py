"""Drop-ins: each kind of model stays what it is, and its probabilities are the map's."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import log_softmax
from sklearn.base import is_classifier
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, as_predictor
from alignlab.predictors.probability_maps import Platt, Temperature, Vector
from alignlab.predictors.recalibrated import RecalibratedClassifier, recalibrated

MAP = Vector((0.5, 1.0, 1.5), (0.3, 0.0, -0.4))
X, Y = load_iris(return_X_y=True)


def test_a_classifier_is_one_for_scikit_learn():
    fitted = LogisticRegression(max_iter=500).fit(X, Y)
    changed = recalibrated(fitted, MAP, keep_decisions=False)
    expected = MAP(np.log(fitted.predict_proba(X)))
    np.testing.assert_allclose(changed.predict_proba(X), expected, rtol=1e-12)
    assert (changed.predict(X) == expected.argmax(1)).all()
    assert is_classifier(changed)
    assert changed.n_features_in_ == 4
    assert permutation_importance(changed, X, Y, scoring="accuracy", n_repeats=1)
    again = pickle.loads(pickle.dumps(changed))
    assert (again.predict_proba(X) == changed.predict_proba(X)).all()
    kept = recalibrated(fitted, MAP)
    assert (kept.predict(X) == fitted.predict(X)).all()
    assert (kept.predict_proba(X).argmax(1) == fitted.predict(X)).all()
    with pytest.raises(ModelError, match="not fitted again"):
        changed.fit(X, Y)
    assert as_predictor(changed).probabilistic
    assert isinstance(changed, RecalibratedClassifier)


@pytest.mark.parametrize("shape", [(), (1,)], ids=["(n,)", "(n, 1)"])
def test_a_module_of_one_logit_keeps_its_shape_and_its_sign(shape):
    module = torch.nn.Flatten(0) if not shape else torch.nn.Identity()
    rows = torch.linspace(-30, 30, 61).reshape(-1, 1)
    changed = recalibrated(module, Platt((0.5,), (2.0,)), keep_decisions=False)
    said = changed(rows)
    assert said.shape == (61, *shape)
    torch.testing.assert_close(said.reshape(-1), 0.5 * rows[:, 0] + 2.0, atol=1e-4, rtol=1e-4)
    kept = recalibrated(module, Platt((0.5,), (2.0,)))(rows).reshape(-1)
    assert ((kept > 0) == (rows[:, 0] > 0)).all()


def test_a_module_has_gradients_and_keeps_its_largest_logit():
    torch.manual_seed(0)
    module = torch.nn.Linear(4, 3)
    changed = recalibrated(module, MAP)
    rows = torch.randn(500, 4, requires_grad=True)
    logits = changed(rows)
    assert (logits.argmax(1) == module(rows).argmax(1)).all()
    torch.nn.functional.cross_entropy(logits, torch.zeros(500, dtype=torch.long)).backward()
    assert torch.isfinite(rows.grad).all()
    assert (rows.grad.abs().sum(1) > 0).all()
    assert changed.training == module.training
    assert logits.dtype == torch.float32
    assert next(changed.parameters()) is next(module.parameters())


def test_a_predictor_hands_out_the_mapped_module_and_agrees_with_it():
    torch.manual_seed(1)
    base = as_predictor(torch.nn.Linear(4, 3).double(), classes=["a", "b", "c"])
    changed = recalibrated(base, MAP)
    assert isinstance(changed, Predictor)
    p = changed(X)
    logits = changed.module(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(p, np.exp(log_softmax(logits, axis=1)), rtol=1e-6)
    assert changed.estimator is None
    assert changed.kind == "torch module, recalibrated (vector)"
    assert base.rows_evaluated == changed.rows_evaluated == 150


def test_a_function_answers_in_the_shape_that_it_had():
    for shape in ((3,), (3, 1)):
        changed = recalibrated(
            lambda rows, shape=shape: np.full(shape, 0.75), Temperature(2.0), classes=[0, 1]
        )
        np.testing.assert_allclose(changed(np.zeros((3, 1))), np.full(shape, 0.9))

    def framed(rows):
        return pd.DataFrame({"b": [0.75] * 3, "a": [0.25] * 3})

    changed = recalibrated(framed, Temperature(2.0), classes=["a", "b"])
    np.testing.assert_allclose(changed(np.zeros((3, 1))), [[0.1, 0.9]] * 3)
    assert changed.__name__ == "framed"
    assert changed(np.zeros((3, 1))).shape == (3, 2)


def test_numbers_are_refused():
    with pytest.raises(InputError, match="calibrate intervals"):
        recalibrated(Predictor(len, "regression"), Temperature(2.0))
