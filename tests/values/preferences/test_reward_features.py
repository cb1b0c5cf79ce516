from __future__ import annotations

import numpy as np
import pytest

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.errors import InputError
from alignlab.values.preferences.reward_features import encoder_for

WALKS = (Trajectory([0, 2, 1], [1, 0]), Trajectory([1, 0], [1], ended=True))
FLIGHTS = (
    Trajectory([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[0.5], [0.25]]),
    Trajectory([[1.0, 1.0], [0.0, 0.0]], [[1.0]]),
)


def of(items):
    return PreferenceDataset.from_pairs(items, [0], [1], [0])


def totals(items, **options):
    encoder = encoder_for(of(items), **options)
    steps = encoder.steps(items)
    return steps.total(steps.inputs).tolist(), encoder.names


def test_numbered_states_become_indicators_of_where_actions_were_taken():
    assert totals(WALKS) == ([[1, 0, 1], [0, 1, 0]], ("state 0", "state 1", "state 2"))
    made, names = totals(WALKS, features="states and actions")
    assert made == [[1, 0, 1, 1, 1], [0, 1, 0, 0, 1]]
    assert names[3:] == ("action 0", "action 1")


def test_vectors_are_summed_or_averaged():
    assert totals(FLIGHTS)[0] == [[2, 4], [1, 1]]
    assert totals(FLIGHTS, normalise="length")[0] == [[1, 2], [1, 1]]
    made, names = totals(FLIGHTS, features="states and actions")
    assert made == [[2, 4, 0.75], [1, 1, 1]]
    assert names == ("state 0", "state 1", "action 0")


def test_a_function_sees_states_actions_and_where_they_led():
    made, names = totals(
        FLIGHTS,
        features=lambda s, a, then: then[:, 0] - s[:, 0] + a[:, 0],
        feature_names=["went"],
    )
    assert made == [[4.75], [0.0]]
    assert names == ("went",)


def test_rows_and_texts():
    assert totals(np.array([[1.0, 2.0], [3.0, 4.0]]))[0] == [[1, 2], [3, 4]]
    made, _ = totals(np.array([[1.0, 2.0], [3.0, 4.0]]), features=lambda rows: rows.prod(axis=1))
    assert made == [[2.0], [12.0]]
    made, names = totals(("one two\n12", ""))
    assert names == ("log of words", "letters a word", "lines", "share of digits")
    assert made[0] == pytest.approx([np.log(4), 8 / 3, 2, 0.2])
    assert made[1] == [0, 0, 1, 0]
    assert totals(("ab", "c"), features=lambda texts: [[len(t)] for t in texts])[0] == [[2], [1]]


@pytest.mark.parametrize(
    ("items", "options", "says"),
    [
        (WALKS, {"features": "state"}, "Did you mean 'states'"),
        (("a", "b"), {"features": "states"}, "is for trajectories; the items are texts"),
        (("a", "b"), {"normalise": "length"}, "is for trajectories; the items are texts"),
        (WALKS, {"normalise": "lenght"}, "Did you mean 'length'"),
        (("a", "b"), {"features": lambda t: [1.0]}, "one row for each of 2"),
        (("a", "b"), {"features": lambda t: [np.nan, 1]}, "finite"),
        (WALKS, {"feature_names": ["a"]}, "1 feature names for 3 features"),
    ],
)
def test_features_that_do_not_fit_are_said(items, options, says):
    with pytest.raises(InputError, match=says):
        encoder_for(of(items), **options)


def test_items_of_another_kind_are_said():
    encoder = encoder_for(of(WALKS))
    with pytest.raises(InputError, match="Item 0 is a str; the reward is of trajectories"):
        encoder.steps(["a"])
    with pytest.raises(InputError, match="There is a state 7; the reward knows 0 to 2"):
        encoder.steps([Trajectory([7, 0], [0])])
    rows = encoder_for(of(np.eye(2)))
    with pytest.raises(InputError, match="The items have 3 inputs; the reward is of 2"):
        rows.steps(np.eye(3))
