from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from alignlab.transparency.outputs import output_of
from alignlab.transparency.shapley.forests import forest_of


def table(n=300, seed=0, missing=False):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(n, 5)), 1)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    if missing:
        X[rng.random(X.shape) < 0.2] = np.nan
    return X, y


def forest(model, **options):
    output = output_of(model, **options)
    return output, forest_of(model, output)


def test_a_stump_is_read_as_it_is():
    model = DecisionTreeRegressor().fit([[0.0], [1.0], [1.0]], [2.0, 5.0, 5.0])
    _, read = forest(model)
    assert read.column.tolist() == [0, -1, -1]
    assert read.threshold[0] == 0.5
    assert (read.left[0], read.right[0], read.depth) == (1, 2, 1)
    assert read.value[1:, 0].tolist() == [2.0, 5.0]
    assert read.cover.tolist() == [3.0, 1.0, 2.0]
    # Halves go left, and the next number of single precision does not.
    cells = read.cells([[0.5], [0.5 + 1e-9], [np.nextafter(np.float32(0.5), np.float32(1))]])
    assert read(cells)[:, 0].tolist() == [2.0, 2.0, 5.0]


@pytest.mark.parametrize(
    ("model", "scale", "classes"),
    [
        (RandomForestRegressor(5, random_state=0), "value", None),
        (ExtraTreesClassifier(5, random_state=0), "probability", 3),
        (GradientBoostingRegressor(n_estimators=9), "value", None),
        (GradientBoostingRegressor(n_estimators=9, init="zero"), "value", None),
        (GradientBoostingClassifier(n_estimators=9), "log odds", 2),
        (HistGradientBoostingRegressor(max_iter=9, loss="absolute_error"), "value", None),
        (HistGradientBoostingClassifier(max_iter=9), "log odds", 2),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_the_trees_sum_is_the_models_answer_but_for_a_constant(model, scale, classes):
    gaps = not isinstance(model, GradientBoostingClassifier | GradientBoostingRegressor)
    X, y = table(missing=gaps)
    if classes:
        y = np.digitize(y, [0, 1][: classes - 1])
    output, read = forest(model.fit(X, y), scale=scale)
    apart = output(X) - read(read.cells(X))
    assert np.ptp(apart, axis=0).max() < 1e-12


def test_every_leafs_cover_and_path_are_the_trees():
    X, y = table()
    model = RandomForestRegressor(3, random_state=0).fit(X, y)
    _, read = forest(model)
    inner = read.column >= 0
    below = read.cover[read.left[inner]] + read.cover[read.right[inner]]
    np.testing.assert_allclose(below, read.cover[inner])
    assert read.depth == max(tree.get_depth() for tree in model.estimators_)
    assert (read.cover[read.roots] == 300).all()


def test_boosted_trees_of_histograms_have_the_cover_of_their_nodes():
    X, y = table(missing=True)
    _, read = forest(HistGradientBoostingRegressor(max_iter=3).fit(X, y))
    inner = read.column >= 0
    below = read.cover[read.left[inner]] + read.cover[read.right[inner]]
    np.testing.assert_array_equal(below, read.cover[inner])


def test_what_is_no_sum_of_trees_is_none():
    X, y = table()
    assert forest(LinearRegression().fit(X, y))[1] is None
    two = HistGradientBoostingClassifier(max_iter=3).fit(X, y > 0)
    assert forest(two, scale="probability")[1] is None
    assert forest(two, scale="decision")[1] is None

    class RandomForest(RandomForestRegressor):
        """One's own estimator may answer by another rule: it is not opened."""

    assert forest(RandomForest(3).fit(X, y))[1] is None
