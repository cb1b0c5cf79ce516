"""A weighted row counts as if it stood there more than once."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from alignlab.errors import InputError
from alignlab.training import Batch, CrossEntropy, WeightedCrossEntropy, as_training_data, fit
from alignlab.training.data import rows_of


def value(term, data, rows, module=None):
    module = module or nn.Identity()
    part = rows_of(data, rows)
    term.prepare(module, data)
    return term.value(
        Batch(module, part.x, part.y, part.columns, torch.tensor(rows), torch.Generator())
    )


def made(weights, labels=(0, 1, 1, 0)):
    x = np.log(np.array([[3.0, 1.0], [1.0, 1.0], [1.0, 3.0], [1.0, 3.0]]))
    return as_training_data((x[: len(labels)], np.array(labels)), columns={"weight": weights})


def test_by_hand():
    """-log of 3/4, 1/2, 3/4 and 1/4, weighted 1, 0, 2 and 1, whose mean is 1."""
    lost = math.log(4 / 3) + 0 + 2 * math.log(4 / 3) + math.log(4)
    found = value(WeightedCrossEntropy(), made([1.0, 0.0, 2.0, 1.0]), [0, 1, 2, 3])
    assert found.item() == pytest.approx(lost / 4)


@pytest.mark.parametrize("scale", [1.0, 0.001, 40.0])
def test_weights_that_are_all_alike_are_none(scale):
    data = made([scale] * 4)
    assert value(WeightedCrossEntropy(), data, [0, 1, 2, 3]).item() == pytest.approx(
        value(CrossEntropy(), data, [0, 1, 2, 3]).item()
    )


def test_the_batches_of_an_epoch_are_together_the_whole():
    data = made([0.9, 0.1, 0.4, 0.6])
    whole = value(WeightedCrossEntropy(), data, [0, 1, 2, 3])
    halves = [value(WeightedCrossEntropy(), data, rows) for rows in ([0, 3], [1, 2])]
    assert whole.item() == pytest.approx(sum(halves).item() / 2)


def test_training_follows_the_rows_that_are_trusted():
    x = np.array([[0.0], [0.0], [1.0], [1.0]] * 8, np.float32)
    y = np.array([0, 1, 1, 0] * 8)
    data = as_training_data((x, y), columns={"weight": [0.9, 0.1, 0.9, 0.1] * 8})
    torch.manual_seed(0)
    done = fit(
        nn.Linear(1, 2), data, [WeightedCrossEntropy()], validation=None, epochs=200,
        learning_rate=0.1,
    )  # fmt: skip
    with torch.no_grad():
        chances = done.module(torch.tensor([[0.0], [1.0]])).softmax(1)[:, 1]
    # Unweighted, the labels of each row are half and half.
    assert chances[0] < 0.25
    assert chances[1] > 0.75


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1.0, None, 1.0, 1.0], "Row 1 has no weight"),
        ([1.0, -0.5, 1.0, 1.0], "holds '-0.5', and weights are numbers from 0"),
        (["a", "b", "b", "a"], "holds 'a'"),
        ([0.0] * 4, "All weights in the column 'weight' are 0"),
    ],
)
def test_what_is_no_weight_is_refused_before_the_first_step(weights, says):
    with pytest.raises(InputError, match=says):
        value(WeightedCrossEntropy(), made(weights), [0])


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match="Did you mean 'weight'"):
        value(WeightedCrossEntropy(column="wieght"), made([1.0] * 4), [0])
