"""In what order items are offered: four streams, and a place in one of them for each item.

    returned   came back (its time ran out, or it was handed on): first in, first out
    random     the sample drawn when the items were added, in random order
    value      the others, the most worthwhile first, equals in random order
    gold       those planted, in random order

An item's place is (stream, rank, tie), and no two have the same: the tie is a one-to-one mixing of
the item's number [steele2014fast]. The sample is drawn without looking at the worth, and an item
stays "drawn at random" for ever, so that what is measured on these items is unbiased for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alignlab.oversight.items import Item
from alignlab.random import row_streams

__all__ = ["FIRST", "LAST", "drawn_at_random", "ties"]

FIRST = (-math.inf, 0)
"""A cursor before every place of a stream."""

LAST = (math.inf, 0)
"""A cursor behind every place."""


def ties(seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Return the ties of items numbered from `first`: no two of a review are equal.

    Examples
    --------
    >>> a, b = ties(0, 1, 4), ties(0, 3, 2)
    >>> bool((a[2:] == b).all()), len(set(a.tolist()))
    (True, 4)
    """
    numbers = np.arange(first, first + count)
    return row_streams(seed, numbers, "review order").keys.view(np.int64)


def drawn_at_random(
    items: Sequence[Item],
    share: float,
    *,
    seed: int,
    first: int,
    before: int,
    drawn: int,
    rounding: float,
) -> list[bool]:
    """Return which of some items, numbered from `first`, belong to the random sample.

    Each item has the same chance, whatever its worth; planted ones are never drawn.

    Parameters
    ----------
    items
        The next of those that are added together.
    share
        Of the items that are to be drawn.
    before, drawn
        How many of those added together came before, planted ones aside, and how many of them were
        drawn.
    rounding
        From 0 to below 1, the same for all that are added together: share × n is rounded up where
        its fraction and this make 1. Drawn evenly, nothing is drawn too often where items come one
        by one.
    """
    ordinary = [at for at, item in enumerate(items) if item.gold is None]
    quota = math.floor(round(share * (before + len(ordinary)), 9) + rounding) - drawn
    luck = row_streams(seed, np.arange(first, first + len(items)), "review sample").keys
    marks = [False] * len(items)
    for at in sorted(ordinary, key=lambda at: luck[at])[: max(quota, 0)]:
        marks[at] = True
    return marks
