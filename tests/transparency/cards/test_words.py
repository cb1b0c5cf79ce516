from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alignlab.intervals import Estimate
from alignlab.transparency.cards import Truth
from alignlab.transparency.cards.shown import amount, percent
from alignlab.transparency.cards.words import sections, ways

CAUSES = re.compile(
    r"\b(because|cause[ds]?|causing|due to|led to|leads to|effect|reason for|drove|so that)\b"
)


def section(card, key):
    return next(" ".join(each.sentences) for each in sections(card) if each.key == key)


def test_a_card_in_words(card, refused):
    told = section(card, "decision")
    assert told.startswith(
        f"The model's decision on repaid for row {refused} of loans is refused; the alternative "
        "was granted. What happened is "
    )
    share = percent(card.probabilities["no"])
    assert f"It gives refused a probability of {share}" in section(card, "sure")
    first = card.main_reasons[0]
    side = "for" if first.value > 0 else "against"
    assert f"counted {side} refused by {amount(first.value, 'probability')} (95% interval" in (
        section(card, "reasons")
    )
    assert "the answer would have been granted, with a probability of" in section(card, "changes")
    assert "No change of sex was considered." in section(card, "changes")
    assert "What happened was refused in" in section(card, "similar")
    assert "surely better than chance" in section(card, "truth")


def test_nothing_is_said_of_causes(card, rent):
    for each in (card, rent[3]):
        assert not CAUSES.search(" ".join(each.sentences))


@pytest.mark.parametrize(
    ("calibrated", "said"),
    [(None, "not part of this card"), (True, "stated to be"), (False, "stated not to be")],
)
def test_calibration_is_passed_on_and_not_claimed(card, calibrated, said):
    assert said in section(replace(card, calibrated=calibrated), "sure")


def test_a_close_call_and_a_rule_of_its_own(card):
    close = replace(card, probabilities={"no": 0.52, "yes": 0.48})
    assert "close call" in section(close, "sure")
    assert "close call" not in section(replace(card, probabilities={"no": 0.7, "yes": 0.3}), "sure")
    other = replace(card, probabilities={"yes": 0.7, "no": 0.3})
    assert "a rule of its own" in section(other, "sure")


def test_what_is_protected_is_named_where_it_counts(card):
    sex = next(each for each in card.reasons if each.feature == "sex")
    assert sex.protected
    sure = replace(sex, value=0.1, low=0.08, high=0.12, sure=True)
    others = tuple(each for each in card.reasons if each.feature != "sex")
    assert "Sex is protected, and counted here." in section(
        replace(card, reasons=(sure, *others)), "reasons"
    )
    unsure = replace(sex, value=0.001, low=-0.1, high=0.1, sure=False)
    told = section(replace(card, reasons=(*others, unsure)), "reasons")
    assert "protected" not in told
    assert "not surely apart from 0" in told


def test_features_that_may_be_nothing_are_not_named(card):
    none = tuple(replace(each, low=-1.0, high=1.0, sure=False) for each in card.reasons)
    told = section(replace(card, reasons=none), "reasons")
    assert "No feature's part in that is surely apart from 0." in told
    assert "counted" not in told


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.6, 1.0, "surely better"), (0.3, 0.9, "no better"), (0.0, 0.4, "surely worse")],
)
def test_the_score_of_truth_is_judged_by_its_interval(card, low, high, said):
    score = Estimate((low + high) / 2, low, high, 0.95, 50, "Clopper–Pearson")
    assert said in section(replace(card, truth=Truth(score, "deletion", {"orders": 50})), "truth")
    own = Truth(score, "the infidelity of [somebody]", {})
    assert "Measured by the infidelity of [somebody]" in section(replace(card, truth=own), "truth")


def test_a_change_is_written_so_that_it_can_be_told_from_what_was(card):
    for way, found in zip(ways(card), card.changes, strict=True):
        for shown, change in zip(way["changes"], found.changes, strict=True):
            assert shown["from_text"] != shown["to_text"]
            if isinstance(change.after, float):
                assert float(shown["to_text"].replace(",", "")) == change.after


def test_similar_cases_that_are_not_similar(card):
    far = replace(card.similar, distance=0.4, distance_all=0.5)
    assert "not very similar: they lie 80% as far" in section(replace(card, similar=far), "similar")
    near = replace(card.similar, distance=0.1, distance_all=0.5)
    assert "not very similar" not in section(replace(card, similar=near), "similar")


def test_regression_speaks_of_values(rent):
    card = rent[3]
    assert "counted upwards by" in section(card, "reasons") or "downwards" in (
        section(card, "reasons")
    )
    assert "does not say how sure it is" in section(card, "sure")
    assert "What was observed in them is" in section(card, "similar")


def test_a_remainder_of_rounding_counts_nothing(card):
    first, *rest = card.reasons
    dust = [replace(each, value=1e-18, low=-1e-18, high=3e-18, sure=False) for each in rest]
    told = section(replace(card, reasons=(replace(first, sure=True), *dust)), "reasons")
    assert f"The other {len(rest)} features counted nothing." in told
