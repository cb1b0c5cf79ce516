"""Accuracy on gold by hand, and how rarely a rater who is good enough is named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.oversight.agreement import gold_accuracy
from alignlab.plain import to_json


def test_by_hand():
    found = gold_accuracy(
        [1, 2, 3, 1, 2, 3, 4], list("bbbaaaa"), [*list("xyxxx"), "y", None], list("xyxxyxx"),
        least=0.9,
    )  # fmt: skip
    assert found.raters == ("a", "b")
    assert found.right == (1, 3)
    assert [each.n for each in found.shares] == [3, 3]
    assert found.missing == 1
    # Two raters: each tail is 0.0125.
    assert found.shares[1].low == pytest.approx(stats.beta.ppf(0.0125, 3, 1))
    assert found.shares[0].high == pytest.approx(stats.beta.ppf(0.9875, 2, 2))
    assert found.pooled.value == pytest.approx(4 / 6)
    assert found.surely_below == ()
    assert json.loads(to_json(found.to_dict()))["raters"][0]["right"] == 1


def test_who_is_surely_below_is_named():
    item, rater = np.indices((40, 3)).reshape(2, -1)
    truth = np.where(item % 2, 1, 0)
    label = np.where((rater == 1) & (item < 30), 1 - truth, truth)
    found = gold_accuracy(item, rater, label, truth, least=0.6)
    assert found.surely_below == (1,)
    assert found.surely_above == (0, 2)
    assert found.headline.endswith("1 is surely below 60%.")
    assert found.chart().table.rows[0][0] == "1"
    assert gold_accuracy(item, rater, label, truth).surely_below == ()


def test_nobody_good_enough_is_named_among_many():
    """Twenty raters, all right in 80 %: at 95 % for all at once, few families name anybody."""
    rng = np.random.default_rng(0)
    item, rater = np.indices((30, 20)).reshape(2, -1)
    named = 0
    for _ in range(100):
        label = (rng.random(600) < 0.8).astype(int)
        named += bool(gold_accuracy(item, rater, label, np.ones(600, int), least=0.8).surely_below)
    assert named <= 6


@pytest.mark.parametrize(
    ("given", "more", "says"),
    [
        (([1, 1], ["a", "b"], ["x", "x"], ["x", "y"]), {}, "Item 1 has two truths"),
        (([1, 1], ["a", "b"], ["x", "x"], ["x"]), {}, "shapes"),
        (([1, 1], ["a", "b"], ["x", "x"], ["x", None]), {}, "Answer 1 has no truth"),
        (([1, 1], ["a", "a"], ["x", "x"], ["x", "x"]), {}, "twice"),
        (([1], ["a"], ["x"], ["x"]), {"least": 80}, "least=80"),
        (([1], ["a"], [None], ["x"]), {}, "no answer to a gold item"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(given, more, says):
    with pytest.raises(InputError, match=says) as caught:
        gold_accuracy(*given, **more)
    assert "\n" not in str(caught.value)
