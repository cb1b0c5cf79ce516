"""Complementarity: the better of two is not known beforehand, and its luck is taken out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import Trials, complementarity
from alignlab.plain import to_json


def study(own, advice, final, people=30, items=20, seed=0, **more):
    rng = np.random.default_rng(seed)
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    n = people * items
    return Trials(
        person=person, item=item, truth=np.ones(n), own=(rng.random(n) < own) + 0,
        advice=(rng.random(n) < advice) + 0, final=(rng.random(n) < final) + 0, **more,
    )  # fmt: skip


def test_by_hand():
    trials = study(0.6, 0.7, 0.8)
    found = complementarity(trials).arms[0]
    right = [np.mean(codes == trials.truth) for codes in (trials.final, trials.own, trials.advice)]
    assert found.over_human.value == pytest.approx(right[0] - right[1])
    assert found.over_model.value == pytest.approx(right[0] - right[2])
    assert found.over_better.low == pytest.approx(min(found.over_human.low, found.over_model.low))
    assert found.alone == "own answers"


@pytest.mark.parametrize(
    ("final", "verdict"), [(0.9, "better"), (0.5, "not better"), (0.7, "not known")]
)
def test_verdicts(final, verdict):
    found = complementarity(study(0.7, 0.7, final))
    assert found.arms[0].verdict == verdict
    assert found.headline.startswith("all: people with advice")


def test_the_larger_of_two_is_not_lucky():
    """People and model alike and no gain: the plug-in says there is a loss, on average.

    Two fifths of it can be taken out without a gain from nothing elsewhere; the interval holds.
    """
    plug_in, corrected, held = [], [], 0
    for seed in range(150):
        found = complementarity(study(0.7, 0.7, 0.7, 12, 10, seed)).arms[0]
        plug_in.append(min(found.over_human.value, found.over_model.value))
        corrected.append(found.over_better.value)
        held += found.over_better.low <= 0 <= found.over_better.high
    assert np.mean(plug_in) < -0.02
    assert np.mean(plug_in) < np.mean(corrected) - 0.01
    assert abs(np.mean(corrected)) < 0.65 * abs(np.mean(plug_in))
    assert held / 150 >= 0.93


def test_always_following_is_as_good_as_the_model_and_no_surer_than_that():
    trials = study(0.6, 0.7, 0.7)
    same = Trials(
        person=trials.person, item=trials.item, truth=trials.truth, own=trials.own,
        advice=trials.advice, final=trials.advice,
    )  # fmt: skip
    found = complementarity(same).arms[0]
    assert found.over_model.value == 0
    assert found.over_model.low < -0.1 < 0.1 < found.over_model.high


def test_people_alone_are_found_in_an_arm_without_advice():
    two = study(0.6, 0.7, 0.8, seed=1)
    arm = np.where(two.person % 2, "none", "advice")
    trials = Trials(
        person=two.person, item=two.item, truth=two.truth, advice=two.advice, arm=arm,
        seen=arm == "advice", final=np.where(arm == "none", two.own, two.final),
    )  # fmt: skip
    found = complementarity(trials)
    assert [each.arm for each in found.arms] == ["advice"]
    assert found.arms[0].alone == "none"
    alone = trials.final[trials.at("none")] == trials.truth[trials.at("none")]
    assert found.arms[0].human.value == pytest.approx(alone.mean())
    assert found.to_dict() == complementarity(trials, alone="none").to_dict()
    with pytest.raises(InputError, match="people saw advice"):
        complementarity(trials, alone="advice")


def test_own_answers_of_another_arm_are_people_alone():
    two = study(0.6, 0.7, 0.8, seed=1)
    arm = np.where(two.person % 2, "own first", "advice")
    own = np.where(arm == "own first", two.own.astype(float), np.nan)
    trials = Trials(
        person=two.person, item=two.item, truth=two.truth, advice=two.advice, arm=arm,
        own=own, final=two.final,
    )  # fmt: skip
    advice, first = complementarity(trials).arms
    assert (advice.alone, first.alone) == ("own answers of other arms", "own answers")
    assert advice.human == first.human


def test_nobody_alone_is_undefined():
    two = study(0.6, 0.7, 0.8)
    trials = Trials(
        person=two.person, item=two.item, truth=two.truth, advice=two.advice, final=two.final
    )
    found = complementarity(trials)
    assert found.arms[0].over_better is None
    assert found.arms[0].over_model is not None
    assert found.arms[0].verdict == "not known"
    assert "nobody decided alone" in found.headline
    assert json.loads(to_json(found.to_dict()))["arms"][0]["over_better"] is None
    assert not found.chart().table.rows


def test_at_natural_rates_the_model_is_as_good_as_it_is():
    """Half of the advice wrong by design: the model is no coin out there."""
    person, item = np.repeat(np.arange(20), 16), np.tile(np.arange(16), 20)
    wrong = item % 2
    rng = np.random.default_rng(0)
    trials = Trials(
        person=person, item=item, truth=np.ones(320), own=(rng.random(320) < 0.7) + 0,
        advice=1 - wrong, final=np.where(rng.random(320) < 0.6, 1 - wrong, 1),
    )  # fmt: skip
    balanced, natural = (complementarity(trials, natural=n).arms[0] for n in (None, 0.9))
    assert balanced.model.value == 0.5
    assert natural.model.value == pytest.approx(0.9)
    right = trials.final == trials.truth
    share = 0.9 * right[wrong == 0].mean() + 0.1 * right[wrong == 1].mean()
    assert natural.over_model.value == pytest.approx(share - 0.9)


def test_no_advice_is_refused():
    with pytest.raises(InputError, match=r"none\. Give truth and advice"):
        complementarity(Trials(person=[1], item=[1], final=[1], truth=[1]))


def test_it_is_drawn():
    found = complementarity(study(0.6, 0.7, 0.8))
    assert found.chart().table.rows[0][0] == "all"
    assert len(found.to_frame()) == 6
    assert found.headline in found._repr_html_()
