"""Whether what counted on a card does count: features replaced in its order, against chance.

With features replaced one after another by those of other cases, and v_k the mean answer after k
of them, an order's area is the mean of v_0, ..., v_d. Replacing first what is said to count most
for the answer must bring it down early [petsiuk2018rise], so the card's order is held against
random orders of the same features, replaced from the same cases:

    score = share of random orders whose area is surely larger (those that cannot be told apart
            count half),

surely by Student's t of the differences over those cases: else two features that count alike would
have to stand in the right order. An explanation that says nothing scores one half. The replaced
rows are those of the interventional game: the score says whether the card is true to the model
there, and not whether the model is true to the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, critical_value, share_estimate
from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, chunks

__all__ = ["ORDERS", "Truth", "deletion_truth"]

Floats = NDArray[np.float64]

ORDERS = 50
"""Random orders."""

FEWEST = 3
"""Of fewer features there are two orders at most."""

METHOD = "replacing features one after another by those of other cases"

TIED = 1e-9
"""Areas no farther apart than this share of the answers' size are equal."""


@dataclass(frozen=True)
class Truth:
    """How true an explanation is to the model.

    Attributes
    ----------
    score
        Between 0 and 1, with its interval; one half is what chance would give. `None` where
        nothing could be told.
    method
        How it was measured, as a sentence's part: "replacing ...".
    detail
        What else a drawing of it needs, as plain values.
    """

    score: Estimate | None
    method: str
    detail: dict[str, Any]

    @property
    def holds(self) -> bool:
        """Whether the score is surely above one half."""
        return self.score is not None and self.score.low > 0.5

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        score = None if self.score is None else self.score.to_dict()
        return {"score": score, "holds": self.holds, "method": self.method, **self.detail}


def deletion_truth(
    output: Output,
    row: Any,
    others: Any,
    players: dict[str, tuple[Any, ...]],
    values: Floats,
    *,
    generator: np.random.Generator,
    orders: int = ORDERS,
    level: float = 0.95,
) -> Truth:
    """Return how a card's order of features fares against random orders.

    Parameters
    ----------
    output
        The model's answer that is explained; the first output is taken.
    row, others
        The case, and the cases that features are replaced from, of one kind.
    players
        The columns of each feature.
    values
        What the card says of each feature, shape (features,).
    generator
        Of the random orders.
    orders
        How many random orders.
    level
        Of the interval.
    """
    d, m = len(players), len(others)
    if d < FEWEST:
        why = f"of {d} features there are too few orders to tell one from chance"
        return Truth(None, METHOD, {"orders": 0, "cases": m, "why": why})
    mine = np.argsort(-values, kind="stable")
    tried = np.stack([mine, *(generator.permutation(d) for _ in range(orders))])
    place_of = np.argsort(tried, axis=1)
    known = place_of[:, None, :] >= np.arange(d + 1)[:, None]
    # Orders share what they have replaced: nothing and everything at least.
    distinct, place = np.unique(known.reshape(-1, d), axis=0, return_inverse=True)
    pool = Pool([row, others], players)
    worth = np.empty((len(distinct), m))
    rest = np.arange(1, m + 1)
    for part in chunks(len(distinct), max(1, pool.at_once() // m)):
        asked = distinct[part]
        rows = pool.blended(asked, np.zeros(len(asked), dtype=np.intp), rest)
        worth[part] = output(rows)[:, 0].reshape(len(asked), m)
    curves = worth[place.ravel()].reshape(len(tried), d + 1, m)
    areas = curves.mean(axis=1)
    apart = areas[1:] - areas[0]
    error = apart.std(axis=1, ddof=1) / np.sqrt(m) if m > 1 else np.zeros(orders)
    size = TIED * max(float(np.abs(curves).max()), 1e-300)
    least = np.maximum(critical_value(level, freedom=max(m - 1, 1)) * error, size)
    mean = apart.mean(axis=1)
    beaten = np.where(np.abs(mean) <= least, 0.5, mean > 0)
    detail = {
        "orders": orders,
        "cases": m,
        "curve": curves[0].mean(axis=1).tolist(),
        "random_curve": curves[1:].mean(axis=(0, 2)).tolist(),
    }
    if np.ptp(curves, axis=1).max() <= size:
        return Truth(None, METHOD, {**detail, "why": "no replaced feature moves the answer"})
    score = share_estimate(float(beaten.mean()), orders, rows=orders, level=level)
    return Truth(score, METHOD, detail)
