"""Which of a review's answers statistics are taken from: those that speak for all cases.

Of very many answers, those to a share of the items are kept, every answer to them included: people
are compared on an item, so that single answers drawn at random would meet nobody. An item is kept
where the hash of its key is among the lowest 2^-h, whoever answered it and whatever it is worth; h
grows by one whenever more answers are held than are wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alignlab.errors import InputError
from alignlab.oversight.items import Answered
from alignlab.oversight.reliance import Trials

__all__ = ["MOST", "Sampled", "representative", "sampled"]

MOST = 50_000
"""Answers held at once; with so many, shares are known to half a point, people and items aside."""

FEWEST = 20
"""Trials with wrong advice in the random sample: with fewer, it says next to nothing."""


@dataclass(frozen=True, eq=False, slots=True)
class Sampled:
    """Answers to all items, or to some of them drawn by chance.

    Attributes
    ----------
    answers
        All answers to the items that were kept, in their order.
    share
        Of the items that was kept: 1, 1/2, 1/4, ...
    total
        How many answers there were.
    """

    answers: tuple[Answered, ...]
    share: float
    total: int


def sampled(answers: Iterable[Answered], *, most: int = MOST) -> Sampled:
    """Keep the answers to so many items, drawn by chance, that they are not too many to hold.

    Parameters
    ----------
    answers
        As `Review.answers` yields them; read once, and never held whole.
    most
        How many are kept, but for an item that has more answers alone.

    Examples
    --------
    >>> sampled([]).share
    1.0
    """
    kept: list[tuple[int, Answered]] = []
    total, bound, limit = 0, 2**64, most
    for each in answers:
        total += 1
        place = _place(each.key)
        if place < bound:
            kept.append((place, each))
        while len(kept) > limit:
            fewer = [held for held in kept if held[0] < bound // 2]
            if fewer:
                kept, bound = fewer, bound // 2
            else:
                limit *= 2
    return Sampled(tuple(each for _, each in kept), bound / 2**64, total)


def representative(answers: Sequence[Answered]) -> tuple[Trials, bool]:
    """Return the trials that speak for all cases, where there are enough, and whether they do.

    Cases that were asked first because they are worth more are harder than the rest. So the trials
    are those of the random sample, if wrong advice was seen there often enough; else all.

    Raises
    ------
    InputError
        If none of the answers is a decision.
    """
    every = Trials.from_answers(answers)
    try:
        drawn = Trials.from_answers(answers, drawn=("random",))
    except InputError:
        return every, False
    if len(drawn) == len(every):
        return every, True
    enough = int((drawn.judged & (drawn.advice != drawn.truth)).sum()) >= FEWEST
    return (drawn, True) if enough else (every, False)


def _place(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
