"""Simulated people: they answer standard gambles by a known utility, with a known noise.

For tests, tutorials and power calculations: how many questions until the interval is that narrow,
if people err that much? They answer by the model that the posterior assumes (`beliefs.py`), so
what they show is the best case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from alignlab.errors import InputError
from alignlab.random import as_generator
from alignlab.values.utility.beliefs import LAPSE
from alignlab.values.utility.functions import CARA, CRRA
from alignlab.values.utility.questions import Question, Reply

__all__ = ["simulated_person"]


def simulated_person(
    utility: Callable[..., object] | Mapping[str, float],
    *,
    noise: float = 0.05,
    lapse: float = LAPSE,
    seed: int | np.random.Generator = 0,
) -> Callable[[Question], Reply]:
    """Return somebody who answers questions by a utility, with errors.

    Parameters
    ----------
    utility
        A rising function of amounts, or a mapping from outcomes to utilities, on any scale. For
        `CARA` and `CRRA` the noise is on certainty equivalents, as their families assume; else on
        utilities.
    noise
        The logistic scale of the errors, as a share of the range between worst and best.
    lapse
        The share of answers given at random.
    seed
        Of the errors.

    Returns
    -------
    callable
        From a `Question` to "sure" or "gamble"; each call draws anew.

    Examples
    --------
    >>> person = simulated_person({"ill": 0.0, "well": 0.7, "cured": 1.0}, noise=0.01)
    >>> [person(Question("well", p, "cured", "ill")) for p in (0.2, 0.95)]
    ['sure', 'gamble']
    """
    if not (noise > 0 and 0 <= lapse <= 1):
        raise InputError(f"noise={noise!r} must be above 0 and lapse={lapse!r} between 0 and 1.")
    generator = as_generator(seed, "simulated person")

    def answer(question: Question) -> Reply:
        drive = _drive(utility, question)
        with np.errstate(over="ignore"):
            chance = lapse / 2 + (1 - lapse) / (1 + np.exp(-drive / noise))
        return "gamble" if generator.random() < chance else "sure"

    return answer


def _drive(utility: Callable[..., object] | Mapping[str, float], question: Question) -> float:
    """Return how much better the gamble is than the sure item, as a share of the range."""
    asked = (question.worst, question.sure, question.best)
    if isinstance(utility, Mapping):
        worst, sure, best = (float(utility[str(each)]) for each in asked)
        return question.probability - (sure - worst) / (best - worst)
    low, middle, high = (float(each) for each in asked)
    if isinstance(utility, CARA | CRRA):
        p = question.probability
        equivalent = utility.certainty_equivalent([low, high], [1 - p, p])
        return (equivalent - middle) / (high - low)
    worst, sure, best = np.asarray(utility(np.array([low, middle, high])), float).tolist()
    return question.probability - (sure - worst) / (best - worst)
