"""The cases that a deferral policy hands to people, as far as their time goes.

A policy says of each case whether a person should decide it and by how much that helps
(`DeferralPolicy`); here its arrays become a queue: the best first, no more than people can take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_whole
from alignlab.oversight.items import Item
from alignlab.random import row_streams

if TYPE_CHECKING:
    from alignlab.oversight.review import Review

__all__ = ["deferred_items", "fill_queue"]


def deferred_items(
    items: Sequence[Item],
    ask: ArrayLike,
    score: ArrayLike,
    *,
    capacity: int | None = None,
    seed: int = 0,
) -> tuple[Item, ...]:
    """Return the items that people should decide, the most worthwhile first, each with its worth.

    Parameters
    ----------
    items
        n of them, one a case.
    ask
        Whether a person should decide each, shape (n,).
    score
        What asking is worth, shape (n,), finite where `ask` is true.
    capacity
        At most so many; `None` for all. Of equal scores, chance decides and not the order given.
    seed
        Of that chance.

    Raises
    ------
    InputError
        If lengths differ, `ask` holds something else than truth values, or a score is not finite.

    Examples
    --------
    >>> cases = [Item(key=key, content={}) for key in "abc"]
    >>> queue = deferred_items(cases, [True, False, True], [0.1, 0.9, 0.3])
    >>> [(item.key, item.worth) for item in queue]
    [('c', 0.3), ('a', 0.1)]
    """
    best = _best(len(items), ask, score, seed)
    if capacity is not None:
        require_whole(capacity, "capacity", 0)
        best = best[:capacity]
    worth = np.asarray(score, np.float64)
    return tuple(replace(items[at], worth=float(worth[at])) for at in best)


def fill_queue(
    review: Review,
    items: Sequence[Item],
    ask: ArrayLike,
    score: ArrayLike,
    *,
    capacity: int,
    seed: int = 0,
) -> int:
    """Add the best of the deferred cases up to what people can take; return how many.

    Use it again and again while cases come in and answers are given: a case that is in the review
    already is passed over.

    Parameters
    ----------
    review
        Whose queue it is.
    items, ask, score, seed
        As for `deferred_items`.
    capacity
        How many cases may be open at once.

    Raises
    ------
    InputError
        As `deferred_items`; or `capacity` is not a whole number from 0.
    """
    require_whole(capacity, "capacity", 0)
    queue = deferred_items(items, ask, score, seed=seed)
    room = max(capacity - review.status().open, 0)
    known = review.known(item.key for item in queue)
    fresh = [item for item in queue if item.key not in known][:room]
    return review.add(fresh) if fresh else 0


def _best(n: int, ask: ArrayLike, score: ArrayLike, seed: int) -> NDArray[np.intp]:
    asked, worth = np.asarray(ask), np.asarray(score, np.float64)
    if asked.shape != (n,) or worth.shape != (n,):
        raise InputError(
            f"There are {n} items, ask has the shape {asked.shape} and score {worth.shape}: give "
            "one of each an item."
        )
    if asked.dtype != bool:
        raise InputError(f"ask holds {asked.dtype}, and not whether each case is asked about.")
    wrong = asked & ~np.isfinite(worth)
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(f"The score of case {at} is {worth[at]}: give a finite number.")
    order = row_streams(seed, n, "deferred").uniform(1)[:, 0]
    ranked = np.lexsort((order, -worth))
    return np.asarray(ranked[asked[ranked]])
