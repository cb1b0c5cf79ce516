from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from alignlab.errors import InputError
from alignlab.uncertainty.calibration import (
    brier_decomposition,
    calibration_by_group,
    calibration_error,
    calibration_line,
    classwise_calibration,
    log_loss_decomposition,
    reliability,
    smooth_calibration_error,
)
from alignlab.uncertainty.calibration.event import as_event

THREE = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])


def test_two_columns_are_their_second_and_more_are_the_class_chosen():
    event = as_event([[0.2, 0.8], [0.6, 0.4]], [1, 1])
    assert event.probability.tolist() == [0.8, 0.4]
    assert event.outcome.tolist() == [1.0, 1.0]
    assert event.name == "the probability of the second class"
    event = as_event(THREE, [1, 1])
    assert event.probability.tolist() == [0.5, 0.6]
    assert event.outcome.tolist() == [1.0, 0.0]


def test_about_says_which_event():
    top = as_event([[0.2, 0.8], [0.6, 0.4]], [1, 1], about="top-label")
    assert (top.probability.tolist(), top.outcome.tolist()) == ([0.8, 0.6], [1.0, 0.0])
    one = as_event(THREE, [2, 0], about=2)
    assert (one.probability.tolist(), one.outcome.tolist()) == ([0.3, 0.1], [1.0, 0.0])
    assert one.name == "the probability of class 2"


def test_logits_are_logits_because_the_caller_says_so():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, 4))
    outcome = rng.integers(0, 4, 60)
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    from_logits = as_event(logits + 700.0, outcome, logits=True)
    assert from_logits.probability == pytest.approx(as_event(said, outcome).probability, abs=1e-12)
    odds = as_event([-1000.0, 0.0, 2.0], [0, 1, 1], logits=True)
    assert odds.probability.tolist() == [0.0, 0.5, special.expit(2.0)]
    # Numbers from 0 to 1 are logits all the same where the caller says so.
    within = rng.random(60)
    assert as_event(within, outcome > 1, logits=True).probability.min() >= 0.5


def test_every_measure_takes_logits():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(200, 3))
    said, outcome = special.softmax(logits, axis=1), rng.integers(0, 3, 200)
    group = np.arange(200) % 2
    for measure in (
        lambda p, **k: calibration_error(p, outcome, redraws=0, **k).squared,
        lambda p, **k: reliability(p, outcome, redraws=0, **k).predicted.sum(),
        lambda p, **k: calibration_line(p, outcome, **k).slope.value,
        lambda p, **k: brier_decomposition(p, outcome, **k).reliability,
        lambda p, **k: log_loss_decomposition(p, outcome, **k).reliability,
        lambda p, **k: smooth_calibration_error(p, outcome, redraws=0, **k).plug_in,
        lambda p, **k: classwise_calibration(p, outcome, redraws=0, **k).expected_plug_in,
        lambda p, **k: (
            calibration_by_group(p, outcome, group, redraws=0, **k).groups[0].error.squared
        ),
    ):
        assert measure(logits, logits=True) == pytest.approx(measure(said), abs=1e-12)
        with pytest.raises(InputError, match="say logits=True"):
            measure(logits)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.2, 1.2], [0, 1]), "probability in row 1 is 1.2.*logits=True"),
        (([0.2, float("nan")], [0, 1]), "probability in row 1 is nan"),
        (([0.2, 0.3], [0, 2]), "outcome in row 1 is .*2.*from 0 to 1"),
        (([0.2, 0.3], [0, 1, 1]), r"outcome \(3,\)"),
        (([0.2, 0.3], [0, 1], [1.0, -1.0]), "weights are finite numbers from 0"),
        (([0.2, 0.3], [0, 1], [1.0, 0.0]), "1 rows have weight"),
        (([[0.2, 0.3], [0.5, 0.5]], [0, 1]), "probabilities in row 0 sum to 0.5.*logits=True"),
        (([[0.2], [0.5]], [0, 0]), "two classes or more"),
        ((np.zeros(0), np.zeros(0)), "0 rows have weight"),
    ],
)
def test_bad_input_is_said_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        as_event(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "options", "message"),
    [
        (THREE, {"about": 3}, "about=3 is not a class's position from 0 to 2"),
        (THREE, {"about": True}, "about=True is not"),
        (THREE, {"about": "top_label"}, "Did you mean 'top-label'"),
        ([0.2, 0.3], {"about": "top-label"}, "the probability of one event"),
        ([0.2, np.inf], {"logits": True}, "logits in row 1 are inf: they are finite"),
    ],
)
def test_bad_options_are_said_in_one_line(said, options, message):
    with pytest.raises(InputError, match=message) as caught:
        as_event(said, [0, 1], **options)
    assert "\n" not in str(caught.value)


def test_rounded_probabilities_need_not_sum_to_one_exactly():
    said = np.random.default_rng(2).dirichlet(np.ones(5), 50).round(2)
    assert np.abs(said.sum(axis=1) - 1).max() > 1e-3
    assert len(as_event(said, np.zeros(50, int))) == 50
