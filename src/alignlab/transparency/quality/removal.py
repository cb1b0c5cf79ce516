"""What a model answers where some features of a row are taken away.

    v(S) = 1/B sum_b f(x_S, b_(N - S)),

the mean answer over *all* background rows b that fill the place of what is not in S. One fixed
baseline instead (a mean row, zeros) asks the model about a single row unlike any other, and then
compares fillings rather than explanations. The filling is still drawn without regard to S, so that
where features depend on each other some of the rows asked are unlike real ones.

A curve takes features away in the order of an explanation, or puts them back in that order, and its
area is what is compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.transparency.outputs import Output
from alignlab.transparency.pool import Pool, chunks

__all__ = ["Removal", "area", "masks_of", "orders_of", "steps_of"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Whole = NDArray[np.intp]

MOST_STEPS = 20
"""Points of a curve; with more features, several are taken away in one step."""


class Removal:
    """The answers for rows with some features filled from the background.

    Parameters
    ----------
    output
        The model's one number.
    X, background
        The rows explained and what fills them, tables of one kind.
    players
        The columns of each feature.

    Attributes
    ----------
    answers
        For the rows, shape (n,).
    base
        The mean answer for the background.
    evaluations
        Rows that the model was asked for.
    """

    def __init__(
        self, output: Output, X: Any, background: Any, players: dict[str, tuple[Any, ...]]
    ) -> None:
        self.output = output
        self.rows, self.size = len(X), len(background)
        self.pool = Pool([X, background], players)
        self.answers = output(X)[:, 0]
        self.base = float(output(background)[:, 0].mean())
        self.evaluations = self.rows + self.size

    def worth(self, rows: Whole, known: Bools) -> Floats:
        """Return the mean answers where only some features are known, shape (m,).

        Parameters
        ----------
        rows
            Which row each of the m is about.
        known
            Shape (m, features). What several explanations ask for is asked once.
        """
        every, nothing = known.all(axis=1), ~known.any(axis=1)
        worth = np.where(every, self.answers[rows], self.base)
        open_ = np.flatnonzero(~every & ~nothing)
        if not len(open_):
            return worth
        keys = np.column_stack([rows[open_], np.packbits(known[open_], axis=1)])
        _, first, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        asked = open_[first]
        theirs = np.arange(self.rows, self.pool.size)
        means = np.empty(len(asked))
        for part in chunks(len(asked), max(1, self.pool.at_once() // self.size)):
            mixed = self.pool.blended(known[asked[part]], rows[asked[part]], theirs)
            means[part] = self.output(mixed)[:, 0].reshape(-1, self.size).mean(axis=1)
            self.evaluations += len(asked[part]) * self.size
        worth[open_] = means[back.ravel()]
        return worth


def steps_of(features: int) -> Whole:
    """Return how many features are taken away at each point of a curve, from none to all."""
    points = np.linspace(0, features, min(features, MOST_STEPS) + 1)
    return np.unique(np.round(points).astype(np.intp))


def orders_of(values: Floats, rng: np.random.Generator) -> Whole:
    """Return the features of each row, the largest value first; equal ones in random order.

    Parameters
    ----------
    values
        Shape (n, features).
    """
    # Kept in the order of the columns, equal values would favour whoever numbered the columns.
    ties = rng.random(values.shape)
    return np.lexsort((ties, -values), axis=1)


def masks_of(orders: Whole, steps: Whole) -> Bools:
    """Return which features are among the first, shape (n, steps, features)."""
    n, d = orders.shape
    ranks = np.empty_like(orders)
    np.put_along_axis(ranks, orders, np.broadcast_to(np.arange(d), (n, d)), axis=1)
    return np.asarray(ranks[:, None, :] < steps[None, :, None])


def area(curves: Floats, steps: Whole) -> Floats:
    """Return the area under curves over the share of features, by trapezoids, shape (n,)."""
    return np.asarray(np.trapezoid(curves, steps / steps[-1], axis=-1))
