"""The weight of advice: by hand, undefined where there is nothing to move towards, clipped."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import Trials, weight_of_advice

GIVEN = {
    "person": ["a", "a", "b", "b", "c", "c"],
    "item": [1, 2, 1, 2, 1, 2],
    "own": [10, 20, 10, 20, 10, 20],
    "advice": [20, 20, 20, 10, 20, 10],
    "final": [15, 20, 30, 25, 10, 10],
}


def test_by_hand():
    found = weight_of_advice(Trials(**GIVEN)).arms[0]
    # 0.5; undefined; 2, clipped to 1; -0.5, clipped to 0; 0; 1
    assert found.mean.value == pytest.approx((0.5 + 1 + 0 + 0 + 1) / 5)
    assert (found.trials, found.equal) == (5, 1)
    assert (found.below, found.above) == (0.2, 0.2)
    assert found.median == 0.5


def test_unclipped():
    found = weight_of_advice(Trials(**GIVEN), clip=False)
    assert found.arms[0].mean.value == pytest.approx((0.5 + 2 - 0.5 + 0 + 1) / 5)
    assert not found.clipped


def test_an_arm_in_which_advice_never_differs_is_undefined():
    same = {**GIVEN, "advice": GIVEN["own"]}
    found = weight_of_advice(Trials(**same))
    assert found.arms[0].mean is None
    assert np.isnan(found.arms[0].median)
    assert found.to_dict()["arms"][0]["mean"] is None
    assert np.isnan(found.to_frame()["mean"][0])
    assert not found.chart().table.rows


def test_known_weights_come_back():
    rng = np.random.default_rng(0)
    person, item = np.repeat(np.arange(30), 20), np.tile(np.arange(20), 30)
    own, advice = rng.normal(100, 20, 600), rng.normal(100, 20, 600)
    weight = np.clip(0.35 + rng.normal(0, 0.1, 30)[person], 0, 1)
    trials = Trials(
        person=person, item=item, own=own, advice=advice, final=own + weight * (advice - own)
    )
    found = weight_of_advice(trials).arms[0]
    assert found.mean.value == pytest.approx(weight.mean(), abs=1e-9)
    assert found.mean.low < 0.35 < found.mean.high


def test_words_are_refused_and_told_what_to_take():
    trials = Trials(person=["a"], item=[1], own=["x"], advice=["y"], final=["x"])
    with pytest.raises(InputError, match="Take 'switch_fraction'"):
        weight_of_advice(trials)


def test_one_stage_trials_are_refused():
    with pytest.raises(InputError, match="one-stage"):
        weight_of_advice(Trials(person=["a"], item=[1], advice=[2], final=[1]))
    with pytest.raises(InputError, match="level"):
        weight_of_advice(Trials(**GIVEN), level=1.5)


def test_it_is_drawn():
    assert weight_of_advice(Trials(**GIVEN)).chart().table.rows[0][0] == "all"
