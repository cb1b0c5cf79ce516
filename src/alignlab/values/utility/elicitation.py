"""Eliciting a utility from choices: adaptive standard gambles, and how sure the result is.

A person chooses, again and again, between something for sure and a gamble between the best and the
worst [farquhar1984state]. Each next question is the one whose answer is expected to tell most
[lindley1956measure], given all answers so far; the posterior (`beliefs.py`) allows for errors and
learns how frequent they are. On the scale with u(worst) = 0 and u(best) = 1 the result is the
posterior mean with an equal-tailed interval for each amount or outcome.

An elicitation is a value: `answer` returns a new one, so that nothing is lost and every step can be
kept, sent, undone or resumed (`to_dict`, `from_dict`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest, require_choice
from alignlab.intervals import Estimate
from alignlab.random import as_generator
from alignlab.values.utility.beliefs import LEVELS, NOISES, Belief, free_belief, quantiles
from alignlab.values.utility.elicited import ElicitedUtility
from alignlab.values.utility.families import Family, family_of
from alignlab.values.utility.functions import PiecewiseLinear
from alignlab.values.utility.questions import (
    REPLIES,
    Answer,
    Inconsistency,
    Item,
    Question,
    Reply,
    contradictions,
)

__all__ = ["Elicitation"]

Floats = NDArray[np.float64]

Form = Literal["monotone", "CARA", "CRRA", "outcomes"]

FORMS: tuple[Form, ...] = ("monotone", "CARA", "CRRA", "outcomes")

FORMAT = "alignlab elicitation 1"

ERRATIC = (
    f"The answers err as much as the model knows ({NOISES[-1]:.0%} of the range) or more: the "
    "intervals may be too narrow, and a coin might have answered so."
)
"""Said where the largest noise considered is the likeliest."""

RICHEST = 1e9
"""What may be owned at the worst, in ranges: beyond, numbers hold too few digits for amounts."""


@dataclass(frozen=True)
class Elicitation:
    """The answers so far, and what follows from them.

    Attributes
    ----------
    items
        What is offered for sure: rising amounts strictly between worst and best, or names.
    worst, best
        The gamble's outcomes, worth 0 and 1.
    form
        "monotone": rising amounts, any rising utility. "CARA" or "CRRA": amounts, a family of one
        parameter, which needs fewer answers and is wrong where the person is not of that family.
        "outcomes": named outcomes in no order.
    wealth
        Added to amounts by the form "CRRA".
    answers
        In the order given.

    Examples
    --------
    >>> asked = Elicitation.of_amounts(0, 1000)
    >>> question = asked.next_question()
    >>> print(question)
    Which would you rather have: 500 for sure, or 1,000 with a chance of 50% and else 0?
    >>> later = asked.answer(question, "sure")
    >>> len(asked.answers), len(later.answers)
    (0, 1)
    """

    items: tuple[Item, ...]
    worst: Item
    best: Item
    form: Form = "monotone"
    wealth: float = 0.0
    answers: tuple[Answer, ...] = ()

    def __post_init__(self) -> None:
        require_choice(self.form, FORMS, what="form")
        if not self.items:
            raise InputError("There is nothing to ask about. Give one amount or outcome or more.")
        if self.form == "outcomes":
            names = [self.worst, *self.items, self.best]
            if not all(isinstance(name, str) and name for name in names):
                raise InputError("Outcomes are named by texts, such as 'deny a good applicant'.")
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise InputError(f"The outcome {twice!r} stands twice: each is named once.")
        else:
            steps = np.array([self.worst, *self.items, self.best], float)
            if not (np.isfinite(steps).all() and (np.diff(steps) > 0).all()):
                raise InputError(
                    f"Amounts must rise from worst to best; they are {listed(steps.tolist())}."
                )
            owned = float(steps[0]) + self.wealth
            if self.form == "CRRA" and owned < 0:
                raise InputError(
                    f"CRRA judges what leaves nothing negative; {steps[0]:g} with a wealth of "
                    f"{self.wealth:g} does not. State a larger wealth, or use CARA."
                )
            if self.form == "CRRA" and not owned / RICHEST < steps[-1] - steps[0]:
                raise InputError(
                    f"Beside a wealth of {self.wealth:g}, amounts from {steps[0]:g} to "
                    f"{steps[-1]:g} are nothing. State a smaller wealth, or use CARA."
                )
        for each in self.answers:
            self._require_own(each.question)

    @classmethod
    def of_amounts(
        cls,
        low: float,
        high: float,
        *,
        form: Literal["monotone", "CARA", "CRRA"] = "monotone",
        amounts: int | ArrayLike | None = None,
        wealth: float = 0.0,
    ) -> Elicitation:
        """Begin with a utility of amounts between two.

        Parameters
        ----------
        low, high
            The gamble's outcomes: amounts of money, lives, years; more is better.
        form
            See `Elicitation`.
        amounts
            How many evenly spaced amounts may be offered for sure, or which; 5 for "monotone" and
            19 for the families if not given.
        wealth
            For "CRRA": what the person has beside, in the same unit.
        """
        if not 0 < float(high) - float(low) < math.inf:
            raise InputError(f"low={low!r} is not below high={high!r} by a finite amount.")
        if amounts is None:
            amounts = 5 if form == "monotone" else 19
        if isinstance(amounts, Integral):
            amounts = np.linspace(low, high, int(amounts) + 2)[1:-1]
        inside = tuple(np.asarray(amounts, float).ravel().tolist())
        return cls(inside, float(low), float(high), form, float(wealth))

    @classmethod
    def of_outcomes(cls, outcomes: Sequence[str], *, worst: str, best: str) -> Elicitation:
        """Begin with utilities of named outcomes.

        Parameters
        ----------
        outcomes
            Those between the worst and the best, in any order.
        worst, best
            What nobody doubts to be the worst and the best of all.
        """
        if isinstance(outcomes, str):
            raise InputError(f"outcomes={outcomes!r} is one text: give a list of names.")
        return cls(tuple(outcomes), worst, best, "outcomes")

    @cached_property
    def belief(self) -> Belief:
        """The posterior of the utilities and the noise, given all answers."""
        place = {item: at for at, item in enumerate(self.items)}
        evidence = (
            np.array([place[each.question.sure] for each in self.answers], dtype=np.intp),
            np.array([each.question.probability for each in self.answers], dtype=float),
            np.array([_CHOSE[each.reply] for each in self.answers], dtype=float),
        )
        if self._family is not None:
            return self._family.belief(evidence)
        return free_belief(len(self.items), evidence, ordered=self.form == "monotone")

    def next_question(self) -> Question:
        """Return the question whose answer is expected to tell most about the utility."""
        bits = self.belief.information()
        # Of questions equally telling up to rounding, the one at the even gamble is easiest.
        near = np.argwhere(bits >= bits.max() - 1e-9)
        item, level = min(near.tolist(), key=lambda at: abs(LEVELS[at[1]] - 0.5))
        return Question(self.items[item], float(LEVELS[level]), self.best, self.worst)

    def answer(self, question: Question, reply: Reply) -> Elicitation:
        """Return the elicitation with one answer more.

        Parameters
        ----------
        question
            One of `next_question`, or any other about the same items, worst and best.
        reply
            "sure", "gamble", or "equal", which counts as half of each.

        Raises
        ------
        InputError
            If the question is about something else, or there is no such reply.
        """
        require_choice(str(reply), REPLIES, what="reply")
        return replace(self, answers=(*self.answers, Answer(question, reply)))

    def utility(self, *, level: float = 0.95) -> ElicitedUtility:
        """Return the utility that the answers support, with intervals.

        Parameters
        ----------
        level
            The posterior probability of each interval.
        """
        if not 0 < level < 1:
            raise InputError(f"level={level!r} is not between 0 and 1, such as 0.95.")
        belief = self.belief
        means = belief.means
        estimates = tuple(
            self._estimate(means[item], *belief.limits(item, level), level=level)
            for item in range(len(self.items))
        )
        function: Any = None
        aversion = None
        notes: tuple[str, ...] = ()
        if self._family is not None:
            value, low, high = self._family.aversion(belief, level)
            notes = self._family.notes(belief, level)
            aversion = self._estimate(value, low, high, level=level)
            function = self._family.function(value)
        elif self.form == "monotone":
            amounts = [float(each) for each in (self.worst, *self.items, self.best)]
            function = PiecewiseLinear(amounts, [0.0, *means, 1.0])
        if belief.noise.argmax() == len(NOISES) - 1:
            notes = (*notes, ERRATIC)
        return ElicitedUtility(
            self.items, self.worst, self.best, estimates, self._noise(level), aversion, function,
            notes,
        )  # fmt: skip

    def draws(self, n: int, *, seed: int | np.random.Generator = 0) -> Floats:
        """Return utilities drawn from the posterior, shape (n, n_items).

        Each row is one utility that the answers allow, on the scale from 0 (worst) to 1 (best):
        what `choose_under_ensemble` takes for members.
        """
        return self.belief.draw(n, as_generator(seed, "elicitation"))

    @property
    def widest(self) -> float:
        """The width of the widest 95 % interval of all items."""
        limits = [self.belief.limits(item, 0.95) for item in range(len(self.items))]
        return max(high - low for low, high in limits)

    @property
    def inconsistency(self) -> Inconsistency:
        """The answers that contradict each other, and the noise that the posterior sees."""
        pairs, fewest = contradictions(self.answers, ordered=self.form != "outcomes")
        return Inconsistency(pairs, fewest, len(self.answers), self._noise(0.95))

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads: the items and the answers as plain values."""
        return {
            "format": FORMAT,
            "form": self.form,
            "worst": self.worst,
            "best": self.best,
            "items": list(self.items),
            "wealth": self.wealth,
            "answers": [
                [each.question.sure, each.question.probability, each.reply] for each in self.answers
            ],
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Elicitation:
        """Return the elicitation that `to_dict` wrote, to be gone on with.

        Raises
        ------
        InputError
            If it was not written by `to_dict`, or was changed into what can't be.
        """
        if not isinstance(saved, Mapping) or saved.get("format") != FORMAT:
            raise InputError(f"This is no saved elicitation: its 'format' must be {FORMAT!r}.")
        try:
            worst, best = saved["worst"], saved["best"]
            begun = cls(tuple(saved["items"]), worst, best, saved["form"], saved["wealth"])
            answers = tuple(
                Answer(Question(sure, probability, best, worst), reply)
                for sure, probability, reply in saved["answers"]
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"The saved elicitation lacks or garbles something: {error}."
            ) from None
        return replace(begun, answers=answers)

    @cached_property
    def _family(self) -> Family | None:
        if self.form not in ("CARA", "CRRA"):
            return None
        low, *items, high = (float(each) for each in (self.worst, *self.items, self.best))
        return family_of(self.form, low, high, tuple(items), self.wealth)

    def _require_own(self, question: Question) -> None:
        if (question.worst, question.best) != (self.worst, self.best):
            raise InputError(
                f"The question is about a gamble between {question.worst} and {question.best}; "
                f"this elicitation is about {self.worst} and {self.best}."
            )
        if question.sure not in self.items:
            near = nearest(str(question.sure), [str(item) for item in self.items])
            raise InputError(
                f"{question.sure!r} is not asked about here: it is one of "
                f"{listed(map(repr, self.items))}.{near}"
            )
        if not (isinstance(question.probability, int | float) and 0 < question.probability < 1):
            raise InputError(f"The gamble's chance {question.probability!r} is not inside 0 to 1.")

    def _noise(self, level: float) -> Estimate:
        weights = self.belief.noise
        low, high = quantiles(
            weights, np.array([(1 - level) / 2, (1 + level) / 2]), np.log(NOISES)
        )  # fmt: skip
        value = float(np.exp(weights @ np.log(NOISES)))
        return self._estimate(value, float(np.exp(low)), float(np.exp(high)), level=level)

    def _estimate(self, value: float, low: float, high: float, *, level: float) -> Estimate:
        n = len(self.answers)
        return Estimate(float(value), low, high, level, n, "posterior, equal tails")


_CHOSE: dict[Reply, float] = {"gamble": 1.0, "sure": 0.0, "equal": 0.5}
