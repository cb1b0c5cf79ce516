"""Fitted estimators as draws from a posterior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alignlab.errors import InputError
from alignlab.uncertainty.posterior.estimators import (
    bootstrap_members,
    bootstrap_predictive,
    forest_spread,
)


def data(n=90, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 3))
    return X, np.array(["low", "mid", "top"])[np.digitize(X[:, 0], [-0.5, 0.5])]


@pytest.mark.parametrize("columns", [1.0, 0.7])
@pytest.mark.parametrize("base", [LogisticRegression(), RidgeClassifier()])
def test_bagged_classifiers_average_to_the_ensemble(base, columns):
    X, y = data()
    bagging = BaggingClassifier(base, 12, max_features=columns, random_state=0).fit(X, y)
    drawn = bootstrap_predictive(bagging, X)
    assert drawn.classes == ("low", "mid", "top")
    np.testing.assert_allclose(drawn.mean, bagging.predict_proba(X), atol=1e-12)
    assert drawn.evaluations == 12 * 90


def test_bagged_members_that_lack_a_class_say_0():
    X, y = data(60)
    y[:] = np.where(X[:, 0] > 0, "top", "low")
    y[0] = "odd"
    bagging = BaggingClassifier(KNeighborsClassifier(3), 10, random_state=0).fit(X, y)
    lacking = [len(member.classes_) == 2 for member in bagging.estimators_]
    assert any(lacking)
    assert not all(lacking)
    drawn = bootstrap_predictive(bagging, pd.DataFrame(X))
    np.testing.assert_allclose(drawn.mean, bagging.predict_proba(X), atol=1e-12)
    assert (drawn.samples[lacking][:, :, drawn.classes.index("odd")] == 0).all()


def test_bagged_regressors_on_some_columns():
    X, _ = data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    bagging = BaggingRegressor(LinearRegression(), 8, max_features=2, random_state=0)
    bagging.fit(frame, X[:, 0])
    drawn = bootstrap_predictive(bagging, frame[["c", "a", "b"]], noise_variance=0.5)
    np.testing.assert_allclose(drawn.mean, bagging.predict(frame), atol=1e-12)
    assert (drawn.aleatoric == 0.5).all()


def test_the_spread_of_a_mean_is_its_standard_error():
    """A model that answers the mean: its bootstrap variance is known exactly."""
    y = np.random.default_rng(0).normal(size=40)
    X = np.zeros((40, 1))
    members = bootstrap_members(lambda X, y: DummyRegressor().fit(X, y), X, y, members=1000, seed=3)
    drawn = bootstrap_predictive(members, X[:1])
    exact = np.var(y) / 40
    assert drawn.epistemic[0] == pytest.approx(exact, rel=4 * np.sqrt(2 / 1000))
    assert members.counts.shape == (1000, 40)


def test_members_refit_by_the_callers_function_repeat():
    X, y = data()
    base = make_pipeline(StandardScaler(), LogisticRegression())

    def fit(X, y):
        return clone(base).fit(X, y)

    first, again = (bootstrap_members(fit, X, y, members=5, seed=1) for _ in range(2))
    assert (first.counts == again.counts).all()
    assert (
        bootstrap_predictive(first, X).samples.tobytes()
        == bootstrap_predictive(again, X).samples.tobytes()
    )
    more = bootstrap_members(fit, X, y, members=6, seed=1)
    assert (more.counts[:5] == first.counts).all()


def test_members_are_matched_by_label():
    X, y = data()
    two = LogisticRegression().fit(X[y != "low"], y[y != "low"])
    three = LogisticRegression().fit(X, y)
    drawn = bootstrap_predictive([two, three], X)
    assert drawn.classes == ("low", "mid", "top")
    np.testing.assert_allclose(drawn.samples[0][:, 1:], two.predict_proba(X), atol=1e-12)
    ordered = bootstrap_predictive([two, three], X, classes=("top", "mid", "low"))
    np.testing.assert_allclose(ordered.samples, drawn.samples[:, :, ::-1], atol=1e-12)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_trees_average_to_the_forest(kind):
    X, y = data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    forest = kind(25, min_samples_leaf=3, random_state=0).fit(frame, y)
    drawn = forest_spread(forest, frame[["b", "c", "a"]])
    np.testing.assert_allclose(drawn.mean, forest.predict_proba(frame), atol=1e-12)
    assert drawn.passes == 25


def test_a_forest_in_a_pipeline():
    X, _ = data()
    model = make_pipeline(StandardScaler(), RandomForestRegressor(15, random_state=0))
    model.fit(X, X[:, 1])
    np.testing.assert_allclose(forest_spread(model, X).mean, model.predict(X), atol=1e-12)


def test_pure_leaves_leave_nothing_aleatoric():
    X, y = data(200)
    y = np.random.default_rng(1).permutation(y)  # nothing can be known
    pure = RandomForestClassifier(60, random_state=0).fit(X, y)
    broad = RandomForestClassifier(60, min_samples_leaf=30, random_state=0).fit(X, y)
    new = np.random.default_rng(2).normal(size=(50, 3))
    assert forest_spread(pure, new).expected_entropy.max() < 1e-12
    told = forest_spread(broad, new)
    assert (told.expected_entropy > 0.9 * told.entropy).all()


def test_bad_input():
    X, y = data()
    boosted = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    with pytest.raises(InputError, match="GradientBoostingClassifier are not fits of one model"):
        bootstrap_predictive(boosted, X)
    forest = RandomForestClassifier(3).fit(X, y)
    with pytest.raises(InputError, match="asked by forest_spread"):
        bootstrap_predictive(forest, X)
    with pytest.raises(InputError, match="no fitted random forest"):
        forest_spread(LogisticRegression().fit(X, y), X)
    with pytest.raises(InputError, match=r"reads 3 columns, and X has shape \(90, 2\)"):
        forest_spread(forest, X[:, :2])
    one = LogisticRegression().fit(X, y)
    with pytest.raises(InputError, match="among the members twice"):
        bootstrap_predictive([one, one], X)
    with pytest.raises(InputError, match="1 members, and a spread"):
        bootstrap_predictive([one], X)
    with pytest.raises(InputError, match="Some members are classifiers"):
        bootstrap_predictive([one, LinearRegression().fit(X, X[:, 0])], X)
    with pytest.raises(InputError, match="same model twice"):
        bootstrap_members(lambda X, y: one.fit(X, y), X, y, members=3)
    with pytest.raises(InputError, match="90 rows in X and 89 in y"):
        bootstrap_members(lambda X, y: one, X, y[:-1])
    with pytest.raises(InputError, match="members=1 is not"):
        bootstrap_members(lambda X, y: one, X, y, members=1)
