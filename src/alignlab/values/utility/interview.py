"""The whole interview: ask until the utility is known well enough, then hand it back.

Each question is the most telling one, given all answers so far (`elicitation.py`); the interview
ends when the person stops, the questions run out, or every interval is as narrow as wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from numpy.typing import ArrayLike

from alignlab.errors import InputError
from alignlab.values.utility.elicitation import Elicitation
from alignlab.values.utility.questions import Question, Reply

__all__ = ["Asker", "elicit", "elicit_outcomes"]

Asker = Callable[[Question], Reply | None]
"""Asks a person: returns "sure", "gamble" or "equal", or `None` to stop here."""


def elicit(
    ask: Asker,
    low: float,
    high: float,
    *,
    form: Literal["monotone", "CARA", "CRRA"] = "monotone",
    amounts: int | ArrayLike | None = None,
    wealth: float = 0.0,
    questions: int = 30,
    precision: float = 0.0,
) -> Elicitation:
    """Ask a person about gambles between two amounts until the utility between them is known.

    Use it for what amounts of one thing are worth. For outcomes that have names instead of
    amounts, use `elicit_outcomes`. To put the questions yourself, one by one, use `Elicitation`.

    Parameters
    ----------
    ask
        Called with each `Question`; returns "sure", "gamble" or "equal", or `None` to stop.
    low, high
        The gamble's outcomes, more being better.
    form
        "monotone" assumes nothing but that more is better; "CARA" and "CRRA" assume a family and
        need fewer answers.
    amounts
        How many amounts in between are asked about, or which.
    wealth
        For "CRRA": what the person has beside.
    questions
        The most questions.
    precision
        Stop when every 95 % interval is at most this wide, on the scale from 0 to 1.

    Returns
    -------
    Elicitation
        With `.utility()`, `.inconsistency` and `.to_dict()`.

    References
    ----------
    [farquhar1984state], [lindley1956measure]

    Examples
    --------
    >>> def risk_averse(question):
    ...     worth = (question.sure / 1000) ** 0.5
    ...     return "gamble" if question.probability > worth else "sure"
    >>> asked = elicit(risk_averse, 0, 1000, form="CRRA", questions=15)
    >>> print(asked.utility().aversion)  # the square root has 0.5
    0.486 [0.432, 0.528]
    """
    begun = Elicitation.of_amounts(low, high, form=form, amounts=amounts, wealth=wealth)
    return _ask(begun, ask, questions, precision)


def elicit_outcomes(
    ask: Asker,
    outcomes: Sequence[str],
    *,
    worst: str,
    best: str,
    questions: int | None = None,
    precision: float = 0.0,
) -> Elicitation:
    """Ask a person what named outcomes are worth between the worst and the best.

    Use it for the cells of a decision matrix; `.utility().matrix(...)` then gives the utilities
    that `decision_policy` takes.

    Parameters
    ----------
    ask
        As in `elicit`.
    outcomes
        The names of those in between, in any order.
    worst, best
        The names of the worst and the best of all.
    questions
        The most questions; 8 an outcome if not given.
    precision
        As in `elicit`.

    Examples
    --------
    >>> worth = {"deny good": 0.6, "deny bad": 0.9}
    >>> asked = elicit_outcomes(
    ...     lambda q: "gamble" if q.probability > worth[q.sure] else "sure",
    ...     ["deny good", "deny bad"], worst="approve bad", best="approve good")
    >>> found = asked.utility()
    >>> found.matrix([["deny bad", "deny good"], ["approve bad", "approve good"]]).round(1).tolist()
    [[0.9, 0.6], [0.0, 1.0]]
    """
    begun = Elicitation.of_outcomes(outcomes, worst=worst, best=best)
    return _ask(begun, ask, 8 * len(begun.items) if questions is None else questions, precision)


def _ask(asked: Elicitation, ask: Asker, questions: int, precision: float) -> Elicitation:
    if questions < 0 or not precision >= 0:
        raise InputError(f"questions={questions!r} and precision={precision!r} are numbers from 0.")
    while len(asked.answers) < questions and asked.widest > precision:
        question = asked.next_question()
        reply = ask(question)
        if reply is None:
            break
        asked = asked.answer(question, reply)
    return asked
