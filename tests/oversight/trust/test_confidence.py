"""People's confidence: by hand, against scikit-learn, without the luck of noise, refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from alignlab.errors import InputError
from alignlab.oversight.trust import confidence_calibration
from alignlab.plain import to_json


def answers(people=25, items=16, *, claim=0.0, seed=0, levels=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0)):
    rng = np.random.default_rng(seed)
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    said = rng.choice(levels, people * items)
    own = rng.normal(0, 0.05, people)[person] if claim else 0.0
    right = rng.random(people * items) < np.clip(said - claim - own, 0, 1)
    return said, right, {"person": person, "item": item}


def test_by_hand():
    said = [0.6] * 4 + [1.0] * 4
    right = [1, 1, 0, 0, 1, 1, 1, 0]
    found = confidence_calibration(said, right, person=[1, 2] * 4, item=[1, 1, 2, 2, 3, 3, 4, 4])
    assert found.over_confidence.value == pytest.approx(0.8 - 0.625)
    assert found.reliability == pytest.approx(0.5 * 0.1**2 + 0.5 * 0.25**2)
    assert found.resolution == pytest.approx(0.125**2)
    assert found.uncertainty == pytest.approx(0.625 * 0.375)
    assert found.within == pytest.approx(0, abs=1e-12)
    assert found.ece == pytest.approx(0.5 * 0.1 + 0.5 * 0.25)
    assert [each.n for each in found.bins] == [4, 4]


def test_the_parts_sum_to_the_score_of_scikit_learn():
    rng = np.random.default_rng(0)
    said = rng.random(400)
    right = rng.random(400) < said
    who = {"person": np.arange(400) % 20, "item": np.arange(400) // 20}
    found = confidence_calibration(said, right, **who)
    assert found.brier.value == pytest.approx(brier_score_loss(right, said))
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert parts == pytest.approx(found.brier.value)
    assert len(found.bins) == 5


def test_calibrated_people_have_an_error_by_chance_that_is_said():
    """The usual ECE of calibrated people is not zero; what noise gives is, and it is taken out."""
    found = [confidence_calibration(*(a := answers(seed=s))[:2], **a[2]) for s in range(40)]
    usual, by_chance, debiased = (
        np.mean([getattr(each, name) for each in found])
        for name in ("ece", "ece_by_chance", "ece_debiased")
    )
    assert usual > 0.03
    assert by_chance == pytest.approx(usual, rel=0.3)
    assert debiased < 0.75 * usual
    sure = [each.over_confidence.low > 0 or each.over_confidence.high < 0 for each in found]
    assert np.mean(sure) <= 0.1


def test_over_confidence_is_found():
    said, right, who = answers(claim=0.15)
    found = confidence_calibration(said, right, **who)
    assert found.over_confidence.low > 0.05
    assert "surely over-confident" in found.headline
    assert found.ece_debiased == pytest.approx(0.15, abs=0.05)
    humble = confidence_calibration(said - 0.3, right, **who)
    assert "surely under-confident" in humble.headline
    calm = confidence_calibration(*(a := answers(seed=9))[:2], **a[2])
    assert "neither" in calm.headline


def test_equal_confidence_is_never_parted():
    said = [0.5] * 50 + [0.7] * 5 + [0.9] * 45
    who = {"person": np.arange(100) % 10, "item": np.arange(100) // 10}
    found = confidence_calibration(said, np.ones(100), bins=3, **who)
    assert [(each.low, each.high) for each in found.bins] == [(0.5, 0.5), (0.7, 0.7), (0.9, 0.9)]
    one = confidence_calibration(said, np.ones(100), bins=1, **who)
    assert len(one.bins) == 1


def test_missing_confidence_is_left_out_and_counted():
    said, right, who = answers()
    held = confidence_calibration(said[10:], right[10:], **{k: v[10:] for k, v in who.items()})
    said[:10] = np.nan
    found = confidence_calibration(said, right, **who)
    assert found.left_out == 10
    assert found.brier == held.brier


def test_confidence_below_guessing_is_counted():
    said, right, who = answers(levels=(0.4, 0.8))
    found = confidence_calibration(said, right, choices=2, **who)
    assert found.below_chance == pytest.approx(np.mean(said < 0.5))
    assert np.isnan(confidence_calibration(said, right, **who).below_chance)


def test_people_are_pooled():
    said, right, who = answers(claim=0.1)
    frame = confidence_calibration(said, right, **who).people_frame()
    assert len(frame) == 25
    assert frame["pooled"].std() < frame["own"].std()


def test_one_person_has_no_interval():
    found = confidence_calibration([0.5, 1], [1, 0], person=[1, 1], item=[1, 2])
    assert np.isnan(found.over_confidence.low)
    assert np.isnan(found.ece_debiased)
    assert "too few people" in found.headline
    assert json.loads(to_json(found.to_dict()))["ece_debiased"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"confidence": [0.5, 90]}, "confidence is 90 at position 1"),
        ({"confidence": ["sure", "not"]}, "not made of numbers"),
        ({"confidence": [None, np.nan]}, "no answer with a confidence"),
        ({"right": [1, 2]}, "something else than true and false"),
        ({"right": [1]}, "right has shape"),
        ({"person": [1]}, "person has shape"),
        ({"bins": 0}, "bins=0"),
        ({"choices": 1}, "choices=1"),
        ({"level": 9}, "level=9"),
    ],
)
def test_what_cannot_be_used_is_refused(changed, message):
    given = {"confidence": [0.5, 0.9], "right": [1, 0], "person": [1, 2], "item": [1, 1], **changed}
    confidence, right = given.pop("confidence"), given.pop("right")
    with pytest.raises(InputError, match=message):
        confidence_calibration(confidence, right, **given)


def test_it_is_drawn():
    said, right, who = answers(people=6)
    found = confidence_calibration(said, right, **who)
    assert found.chart().table.columns == ("said", "right", "low", "high")
    assert len(found.people_chart().table.rows) == 6
    assert found.headline in found._repr_html_()
