"""What the answer must become: a class, any other class, or a value within a range.

reached(a)  ⇔  the model decides for the class wanted (and gives it at least `confidence`)
margin(a)   =  how far the answer is beyond that, below 0 where it is not:
               p_wanted - max other p,   p_wanted - confidence,   or  min(v - low, high - v)
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.predictors import Predictor
from alignlab.predictors.labels import class_text

__all__ = ["Goal", "goal_of"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Goal:
    """What the model is to answer.

    Attributes
    ----------
    predictor
        The model.
    wanted
        The position of the class wanted; `None` in regression, and where any but `now` will do.
    now
        The class decided now, by position, where any other will do.
    low, high
        The range wanted, in regression.
    confidence
        The least probability of the class wanted; `None` for none.
    """

    predictor: Predictor
    wanted: int | None = None
    now: int | None = None
    low: float = -np.inf
    high: float = np.inf
    confidence: float | None = None

    @property
    def text(self) -> str:
        """The goal in words."""
        if self.predictor.task == "regression":
            if np.isinf(self.low):
                return f"at most {self.high:,.6g}"
            return (
                f"at least {self.low:,.6g}"
                if np.isinf(self.high)
                else f"from {self.low:,.6g} to {self.high:,.6g}"
            )
        if self.wanted is None:
            return f"another than {self.predictor.class_names[self.now or 0]}"
        least = "" if self.confidence is None else f" with at least {self.confidence:g}"
        return f"{self.predictor.class_names[self.wanted]}{least}"

    def reached(self, answers: Floats) -> Mask:
        """Return which answers are wanted ones, shape (n,)."""
        if self.predictor.task == "regression":
            return (answers >= self.low) & (answers <= self.high)
        decided = self.predictor.decide(answers)
        if self.wanted is None:
            return np.asarray(decided != self.now)
        good = np.asarray(decided == self.wanted)
        return good if self.confidence is None else good & self._sure(answers)

    def margin(self, answers: Floats) -> Floats:
        """Return how far each answer is beyond the goal, shape (n,)."""
        if self.predictor.task == "regression":
            return np.minimum(answers - self.low, self.high - answers)
        if self.wanted is None:
            others = np.delete(answers, self.now or 0, axis=1).max(axis=1)
            return np.asarray(others - answers[:, self.now or 0])
        mine = answers[:, self.wanted]
        beyond = mine - np.delete(answers, self.wanted, axis=1).max(axis=1)
        return beyond if self.confidence is None else np.minimum(beyond, mine - self.confidence)

    def said(self, answer: Floats) -> tuple[str, float | None]:
        """Return one answer as a person reads it: the decision, and its probability or value."""
        if self.predictor.task == "regression":
            return f"{float(answer):,.6g}", float(answer)
        decided = int(self.predictor.decide(answer[None])[0])
        shown = float(answer[decided]) if self.predictor.probabilistic else None
        return self.predictor.class_names[decided], shown

    def _sure(self, answers: Floats) -> Mask:
        return np.asarray(answers[:, self.wanted or 0] >= (self.confidence or 0.0))


def goal_of(
    predictor: Predictor,
    target: Any,
    *,
    answer: Floats | None,
    confidence: float | None = None,
    name: str = "target",
) -> Goal:
    """Return what the model is to answer instead of `answer`.

    Parameters
    ----------
    predictor
        The model.
    target
        A class, or a range (low, high) in regression, `None` for no end. `None` takes the other one
        of two classes, and any other one of more.
    answer
        What the model answers now; `None` where there are many rows and the target is stated.
    confidence
        The least probability of the class.
    name
        What a person calls the target.

    Raises
    ------
    InputError
        If the target is unknown, no range, or reached already.
    """
    if confidence is not None:
        if predictor.task == "regression" or not predictor.probabilistic:
            raise InputError(
                f"confidence={confidence!r} asks for a probability, and the model "
                f"{predictor.name!r} gives none. Leave it out."
            )
        if not 0 < confidence < 1:
            raise InputError(f"confidence={confidence!r} is not between 0 and 1.")
    if predictor.task == "regression":
        low, high = _range(target, name)
        goal = Goal(predictor, low=low, high=high)
    else:
        goal = _class_goal(predictor, target, answer, confidence, name)
    if answer is not None and bool(goal.reached(answer[None])[0]):
        said, shown = goal.said(answer)
        number = f" ({shown:.2f})" if shown is not None and predictor.task != "regression" else ""
        raise InputError(
            f"The model answers {said!r}{number} for this row, which is what is wanted already. "
            "Name another target."
        )
    return goal


def _class_goal(
    predictor: Predictor,
    target: Hashable,
    answer: Floats | None,
    confidence: float | None,
    name: str,
) -> Goal:
    known = predictor.class_names
    if target is not None:
        text = class_text(target)
        require_choice(text, known, what=name)
        return Goal(predictor, wanted=known.index(text), confidence=confidence)
    if answer is None:
        raise InputError(f"State {name}: one of {', '.join(map(repr, known))}.")
    now = int(predictor.decide(answer[None])[0])
    if len(known) == 2:
        return Goal(predictor, wanted=1 - now, confidence=confidence)
    if confidence is not None:
        raise InputError("confidence is that of one class: name it as the target.")
    return Goal(predictor, now=now)


def _range(target: Any, name: str) -> tuple[float, float]:
    ends = target if isinstance(target, list | tuple) else ()
    fine = len(ends) == 2 and all(
        end is None or (isinstance(end, int | float | np.number) and not np.isnan(end))
        for end in ends
    )
    if not fine:
        raise InputError(
            f"{name}={target!r} is no range of values. Give (low, high), None for no end."
        )
    low = -np.inf if ends[0] is None else float(ends[0])
    high = np.inf if ends[1] is None else float(ends[1])
    if low > high or (np.isinf(low) and np.isinf(high)):
        raise InputError(f"{name}={target!r} is no range: the first number is the lesser one.")
    return low, high
