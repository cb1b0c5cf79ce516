"""Standard gambles as questions, the answers to them, and the answers that contradict each other.

A question offers an item for sure, or the best outcome with chance p and else the worst. Whoever
takes the gamble says u(item) < p on the scale with u(worst) = 0 and u(best) = 1; whoever refuses
says u(item) > p [farquhar1984state]. Two answers contradict each other, whatever the utility, if a
gamble was taken against an item and one at least as good refused against an item that is no better.
Contradictions are counted and shown; nothing is corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from alignlab.errors import ModelError, require_choice
from alignlab.intervals import Estimate

__all__ = ["Answer", "Inconsistency", "Item", "Question", "Reply", "contradictions"]

Item = float | str
"""An amount, or the name of an outcome."""

Reply = Literal["sure", "gamble", "equal"]

REPLIES: tuple[Reply, ...] = ("sure", "gamble", "equal")


@dataclass(frozen=True, slots=True)
class Question:
    """Something for sure, or a gamble between the best and the worst.

    Attributes
    ----------
    sure
        The item offered for sure.
    probability
        The chance of `best` in the gamble.
    best, worst
        The gamble's outcomes.

    Examples
    --------
    >>> print(Question(40.0, 0.6, 100.0, 0.0))
    Which would you rather have: 40 for sure, or 100 with a chance of 60% and else 0?
    """

    sure: Item
    probability: float
    best: Item
    worst: Item

    def __str__(self) -> str:
        sure, best, worst = (_words(each) for each in (self.sure, self.best, self.worst))
        return (
            f"Which would you rather have: {sure} for sure, or {best} with a chance of "
            f"{100 * self.probability:g}% and else {worst}?"
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and what was chosen: "sure", "gamble", or "equal" where both are as good."""

    question: Question
    reply: Reply

    def __post_init__(self) -> None:
        require_choice(str(self.reply), REPLIES, what="reply")

    def __str__(self) -> str:
        chosen = {
            "sure": f"preferred {_words(self.question.sure)} for sure to",
            "gamble": f"gave up {_words(self.question.sure)} for sure for",
            "equal": f"found {_words(self.question.sure)} for sure as good as",
        }[self.reply]
        return f"{chosen} a chance of {100 * self.question.probability:g}%"


@dataclass(frozen=True, eq=False)
class Inconsistency:
    """How far the answers contradict each other.

    Attributes
    ----------
    pairs
        Every two answers that no utility allows together.
    fewest_slips
        The least number of answers that must be slips: without them no contradiction is left.
    answers
        How many answers there are.
    noise
        How far apart the two options must be worth to be told apart (the logistic scale, as a share
        of the whole range), with its interval.
    """

    pairs: tuple[tuple[Answer, Answer], ...]
    fewest_slips: int
    answers: int
    noise: Estimate

    def __str__(self) -> str:
        if not self.pairs:
            return f"No two of the {self.answers} answers contradict each other."
        first, second = self.pairs[0]
        return (
            f"At least {self.fewest_slips} of the {self.answers} answers must be "
            f"{'a slip' if self.fewest_slips == 1 else 'slips'}; for instance, the person {first}, "
            f"but {second}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "pairs": [[str(first), str(second)] for first, second in self.pairs],
            "fewest_slips": self.fewest_slips,
            "answers": self.answers,
            "noise": self.noise.to_dict(),
        }


def contradictions(
    answers: Sequence[Answer], *, ordered: bool
) -> tuple[tuple[tuple[Answer, Answer], ...], int]:
    """Return every two contradictory answers, and the least number that must be slips.

    Parameters
    ----------
    answers
        Answers about gambles between the same two outcomes.
    ordered
        Whether items are amounts, of which more is never worse; else only the same item compares.

    Examples
    --------
    >>> took = Answer(Question(60.0, 0.5, 100.0, 0.0), "gamble")
    >>> refused = Answer(Question(40.0, 0.7, 100.0, 0.0), "sure")
    >>> contradictions([took, refused], ordered=True)[1]
    1
    """
    pairs = []
    edges = []
    for i, taken in enumerate(answers):
        for j, refused in enumerate(answers):
            if i != j and _clash(taken, refused, ordered):
                if (refused, taken) not in pairs:
                    pairs.append((taken, refused))
                edges.append((i, j))
    if not edges:
        return (), 0
    return tuple(pairs), _fewest(len(answers), edges)


def _fewest(n: int, edges: list[tuple[int, int]]) -> int:
    """Return the least number of answers without which no contradiction is left: exactly.

    Answers that took and answers that refused are two sides of a graph, in which the fewest that
    touch every contradiction are found by linear programming, in whole numbers (König). Answers
    "equal" stand on both sides, so that whole numbers must be asked for.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # costs an audit half a second
    from scipy.sparse import csr_array

    ends = np.array(edges)
    rows = np.repeat(np.arange(len(ends)), 2)
    touches = csr_array((np.ones(2 * len(ends)), (rows, ends.ravel())), shape=(len(ends), n))
    solved = milp(
        np.ones(n), constraints=LinearConstraint(touches, lb=1), bounds=Bounds(0, 1),
        integrality=np.ones(n, dtype=np.int64),
    )  # fmt: skip
    if not solved.success:
        raise ModelError(f"The fewest slips were not found: {solved.message}")
    return int(np.round(solved.x).sum())


def _clash(taken: Answer, refused: Answer, ordered: bool) -> bool:
    if taken.reply == "sure" or refused.reply == "gamble":
        return False
    one, two = taken.question, refused.question
    if ordered:
        if float(two.sure) > float(one.sure):
            return False
    elif two.sure != one.sure:
        return False
    both_equal = taken.reply == refused.reply == "equal"
    return two.probability > one.probability or (
        two.probability == one.probability and not both_equal
    )


def _words(item: Item) -> str:
    return item if isinstance(item, str) else f"{item:,.12g}"
