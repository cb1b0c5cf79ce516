"""The shares that reliance is measured by: what each is among, and what counts in it.

With own answer o, advice a, final decision d and truth t, over trials in which the advice was seen:

    RAIR = P(d = a | o wrong, a right)        relative AI reliance [schemmer2023appropriate]
    RSR  = P(d = t | o right, a wrong)        relative self-reliance [schemmer2023appropriate]
    over-reliance  = P(d = a | a wrong)       under-reliance = P(d != a | a right)
    switch fraction = P(d = a | o != a)       agreement fraction = P(d = a)

RAIR and RSR need the answer that a person gave alone: who agrees with advice may have thought so
anyway. A share among no trials is undefined, never 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.oversight.reliance.trials import Trials

__all__ = ["RATES", "Rate", "rate_of", "reason_undefined"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share among trials.

    Attributes
    ----------
    name
        As it is asked for.
    title
        As people read it.
    among, counted
        Which trials it is among, and which of these count.
    needs
        What every trial must have: "own", "truth", both or neither.
    better
        "high", "low", or "" where neither end is good.
    instead
        What to take where the own answers are missing.
    """

    name: str
    title: str
    among: Callable[[Trials], Mask]
    counted: Callable[[Trials], Mask]
    needs: tuple[str, ...]
    better: str
    instead: str = ""


def _own_wrong_advice_right(t: Trials) -> Mask:
    return t.two_stage & t.judged & (t.own != t.truth) & (t.advice == t.truth)


def _own_right_advice_wrong(t: Trials) -> Mask:
    return t.two_stage & t.judged & (t.own == t.truth) & (t.advice != t.truth)


def _follows(t: Trials) -> Mask:
    return t.final == t.advice


def _right(t: Trials) -> Mask:
    return t.final == t.truth


RATES = {
    rate.name: rate
    for rate in (
        Rate("rair", "relative AI reliance (RAIR)", _own_wrong_advice_right, _follows,
             ("own", "truth"), "high", "under_reliance"),
        Rate("rsr", "relative self-reliance (RSR)", _own_right_advice_wrong, _right,
             ("own", "truth"), "high", "over_reliance"),
        Rate("over_reliance", "over-reliance: took wrong advice",
             lambda t: t.judged & (t.advice != t.truth), _follows, ("truth",), "low"),
        Rate("under_reliance", "under-reliance: refused right advice",
             lambda t: t.judged & (t.advice == t.truth), lambda t: ~_follows(t), ("truth",), "low"),
        Rate("switch_fraction", "switch fraction: took advice that differed",
             lambda t: t.two_stage & (t.own != t.advice), _follows, ("own",), "",
             "agreement_fraction"),
        Rate("agreement_fraction", "agreement fraction: decided as advised",
             lambda t: t.seen, _follows, (), ""),
        Rate("accuracy", "accuracy of the decision", lambda t: t.truth >= 0, _right,
             ("truth",), "high"),
        Rate("own_accuracy", "accuracy of the own answer",
             lambda t: (t.truth >= 0) & (t.own >= 0), lambda t: t.own == t.truth,
             ("own", "truth"), "high"),
        Rate("advice_accuracy", "accuracy of the advice",
             lambda t: (t.truth >= 0) & (t.advice >= 0), lambda t: t.advice == t.truth,
             ("truth",), "high"),
    )
}  # fmt: skip


def rate_of(name: str, trials: Trials) -> Rate:
    """Return a measure by its name, or refuse it where the trials cannot have it.

    Raises
    ------
    InputError
        If there is no such measure, or it needs answers that nobody was asked for; the message
        says what to take instead.
    """
    rate = RATES[require_choice(name, RATES, what="measure")]
    if "own" in rate.needs and not (trials.own >= 0).any():
        instead = f" Take {rate.instead!r} instead, or ask" if rate.instead else " Ask"
        raise InputError(
            f"{name!r} needs the answer that each person gave before seeing advice, and own is "
            f"empty: these are one-stage trials.{instead} people first (the arm 'own first')."
        )
    if "truth" in rate.needs and not (trials.truth >= 0).any():
        raise InputError(f"{name!r} needs to know what was right, and truth is empty. Give it.")
    return rate


def reason_undefined(rate: Rate, trials: Trials, within: Mask) -> str:
    """Return why a share is undefined in an arm; "" where it is not."""
    if (rate.among(trials) & within).any():
        return ""
    if "own" in rate.needs and not (trials.own[within] >= 0).any():
        return "own answers were not asked for first"
    if "truth" in rate.needs and not (trials.truth[within] >= 0).any():
        return "it is not known what was right"
    if not trials.seen[within].any() and rate.name not in ("accuracy", "own_accuracy"):
        return "no advice was seen"
    return _NEVER.get(rate.name, "no trial is among those that it is about")


_NEVER = {
    "rair": "nobody was wrong alone where the advice was right",
    "rsr": "nobody was right alone where the advice was wrong",
    "over_reliance": "the advice was never wrong",
    "under_reliance": "the advice was never right",
    "switch_fraction": "the advice never differed from the own answer",
}
