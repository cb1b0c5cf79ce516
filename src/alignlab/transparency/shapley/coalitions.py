"""Coalitions of players, in pairs, and what a pair adds to each player's Shapley value.

With D(S) = v(S) - v(N - S), the worth of a coalition less that of everyone else, the Shapley value
[shapley1953value] is a sum over unordered pairs {S, N - S} without the pair {0, N}:

    phi_i = D(N)/d + sum_S a_i(S) D(S),    a_i(S) =  1 / (s C(d, s))         where i is in S
                                                    -1 / ((d - s) C(d, s))   where it is not,

for d players and s = |S|. So it depends on the odd part of the game alone [fumagalli2026odd], and
as the a_i(S) of one S sum to 0, any subset of the pairs keeps the values adding up to D(N).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

__all__ = ["every_pair", "pair_weights", "pairs_in_all"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def pairs_in_all(players: int) -> int:
    """Return the number of pairs of a coalition and its complement, without the empty one's."""
    return int(2 ** (players - 1)) - 1


def every_pair(players: int, start: int, stop: int) -> Bools:
    """Return one coalition of each pair, shape (stop - start, players).

    Parameters
    ----------
    players
        The number of players, from 1.
    start, stop
        Which of the `pairs_in_all(players)` pairs.

    Examples
    --------
    >>> every_pair(3, 0, pairs_in_all(3)).astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    """
    codes = np.arange(start + 1, stop + 1, dtype=np.int64)
    return (codes[:, None] >> np.arange(players) & 1).astype(bool)


def pair_weights(coalitions: Bools) -> Floats:
    """Return what D(S) adds to each player's value, a_i(S) of the module's formula.

    Parameters
    ----------
    coalitions
        One of each pair, shape (m, players), neither empty nor full.

    Returns
    -------
    ndarray
        Shape (m, players); each row sums to 0.
    """
    players = coalitions.shape[1]
    size = coalitions.sum(axis=1, keepdims=True)
    ways = comb(players, size)
    return np.where(coalitions, 1 / (size * ways), -1 / ((players - size) * ways))
