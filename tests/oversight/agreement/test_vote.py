"""The majority vote by hand: who leads, and who does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.agreement import majority_vote
from alignlab.oversight.agreement.rated import rated
from alignlab.oversight.agreement.vote import vote_shares
from alignlab.plain import to_json


def test_by_hand():
    found = majority_vote([2, 1, 1, 1, 2, 3], list("abcabc"), ["x", "x", "y", "x", "y", None])
    assert found.items.tolist() == [1, 2]
    assert found.labels.tolist() == ["x", None]
    assert found.shares.tolist() == [[2 / 3, 1 / 3], [0.5, 0.5]]
    assert found.answers.tolist() == [3, 2]
    assert found.tied == 1
    assert json.loads(to_json(found.to_dict()))["classes"] == ["x", "y"]
    assert found.to_frame()["share"].tolist() == [2 / 3, 0.5]


def test_shares_count_labels():
    rng = np.random.default_rng(0)
    item, rater = np.indices((20, 6)).reshape(2, -1)
    label = rng.integers(0, 3, 120)
    shares = vote_shares(rated(item, rater, label))
    expected = [np.bincount(label[item == i], minlength=3) / 6 for i in range(20)]
    assert np.allclose(shares, expected)


def test_a_class_that_nobody_names_has_no_share():
    assert majority_vote([1], ["a"], ["x"], classes=["w", "x"]).shares.tolist() == [[0, 1]]
    with pytest.raises(InputError, match="label='z'"):
        majority_vote([1], ["a"], ["z"], classes=["w", "x"])


def test_no_answer_is_no_vote():
    assert len(majority_vote([], [], []).to_frame()) == 0
