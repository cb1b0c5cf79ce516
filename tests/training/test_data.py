"""What rows become, how they are split and in what order they are learned from."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignlab.datasets.images import ImageData
from alignlab.errors import InputError
from alignlab.training.data import (
    as_training_data,
    batch_count,
    batches,
    require_fitting,
    rows_of,
    split_rows,
)
from alignlab.training.objective import TrainingData


def test_labels_become_positions_and_columns_codes():
    data = as_training_data(
        (np.eye(4), ["b", "a", "b", "a"]), columns={"sex": ["m", None, "f", "m"], "n": [3, 1, 1, 3]}
    )
    assert data.classes == ("a", "b")
    assert data.y.tolist() == [1, 0, 1, 0]
    assert data.columns["sex"].tolist() == [1, -1, 0, 1]
    assert data.levels == {"sex": ("f", "m"), "n": ("1", "3")}
    part = rows_of(data, [2, 0])
    assert part.y.tolist() == [1, 1]
    assert part.columns["sex"].tolist() == [0, 1]


def test_whole_numbers_are_positions_among_the_logits():
    data = as_training_data((torch.zeros(3, 2), [0, 2, 0]))
    assert data.classes == ("0", "1", "2")
    assert data.y.tolist() == [0, 2, 0]


def test_images_bring_their_columns():
    images = ImageData(
        np.zeros((2, 1, 4, 4)), ["cat", "dog"], columns=pd.DataFrame({"breed": ["x", "y"]})
    )
    data = as_training_data(images)
    assert data.classes == ("cat", "dog")
    assert data.levels["breed"] == ("x", "y")
    assert as_training_data(data) is data


@given(
    st.lists(st.integers(0, 3), min_size=10, max_size=60),
    st.floats(0.1, 0.9),
    st.integers(0, 5),
)
def test_a_split_takes_every_class_alike_and_every_row_once(labels, share, seed):
    first, second = split_rows(labels, share, seed=seed)
    assert sorted([*first, *second]) == list(range(len(labels)))
    assert len(second) == round(share * len(labels))
    for value in set(labels):
        count = labels.count(value)
        taken = sum(labels[row] == value for row in second)
        assert abs(taken - len(second) * count / len(labels)) < 1
    again = split_rows(labels, share, seed=seed)
    assert all((a == b).all() for a, b in zip(again, (first, second), strict=True))


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 3))
def test_batches_hold_every_row_once_and_none_is_alone(n, size, epoch):
    parts = list(batches(n, size, seed=1, epoch=epoch))
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert len(parts) == batch_count(n, size)
    assert max(map(len, parts)) <= size + 1
    if size > 1 and n > 1:
        assert min(map(len, parts)) > 1


def test_every_epoch_has_an_order_of_its_own():
    orders = [np.concatenate(list(batches(30, 7, seed=1, epoch=each))).tolist() for each in (0, 1)]
    assert orders[0] != orders[1]
    assert orders[0] == np.concatenate(list(batches(30, 7, seed=1, epoch=0))).tolist()


NAN = np.array([[0.0], [np.nan]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.zeros((0, 2)), []), "no rows"),
        ((NAN, [0, 1]), "Row 1 holds what is not a finite number"),
        ((np.zeros((3, 1)), [0, 0, 0]), "are of one class"),
        ((np.zeros((3, 1)), [0, 1]), r"shape \(3, 1\) and y \(2,\)"),
        ((np.zeros((2, 1)), [0, -1]), "Row 1 has the class -1"),
        ((pd.DataFrame({"a": ["x", "y"]}), [0, 1]), "Column 'a' holds"),
        (([["x"], ["y"]], [0, 1]), "X holds <U1, and a module takes numbers"),
        (np.zeros((2, 1)), r"a pair \(X, y\)"),
        (TrainingData(torch.zeros(2, 1), torch.tensor([0, 2]), ("a", "b")), "there are 2 classes"),
        (TrainingData(torch.zeros(2, 1).long(), torch.tensor([0, 1]), ("a", "b")), "floats"),
        (
            TrainingData(
                torch.zeros(2, 1), torch.tensor([0, 1]), ("a", "b"), {"g": torch.zeros(3)}
            ),
            "column 'g' has the shape",
        ),
    ],
)
def test_rows_that_teach_nothing_are_refused(data, message):
    with pytest.raises(InputError, match=message) as told:
        as_training_data(data)
    assert "\n" not in str(told.value)


def test_a_module_that_does_not_fit_is_refused():
    data = as_training_data((np.zeros((4, 3)), [0, 1, 2, 0]))
    data = TrainingData(data.x.float(), data.y, data.classes)
    require_fitting(torch.nn.Linear(3, 3), data)
    with pytest.raises(InputError, match="returns 2 logits a row, and the data has 3 classes"):
        require_fitting(torch.nn.Linear(3, 2), data)
    with pytest.raises(InputError, match=r"does not take rows of shape \(3,\)"):
        require_fitting(torch.nn.Linear(4, 3), data)
    with pytest.raises(InputError, match="one logit a class is expected"):
        require_fitting(torch.nn.Unflatten(1, (3, 1)), data)
    with pytest.raises(InputError, match="returns a tuple"):
        require_fitting(torch.nn.RNN(3, 3), data)
