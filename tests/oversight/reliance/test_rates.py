"""What each share is among, by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance import RATES, Trials
from alignlab.oversight.reliance.rates import rate_of, reason_undefined

ROWS = [
    # truth, own, advice, final
    (1, 0, 1, 1),  # wrong alone, right advice, taken
    (1, 0, 1, 1),
    (1, 0, 1, 1),
    (1, 0, 1, 0),  # ... refused
    (1, 1, 0, 1),  # right alone, wrong advice, refused
    (1, 1, 0, 0),  # ... taken
    (0, 1, 1, 1),  # both wrong
    (0, 0, 0, 0),  # both right
]

BY_HAND = {
    "rair": (3, 4),
    "rsr": (1, 2),
    "over_reliance": (2, 3),
    "under_reliance": (1, 5),
    "switch_fraction": (4, 6),
    "agreement_fraction": (6, 8),
    "accuracy": (5, 8),
    "own_accuracy": (3, 8),
    "advice_accuracy": (5, 8),
}


def case():
    truth, own, advice, final = np.array(ROWS).T
    n = len(ROWS)
    return Trials(
        person=np.arange(n) % 4, item=np.arange(n), truth=truth, own=own, advice=advice, final=final
    )


def test_every_measure_is_by_hand():
    assert BY_HAND.keys() == RATES.keys()


@pytest.mark.parametrize("name", RATES)
def test_by_hand(name):
    trials, rate = case(), RATES[name]
    among = rate.among(trials)
    assert (int((among & rate.counted(trials)).sum()), int(among.sum())) == BY_HAND[name]


def test_the_precedence_of_python_is_another_number():
    """`own != truth & (advice == truth)` reads `own != (truth & ...)`: it was published so."""
    truth, own, advice, final = np.array(ROWS).T
    meant = (own != truth) & (advice == truth)
    read = own != truth & (advice == truth)
    as_published = (read & (final == truth)).sum() / read.sum()
    assert (meant & (final == truth)).sum() / meant.sum() == 0.75
    assert as_published != 0.75


def test_one_stage_trials_have_no_rair_and_are_told_what_to_take():
    trials = Trials(person=[1, 2], item=[1, 1], truth=[1, 1], advice=[1, 0], final=[1, 1])
    for name, instead in (
        ("rair", "under_reliance"),
        ("rsr", "over_reliance"),
        ("switch_fraction", "agreement_fraction"),
    ):
        with pytest.raises(InputError, match=f"one-stage trials. Take '{instead}' instead") as said:
            rate_of(name, trials)
        assert "\n" not in str(said.value)
    assert rate_of("over_reliance", trials).name == "over_reliance"


def test_what_needs_the_truth_is_refused_without_it():
    trials = Trials(person=[1, 2], item=[1, 1], advice=[1, 0], final=[1, 1])
    with pytest.raises(InputError, match="truth is empty"):
        rate_of("over_reliance", trials)
    assert rate_of("agreement_fraction", trials)


def test_an_unknown_measure_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'over_reliance'"):
        rate_of("overreliance", case())


def test_reasons():
    trials = case()
    everything = np.ones(len(trials), dtype=bool)
    assert reason_undefined(RATES["rair"], trials, everything) == ""
    only_right = trials.advice == trials.truth
    assert reason_undefined(RATES["rsr"], trials, only_right).startswith("nobody was right alone")
    assert reason_undefined(RATES["over_reliance"], trials, only_right) == (
        "the advice was never wrong"
    )


def test_advice_out_of_sight_is_not_relied_on():
    """The model's answer may be known where nobody saw it."""
    trials = Trials(
        person=[1, 2], item=[1, 1], truth=[1, 1], advice=[1, 1], final=[1, 1], seen=[False, True]
    )
    assert RATES["agreement_fraction"].among(trials).tolist() == [False, True]
    assert RATES["accuracy"].among(trials).tolist() == [True, True]
    unseen = np.array([True, False])
    assert reason_undefined(RATES["agreement_fraction"], trials, unseen) == "no advice was seen"
