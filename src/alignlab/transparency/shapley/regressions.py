"""Shapley values by regression on sampled pairs of coalitions: kernel, and odd of degree 3.

With z_i = 1 for the members of S and -1 for the others, and D(S) = v(S) - v(N - S), the Shapley
values are the coefficients of the weighted least squares fit over all pairs [lundberg2017unified,
theorem 2; covert2021improving]

    D(S) ~ sum_i phi_i z_i,   sum_i phi_i = D(N),   weights 1 / (s (d - s) C(d, s)),

and of a sample of pairs the same with weights over the chance pi_S of being drawn: "kernel".

"odd regression" adds what three players do together, as terms that have no part in the values,

    z_i z_j z_k - (z_i + z_j + z_k) / 3,

with a ridge penalty on them. D is odd, so that terms of even degree play no part
[fumagalli2026odd]. As the z_i are not penalised, the values are those of the fitted game plus the
weighted sum of its residuals, which is right whatever the fit [sarndal1992model, sec. 6.4;
witter2025regression]; a good fit makes it more precise.

The values are linear in D, phi = D(N)/d + M r with r the rest of D, and with the residual that
each pair has in a fit without it, the jackknife with the strata's finite population gives

    se(phi_i)^2 = sum_S (1 - pi_S) (M_iS e_(-S))^2,    e_(-S) = e_S / (1 - h_S).

The penalty is the one with the smallest sum of these: cross-validation on what is asked for.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from alignlab.transparency.shapley.designs import PairDesign

__all__ = ["PairRegression"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

PENALTIES = (*10.0 ** np.arange(-4, 2.1, 0.5), np.inf)
"""Tried, in units of the mean eigenvalue of the terms of degree 3; infinity leaves them out."""

TERMS = 1024
"""Terms of degree 3 that are written out; there are no more up to 19 players."""

SPANNED = 512
"""Combinations of them worked with where there are more."""

SMALL = 1e-10


class PairRegression:
    """Values from a regression on a growing sample of pairs.

    Parameters
    ----------
    players
        Their number, from 2.
    generator
        Draws the pairs.
    degree
        1 ("kernel") or 3 ("odd regression").
    """

    def __init__(
        self, players: int, generator: np.random.Generator, *, degree: Literal[1, 3] = 3
    ) -> None:
        self.players, self.degree = players, degree
        self.design = PairDesign(players, generator)
        self.fewest = self.design.fewest
        self.most: int | None = self.design.most
        self.half: Bools = np.empty((0, players), dtype=bool)

    def extended(self, pairs: int) -> Bools:
        """Draw further pairs, up to `pairs` in all, and return one coalition of each new one."""
        new = self.design.extended(pairs)
        self.half = np.concatenate([self.half, new])
        return new

    def solved(self, differences: Floats, whole: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return values and standard errors; see `solver.Route`."""
        signs: Floats = 2.0 * self.half.astype(np.float64) - 1
        balance = signs.mean(axis=1)
        # What an equal share for everyone leaves of D.
        rest = differences - balance[:, None, None] * whole
        target = rest @ mean
        missed = (1 - self.design.shares)[:, None]
        root = np.sqrt(self.design.weights)[:, None]
        inside = _orthonormal_to_ones(self.players)
        found = np.linalg.qr(root * (signs @ inside))
        first, triangle = found.Q, found.R
        back = inside @ np.linalg.inv(triangle)
        cubic = _Cubic(signs, root, first) if self.degree == 3 and self.players > 2 else None
        residual = root * target - first @ (first.T @ (root * target))
        leverage = (first**2).sum(axis=1)
        least = np.full(target.shape[1], np.inf)
        chosen = np.zeros(target.shape[1], dtype=np.intp)
        errors = np.zeros((self.players, target.shape[1]))
        maps = []
        for penalty in PENALTIES if cubic is not None else (np.inf,):
            left, own, through = residual, leverage, first.T
            if cubic is not None and np.isfinite(penalty):
                left, own, through = cubic.fitted(penalty, residual, leverage, first)
            maps.append(back @ through * root.T)
            alone = left / (root * np.maximum(1 - own, SMALL)[:, None])
            variances = maps[-1] ** 2 @ (missed * alone**2)
            better = variances.sum(axis=0) < least
            least[better] = variances.sum(axis=0)[better]
            errors[:, better] = np.sqrt(variances[:, better])
            chosen[better] = len(maps) - 1
        values = np.empty((self.players, *whole.shape))
        for number in np.unique(chosen):
            columns = chosen == number
            moved = np.tensordot(maps[number], rest[:, columns], axes=1)
            values[:, columns] = whole[columns] / self.players + moved
        return values, errors


class _Cubic:
    """The terms of degree 3, cleared of the terms of degree 1, in their principal directions."""

    def __init__(self, signs: Floats, root: Floats, first: Floats) -> None:
        terms = root * _terms(signs)
        cleared = terms - first @ (first.T @ terms)
        tall = terms.shape[1] <= len(terms)
        powers, axes = np.linalg.eigh(cleared.T @ cleared if tall else cleared @ cleared.T)
        kept = powers > SMALL * max(powers[-1], SMALL)
        self.powers, axes = powers[kept], axes[:, kept]
        scale = np.sqrt(self.powers)
        # Left and right singular vectors of the cleared terms.
        self.left = cleared @ axes / scale if tall else axes
        right = axes if tall else cleared.T @ axes / scale
        self.slant = first.T @ (terms @ (right / scale))
        self.unit = float(self.powers.mean()) if len(self.powers) else 1.0

    def fitted(
        self, penalty: float, residual: Floats, leverage: Floats, first: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return what is left of the residual, the leverages, and the map to degree 1."""
        share = self.powers / (self.powers + penalty * self.unit)
        left = residual - self.left @ (share[:, None] * (self.left.T @ residual))
        through = first.T - (self.slant * share) @ self.left.T
        return left, leverage + self.left**2 @ share, through


def _terms(signs: Floats) -> Floats:
    """Return terms of degree 3 that have no part in the values, shape (pairs, terms).

    More than `TERMS` are replaced by `SPANNED` combinations of them, those that evenly chosen pairs
    span (Nyström): their inner products are known without forming them.
    """
    pairs, players = signs.shape
    if comb(players, 3) <= TERMS:
        i, j, k = np.array(list(combinations(range(players), 3))).T
        a, b, c = signs[:, i], signs[:, j], signs[:, k]
        return np.asarray(a * b * c - (a + b + c) / 3)
    chosen = signs[np.linspace(0, pairs - 1, min(pairs, SPANNED)).astype(np.intp)]
    powers, axes = np.linalg.eigh(_products(chosen, chosen))
    kept = powers > SMALL * powers[-1]
    return np.asarray(_products(signs, chosen) @ (axes[:, kept] / np.sqrt(powers[kept])))


def _products(one: Floats, two: Floats) -> Floats:
    """Return the inner products over all triples of the terms of two sets of coalitions."""
    d = one.shape[1]
    inner = one @ two.T
    a, b = one.sum(axis=1)[:, None], two.sum(axis=1)[None]
    cubes = (inner**3 - 3 * d * inner + 2 * inner) / 6
    # Sums over triples of z_i z_j z_k (z'_i + z'_j + z'_k) and of the product of two such sums.
    crossed = inner * (a**2 + b**2 - 2 * d + 4) / 2 - 2 * a * b
    sums = (d - 1) * (d - 2) / 2 * inner + (d - 2) * (a * b - inner)
    return np.asarray(cubes - crossed / 3 + sums / 9)


def _orthonormal_to_ones(players: int) -> Floats:
    """Return an orthonormal basis of what sums to 0, shape (players, players - 1)."""
    basis = np.linalg.qr(np.column_stack([np.ones(players), np.eye(players)[:, 1:]]))[0]
    return np.asarray(basis[:, 1:])
