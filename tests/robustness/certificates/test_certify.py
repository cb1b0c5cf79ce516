"""Each kind of model gets its own certificate, or none."""

import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from alignlab.predictors import Predictor, as_predictor
from alignlab.robustness.certificates import certify
from alignlab.robustness.threats import L2, Linf

X, Y = load_iris(return_X_y=True)
X = X / 10
x, y = torch.from_numpy(X), torch.from_numpy(Y)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (LogisticRegression(), "linear"),
        (DecisionTreeClassifier(), "tree"),
        (torch.nn.Linear(4, 3, dtype=torch.float64), "linear"),
        (
            torch.nn.Sequential(
                torch.nn.Linear(4, 8, dtype=torch.float64),
                torch.nn.ReLU(),
                torch.nn.Linear(8, 3, dtype=torch.float64),
            ),
            "interval",
        ),
    ],
)
def test_the_method_goes_by_the_kind(model, method):
    module = isinstance(model, torch.nn.Module)
    predictor = as_predictor(model, classes=range(3)) if module else as_predictor(model.fit(X, Y))
    assert method in certify(predictor, x, y, L2(0.05)).method


def test_where_nothing_is_known_there_is_none():
    forest = as_predictor(RandomForestClassifier(3).fit(X, Y))
    function = Predictor(lambda rows: rows[:, :3], "classification", classes=(0, 1, 2))
    assert certify(forest, x, y, Linf(0.1)) is None
    assert certify(function, x, y, Linf(0.1)) is None
    assert certify(as_predictor(LinearRegression().fit(X, Y)), x, y, Linf(0.1)) is None


def test_a_radius_of_0_is_the_models_own_decision_whatever_it_is():
    forest = RandomForestClassifier(3).fit(X, Y)
    found = certify(as_predictor(forest), x, (y + 1) % 3, Linf(0.0))
    right = torch.from_numpy(forest.predict(X)) == (y + 1) % 3
    assert torch.equal(found.holds, right)
    assert torch.equal(found.broken, ~right)
    assert torch.equal(found.witnesses, x)
