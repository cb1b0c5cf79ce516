"""Signal detection: by hand, known sensitivity back, and the ends."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import norm

from alignlab.errors import InputError
from alignlab.oversight.reliance import Trials, signal_detection
from alignlab.plain import to_json

from .made import simulated


def one_stage(hits, alarms, people=30, items=20, seed=0):
    rng = np.random.default_rng(seed)
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    wrong = item % 2 == 1
    took = rng.random(len(item)) < np.where(wrong, alarms, hits)
    return Trials(
        person=person, item=item, truth=np.where(wrong, 0, 1), advice=np.ones(len(item)),
        final=took + 0,
    )  # fmt: skip


def test_by_hand():
    trials = one_stage(0.8, 0.4)
    found = signal_detection(trials).arms[0]
    took = trials.final == trials.advice
    right = trials.advice == trials.truth
    hits = (took[right].sum() + 0.5) / (right.sum() + 1)
    alarms = (took[~right].sum() + 0.5) / ((~right).sum() + 1)
    assert found.sensitivity.value == pytest.approx(norm.ppf(hits) - norm.ppf(alarms))
    assert found.criterion.value == pytest.approx(-(norm.ppf(hits) + norm.ppf(alarms)) / 2)
    assert (found.right, found.wrong) == (300, 300)


def test_known_values_come_back():
    """Taking advice above a threshold of normal evidence: d' = 1.2, criterion -0.5."""
    hits, alarms = norm.cdf(0.6 + 0.5), norm.cdf(-0.6 + 0.5)
    found = signal_detection(one_stage(hits, alarms, 60, 40)).arms[0]
    assert found.sensitivity.low < 1.2 < found.sensitivity.high
    assert found.criterion.low < -0.5 < found.criterion.high


def test_leaning_is_not_telling_apart():
    """The same d' with more of both: the criterion moves alone."""
    timid, eager = (
        signal_detection(one_stage(norm.cdf(0.5 - c), norm.cdf(-0.5 - c), 80, 40)).arms[0]
        for c in (0.5, -0.5)
    )
    assert timid.sensitivity.value == pytest.approx(eager.sensitivity.value, abs=0.15)
    assert timid.criterion.value - eager.criterion.value == pytest.approx(1, abs=0.1)


def test_all_taken_is_not_surely_no_sensitivity():
    """Without care the interval would be of the correction alone, hardly wider than nothing."""
    found = signal_detection(one_stage(1.0, 1.0)).arms[0]
    assert found.sensitivity.value == pytest.approx(0, abs=0.01)
    assert found.sensitivity.low == -np.inf or found.sensitivity.low < -1
    assert found.sensitivity.high == np.inf or found.sensitivity.high > 1
    assert json.loads(to_json(signal_detection(one_stage(1.0, 1.0)).to_dict()))["arms"]


def test_perfect_telling_apart_has_a_lower_limit():
    found = signal_detection(one_stage(1.0, 0.0)).arms[0]
    assert 1 < found.sensitivity.low < found.sensitivity.value
    assert found.sensitivity.high == np.inf


def test_advice_that_is_always_right_leaves_it_undefined():
    trials = Trials(person=[1, 2], item=[1, 2], truth=[1, 1], advice=[1, 1], final=[1, 0])
    found = signal_detection(trials)
    assert found.arms[0].sensitivity is None
    assert found.arms[0].undefined == "the advice was never wrong"
    assert np.isnan(found.arms[0].false_alarms)
    assert np.isnan(found.to_frame()["sensitivity"][0])


def test_no_advice_is_refused():
    with pytest.raises(InputError, match=r"none\. Give truth and advice"):
        signal_detection(Trials(person=[1], item=[1], final=[1], truth=[1]))
    with pytest.raises(InputError, match="level"):
        signal_detection(one_stage(0.5, 0.5), level=0)


def test_it_is_drawn():
    assert len(signal_detection(simulated()).chart().table.rows) == 2
