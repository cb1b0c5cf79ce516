"""A growing sample of pairs of coalitions: by size, without replacement.

The pairs {S, N - S} are split by the size s of the smaller coalition into strata of

    N_s = C(d, s),      half of it where s = d/2,

and n_s of each are drawn without replacement. A pair's part in the Shapley values has the length
proportional to 1 / (C(d, s) sqrt(s (d - s))), so that residuals of one variance are summed with the
least error [sarndal1992model, sec. 3.7; chen2025unified] where

    n_s  proportional to  1 / sqrt(s (d - s)),   at most N_s, at least 2.

Strata that reach N_s are complete and add no error: the small and the large coalitions, and all
of them in the end. Each stratum has one random order, of which n_s are taken from the front, so
that a larger sample contains the smaller one and nothing is asked twice.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

__all__ = ["PairDesign"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

LISTED = 2**15
"""A stratum of no more pairs is listed and shuffled; a larger one is drawn from and looked up."""


class PairDesign:
    """Pairs of coalitions, drawn stratum by stratum.

    Parameters
    ----------
    players
        Their number, from 2.
    generator
        Draws the pairs.

    Attributes
    ----------
    fewest, most
        The smallest and the largest sample, in pairs.
    shares
        The share of each drawn pair's stratum that is drawn, shape (pairs,): its chance.
    weights
        Each drawn pair's weight in a regression: the kernel's over the chance.
    """

    def __init__(self, players: int, generator: np.random.Generator) -> None:
        self.players, self.generator = players, generator
        self.sizes = np.arange(1, players // 2 + 1)
        ways = comb(players, self.sizes)
        self.strata = np.where(2 * self.sizes == players, ways / 2, ways)
        wanted = 1 / np.sqrt(self.sizes * (players - self.sizes))
        self.wanted = np.where(2 * self.sizes == players, wanted / 2, wanted)
        self.most = int(self.strata.sum()) if players < 62 else 2**61
        self.fewest = min(int(np.minimum(self.strata, 2).sum()) + players, self.most)
        self.drawn = np.zeros(len(self.sizes), dtype=np.int64)
        self.stratum = np.empty(0, dtype=np.intp)
        self._waiting: dict[int, Bools] = {}
        self._seen: dict[int, set[bytes]] = {}

    @property
    def shares(self) -> Floats:
        """The chance of each drawn pair."""
        return np.asarray((self.drawn / self.strata)[self.stratum])

    @property
    def weights(self) -> Floats:
        """1 / (s (d - s) C(d, s)) over the chance: the number of all pairs of a size cancels."""
        halved = np.where(2 * self.sizes == self.players, 0.5, 1.0)
        one = halved / (self.sizes * (self.players - self.sizes) * np.maximum(self.drawn, 1))
        return np.asarray(one[self.stratum])

    def extended(self, pairs: int) -> Bools:
        """Draw further pairs, up to `pairs` in all, and return one coalition of each new one."""
        more = np.maximum(self._quota(pairs) - self.drawn, 0)
        new = [self._from(at, int(count)) for at, count in enumerate(more) if count]
        self.drawn = self.drawn + more
        self.stratum = np.append(self.stratum, np.repeat(np.arange(len(more)), more))
        return np.concatenate(new) if new else np.empty((0, self.players), dtype=bool)

    def _quota(self, pairs: int) -> NDArray[np.int64]:
        """Return n_s for at most so many pairs; larger for more pairs, in each stratum."""
        low, high = 0.0, 2.0 * max(pairs, 1) / self.wanted.min()
        if pairs >= self.most:
            return self.strata.astype(np.int64)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if self._rounded(middle).sum() > pairs else (middle, high)
        return self._rounded(low)

    def _rounded(self, factor: float) -> NDArray[np.int64]:
        wanted = np.maximum(np.rint(factor * self.wanted), 2)
        return np.minimum(wanted, self.strata).astype(np.int64)

    def _from(self, at: int, count: int) -> Bools:
        """Return the next pairs of a stratum's random order."""
        if self.strata[at] <= LISTED:
            if at not in self._waiting:
                self._waiting[at] = self.generator.permutation(self._listed(at))
            front = self._waiting[at][:count]
            self._waiting[at] = self._waiting[at][count:]
            return front
        seen = self._seen.setdefault(at, set())
        found: list[Bools] = []
        while len(found) < count:
            ranks = self.generator.random((count - len(found), self.players)).argsort(axis=1)
            for coalition in ranks < self.sizes[at]:
                one = (
                    ~coalition
                    if 2 * self.sizes[at] == self.players and not coalition[0]
                    else coalition
                )
                key = np.packbits(one).tobytes()
                if key not in seen:
                    seen.add(key)
                    found.append(one)
        return np.stack(found)

    def _listed(self, at: int) -> Bools:
        size = int(self.sizes[at])
        halved = 2 * size == self.players
        # Of a coalition and its complement of the same size, the one with the first player.
        chosen = (
            combinations(range(1, self.players), size - 1)
            if halved
            else combinations(range(self.players), size)
        )
        members = np.array([(0, *each) if halved else each for each in chosen], dtype=np.intp)
        listed = np.zeros((len(members), self.players), dtype=bool)
        np.put_along_axis(listed, members, True, axis=1)
        return listed
