"""What is wrong with a model, its rows or their classes is said at the door, in one line."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

from alignlab.errors import InputError
from alignlab.robustness.subjects import as_subject
from alignlab.robustness.threats import Linf

X, Y = load_iris(return_X_y=True)
X = X / 8


def test_a_module_has_as_many_classes_as_it_has_logits(linear):
    module, x, y = linear(classes=3)
    subject = as_subject(module, x, y, Linf(0.1))
    assert subject.predictor.classes == (0, 1, 2)
    assert subject.has_gradients
    assert as_subject(linear(classes=1)[0], x, y * 0, Linf(0.1)).predictor.classes == (0, 1)


def test_a_function_has_as_many_classes_as_it_has_answers():
    subject = as_subject(lambda rows: np.full((len(rows), 3), 1 / 3), X, Y, Linf(0.1))
    assert subject.predictor.classes == (0, 1, 2)
    assert not subject.has_gradients


def test_names_of_classes_become_their_positions():
    names = np.array(["setosa", "versicolor", "virginica"])[Y]
    model = LogisticRegression(max_iter=1000).fit(X, names)
    assert (as_subject(model, X, names, Linf(0.1)).y.numpy() == Y).all()


@pytest.mark.parametrize(
    ("rows", "classes", "message"),
    [
        (X[:0], Y[:0], "There is no row to attack"),
        (X, Y[:3], "There are 150 rows in X and 3 classes in y"),
        (X, np.eye(3)[Y], r"y has the shape \(150, 3\)"),
        (X, Y + 1, "has the label '3', which is none of the model's classes"),
        (X * 8, Y, "Row 0 lies outside the box from 0 to 1"),
        (pd.DataFrame(X).assign(job="clerk"), Y, "Column 'job' holds str"),
    ],
)
def test_what_cannot_be_attacked_is_said(rows, classes, message):
    with pytest.raises(InputError, match=message):
        as_subject(lambda rows: np.full((len(rows), 3), 1 / 3), rows, classes, Linf(0.1))


def test_a_model_of_numbers_is_refused():
    with pytest.raises(InputError, match="predicts a number"):
        as_subject(LinearRegression().fit(X, Y), X, Y, Linf(0.1))


def test_what_was_given_comes_back_in_its_form(linear):
    module, x, y = linear()
    assert isinstance(as_subject(module, x, y, Linf(0.1)).as_given(x), torch.Tensor)
    given = as_subject(module, x.numpy(), y, Linf(0.1)).as_given(x)
    assert isinstance(given, np.ndarray)
    assert given.dtype == np.float64


def test_a_radius_alone_is_no_threat(linear):
    with pytest.raises(InputError, match=r"0.1 is no threat. Give one, such as Linf\(0.1\)"):
        as_subject(*linear(), 0.1)
