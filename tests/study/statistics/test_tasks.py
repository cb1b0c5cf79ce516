from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.study.statistics.tasks import as_tasks, spread_of, undefined


def test_shapes_that_mean_the_same():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 4))
    for given in (values, values.tolist(), list(values), [tuple(row) for row in values]):
        assert as_tasks(given).sizes.tolist() == [4, 4, 4]
    assert as_tasks(values[0]).sizes.tolist() == [4]
    frame = pd.DataFrame(values, index=[7, 8, 9])
    assert as_tasks(frame).means.tolist() == as_tasks(values).means.tolist()
    assert as_tasks(frame[0]).sizes.tolist() == [3]
    assert as_tasks(as_tasks(values)).n == 12
    assert as_tasks([[1.0, 2.0], [], [3.0]]).sizes.tolist() == [2, 0, 1]


def test_weights_by_cluster():
    """Two splits of one data set and one of another: each data set has half of the weight."""
    tasks = as_tasks([[1.0], [3.0], [10.0]], clusters=["a", "a", "b"])
    assert tasks.weights.tolist() == [0.25, 0.25, 0.5]
    assert tasks.cluster_means().tolist() == [2.0, 10.0]


def test_the_order_of_clusters_is_that_of_their_first_task():
    assert as_tasks([[1.0], [2.0], [3.0]], clusters=["z", "a", "z"]).clusters.tolist() == [0, 1, 0]


def test_the_variance_by_hand():
    spread = spread_of(as_tasks([[0.0, 2.0], [10.0, 14.0]]))
    assert (spread.value, spread.variance) == (6.5, (2 / 2 + 8 / 2) / 4)
    assert spread.freedom == pytest.approx(1.25**2 / (0.25**2 + 1.0**2))
    to_tasks = spread_of(as_tasks([[0.0, 2.0], [10.0, 14.0]]), generalise="tasks")
    assert (to_tasks.value, to_tasks.variance, to_tasks.freedom) == (6.5, 11**2 / 4, 1)


@pytest.mark.parametrize(
    ("values", "generalise", "why"),
    [
        ([0.5], "seeds", "there is one replicate, which shows no spread"),
        ([[0.5, 0.4], [0.3]], "seeds", "task 2 of 2 has one replicate, which shows no spread"),
        ([[0.5, 0.4], []], "seeds", "task 2 of 2 has no replicate"),
        ([[]], "seeds", "it has no replicate"),
        ([0.3 - 0.2, 0.4 - 0.3], "seeds", "no replicate differs from another"),
        ([[0.5, 0.4]], "tasks", "there is one of the tasks"),
        ([[0.1, 0.3], [0.2, 0.2]], "tasks", "the means of all tasks are the same"),
    ],
)
def test_what_is_undefined_says_why(values, generalise, why):
    spread = spread_of(as_tasks(values), generalise=generalise)
    assert spread.why.startswith(why)
    assert np.isnan(spread.variance)


def test_undefined_is_no_number_and_no_zero():
    found = undefined(float("nan"), level=0.95, n=0, why="there is no pair")
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ([0.1, float("nan")], {}, "Task 1 holds nan: a run that failed has no number"),
        ([[0.1], [float("inf")]], {}, "Task 2 holds inf"),
        ([], {}, "There is no task"),
        (np.zeros((2, 2, 2)), {}, "more than two dimensions"),
        (["a", "b"], {}, "The values are not numbers"),
        (0.5, {}, "no numbers by task"),
        ([[0.1], [0.2]], {"clusters": ["a"]}, "clusters has 1 labels for 2 tasks"),
    ],
)
def test_what_cannot_be_used(values, options, words):
    with pytest.raises(InputError, match=words):
        as_tasks(values, **options)


def test_an_unknown_generalisation():
    with pytest.raises(InputError, match="Did you mean 'seeds'"):
        spread_of(as_tasks([1.0, 2.0]), generalise="seed")  # type: ignore[arg-type]
