from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.making import disagreement_of, worth_of


def test_one_part_is_taken_as_it_is():
    assert worth_of(asking=[3, -1, 2]).tolist() == [3, -1, 2]


def test_parts_are_put_together_by_ranks_by_hand():
    # Ranks: (1/6, 1/2, 5/6) and, with the tie, (2/3, 1/6, 2/3).
    found = worth_of(uncertainty=[0.1, 0.4, 0.5], disagreement=[1, 0, 1])
    assert found == pytest.approx([5 / 12, 1 / 3, 3 / 4])
    weighed = worth_of(
        uncertainty=[0.1, 0.4, 0.5], disagreement=[1, 0, 1], weights={"disagreement": 3}
    )
    assert weighed == pytest.approx([(1 / 6 + 2) / 4, (1 / 2 + 1 / 2) / 4, (5 / 6 + 2) / 4])


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=30), st.integers(1, 1000))
def test_no_part_counts_more_for_its_unit(values, scale):
    other = list(reversed(values))
    one = worth_of(uncertainty=values, asking=other)
    two = worth_of(uncertainty=values, asking=np.array(other) * float(scale) + 7)
    assert np.allclose(one, two)


def test_an_unknown_value_stands_in_the_middle():
    found = worth_of(uncertainty=[0.0, np.nan, 1.0], disagreement=[0.0, 0.0, 0.0])
    assert found[0] < found[1] < found[2]
    assert worth_of(uncertainty=[0.0, np.nan, 1.0]).tolist() == [0, 0.5, 1]


def test_a_small_slice_does_not_wait_for_a_large_one():
    uncertainty = np.r_[np.linspace(0.5, 0.4, 100), np.linspace(0.1, 0.01, 10)]
    slices = ["large"] * 100 + ["small"] * 10
    alone = np.argsort(-worth_of(uncertainty=uncertainty), kind="stable")
    in_turn = np.argsort(-worth_of(uncertainty=uncertainty, slices=slices), kind="stable")
    assert not (alone[:20] >= 100).any()
    assert (in_turn[:20] >= 100).sum() == 10
    assert [row for row in in_turn if row < 100] == list(range(100))


def test_disagreement_is_the_share_of_pairs_that_differ():
    rng = np.random.default_rng(0)
    votes = rng.choice(np.array(["a", "b", "c", None], dtype=object), (5, 40))
    for case, found in zip(votes.T, disagreement_of(votes), strict=True):
        pairs = list(itertools.combinations([each for each in case if each is not None], 2))
        told = np.mean([one != two for one, two in pairs]) if pairs else np.nan
        assert found == pytest.approx(told, nan_ok=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "nothing to go by"),
        ({"uncertainty": [1, 2], "asking": [1]}, "different lengths (uncertainty: 2, asking: 1)"),
        ({"uncertainty": [[1]]}, "one finite number a case"),
        ({"uncertainty": [np.inf]}, "one finite number a case"),
        ({"uncertainty": ["x"]}, "no number"),
        ({"uncertainty": [1], "weights": {"asking": 1}}, "weights names 'asking'"),
        ({"uncertainty": [1], "weights": {"uncertainty": -1}}, "finite number from 0"),
        ({"uncertainty": [1], "weights": {"uncertainty": 0}}, "All weights are 0"),
        ({"uncertainty": [1], "slices": ["a", "b"]}, "slices has 2 entries"),
    ],
)
def test_what_is_no_worth_is_refused(given, told):
    with pytest.raises(InputError) as error:
        worth_of(**given)
    assert told in str(error.value)


def test_voters_are_two_or_more_and_vote_on_the_same_cases():
    with pytest.raises(InputError, match="takes two or more"):
        disagreement_of([["a"]])
    with pytest.raises(InputError, match="have 1, 2 votes"):
        disagreement_of([["a"], ["a", "b"]])
