"""The result's words and tables; its numbers are tested at the main call."""

from __future__ import annotations

import json

import pytest

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.transparency.quality import ExplanationQuality, ExplanationScore


def score(name, value, low, high):
    found = Estimate(value, low, high, 0.95, 9, "m")
    return ExplanationScore(name, found, found, found, 1.0, found, None, None, None)


def quality(*scores):
    return ExplanationQuality(scores, (), (), "yes", "probability", 9, 5, 3, 0, 0.1, 100)


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (3.1, 2.5, 3.7, "changes the answer 3.1 times as fast as removing features at random "
                        "[2.50, 3.70]."),
        (1.1, 0.9, 1.3, "it is not shown to know more than chance."),
        (0.5, 0.4, 0.6, "it points at the wrong features."),
        (float("nan"), float("nan"), float("nan"), "it cannot be said whether mine is true."),
    ],
)  # fmt: skip
def test_what_is_said_follows_the_interval(value, low, high, said):
    assert quality(score("mine", value, low, high)).sentence("mine").endswith(said)


def test_a_wrong_name_is_told_the_right_one():
    with pytest.raises(InputError, match="Did you mean 'shapley'"):
        quality(score("shapley", 1, 0, 2))["shaply"]


def test_it_is_written_as_plain_values():
    found = json.loads(json.dumps(quality(score("mine", 3, 2, 4)).to_dict()))
    assert found["scores"][0]["deletion"]["low"] == 2
    assert "3.0 times" in found["sentences"]["mine"]
    assert quality(score("mine", 3, 2, 4)).agreement_frame().empty
