"""Shapley values from random orders of the players, each order with its reverse.

In an order the players join one by one, and each is credited with what its joining changes. With
P_k the first k players and D(S) = v(S) - v(N - S), the order and its reverse together credit the
player who joins as the k-th with

    (D(P_k) - D(P_(k-1))) / 2,      D(P_0) = -D(N),  D(P_d) = D(N),

so that such a pair asks for 2 (d - 1) coalitions, each once [castro2009polynomial;
mitchell2022sampling]. The values of one pair add up to D(N). A pair is the unit of replication:
the standard error is the standard deviation over the pairs / sqrt(pairs). An order and its reverse
are not independent, and are not counted as if they were. Where changes are rare, as in voting, a
player may never have been seen to make one, and no spread says so; hence one pair unseen, as far
from the mean as the farthest credit of any player, is allowed for:

    se_i^2 = spread_i^2 / n + (max_j,k |credit_j(k) - mean_j| / n)^2,      n pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import critical_value

__all__ = ["Permutations"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Permutations:
    """Random orders with their reverses.

    Parameters
    ----------
    players
        Their number, from 2.
    generator
        Draws the orders.
    """

    def __init__(self, players: int, generator: np.random.Generator) -> None:
        self.players, self.generator = players, generator
        self.orders = np.empty((0, players), dtype=np.intp)
        self.fewest = 2 * (players - 1)
        self.most: int | None = None

    def extended(self, pairs: int) -> Bools:
        """Draw further orders, up to `pairs` pairs of coalitions, and return the new coalitions."""
        new = pairs // (self.players - 1) - len(self.orders)
        orders = self.generator.permuted(
            np.tile(np.arange(self.players), (max(new, 0), 1)), axis=1
        ).astype(np.intp)
        self.orders = np.concatenate([self.orders, orders])
        place = np.argsort(orders, axis=1)
        joined = np.arange(1, self.players)[:, None]
        return (place[:, None, :] < joined).reshape(-1, self.players)

    def solved(self, differences: Floats, whole: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return values and standard errors; see `solver.Route`."""
        n, d = self.orders.shape
        steps = np.empty((n, d + 1, *whole.shape))
        steps[:, 1:-1] = differences.reshape(n, d - 1, *whole.shape)
        steps[:, 0], steps[:, -1] = -whole, whole
        gains = np.diff(steps, axis=1) / 2
        credits_of = np.empty_like(gains)
        np.put_along_axis(credits_of, self.orders[:, :, None, None], gains, axis=1)
        credit = credits_of @ mean
        spread = credit.std(axis=0, ddof=1)
        unseen = np.abs(credit - credit.mean(axis=0)).max(axis=(0, 1)) / n
        # Few pairs: as wide as Student's interval at 95% when 1.96 standard errors are taken.
        widened = critical_value(0.95, freedom=n - 1) / critical_value(0.95)
        return credits_of.mean(axis=0), np.hypot(widened * spread / np.sqrt(n), unseen)
