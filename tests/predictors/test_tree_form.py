from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from alignlab.predictors.tree_form import single, tree_form


def table(missing):
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(200, 3)), 2)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    if missing:
        X[rng.random(X.shape) < 0.2] = np.nan
    return X, y


def walked(form, X):
    """The value of the leaf that each row comes to, one branch after another."""
    found = []
    for row in single(X):
        at = 0
        while not form.leaf[at]:
            cell = row[form.column[at]]
            left = form.missing_left[at] if np.isnan(cell) else cell <= form.threshold[at]
            at = form.left[at] if left else form.right[at]
        found.append(form.value[at])
    return np.array(found)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", [DecisionTreeClassifier, ExtraTreeClassifier])
def test_rows_come_to_the_shares_that_the_tree_answers(kind, missing):
    X, y = table(missing)
    model = kind(max_depth=5, random_state=0).fit(X, np.digitize(y, [-1, 1]))
    form = tree_form(model.tree_)
    np.testing.assert_allclose(walked(form, X), model.predict_proba(X), atol=1e-15)
    assert form.depth == model.get_depth()
    inner = ~form.leaf
    assert (form.left[inner] > np.flatnonzero(inner)).all()
    np.testing.assert_allclose(
        form.cover[form.left[inner]] + form.cover[form.right[inner]], form.cover[inner]
    )


def test_missing_cells_that_training_did_not_have_go_where_the_tree_sends_them():
    X, y = table(False)
    model = DecisionTreeRegressor(max_depth=5, random_state=0).fit(X, y)
    gone = np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.nan, X)
    np.testing.assert_array_equal(walked(tree_form(model.tree_), gone)[:, 0], model.predict(gone))


def test_cells_are_compared_in_single_precision():
    model = DecisionTreeRegressor().fit([[0.0], [1.0]], [2.0, 5.0])
    cells = np.array([[0.5], [0.5 + 1e-9], [np.nextafter(np.float32(0.5), np.float32(1))]])
    assert walked(tree_form(model.tree_), cells)[:, 0].tolist() == [2.0, 2.0, 5.0]
    np.testing.assert_array_equal(model.predict(cells), [2.0, 2.0, 5.0])


def test_of_several_targets_the_first_is_read():
    model = DecisionTreeRegressor().fit([[0.0], [1.0]], [[2.0, 5.0], [1.0, 0.0]])
    form = tree_form(model.tree_)
    assert form.value[form.leaf].tolist() == [[2.0], [1.0]]
