"""Areas under the risk–coverage curve, exact for ties, and each row's influence on them.

Rows are accepted from the surest down. With r_k the mean loss of the first k of n,

    AURC    (1/n) sum_k r_k                        mean selective risk  [geifman2019bias]
    E-AURC  AURC less that of the order by true loss                    [geifman2019bias]
    AUGRC   area under (k/n, (k/n) r_k), by trapezium: the loss of accepted rows per row that was
            asked, accepted or not                                      [traub2024overcoming]

Rows of equal score have no order, and each number is its expectation over all their orders. AURC is
linear in the ordered losses, row i from the top weighing (H_n - H_(i-1)) / n with H the harmonic
numbers; so a block of ties at places a+1..b has its mean loss times

    (Phi(b) - Phi(a)) / n,   Phi(m) = m (1 + H_n - H_m),

which also serves sample weights, scaled to sum to n, through H_m = digamma(m + 1) + gamma. The
expectation of AURC lies above the area under the true curve, by the risk of all rows less that of
the surest one, over n.

Intervals come from each row's influence (the derivative by its weight: of its own loss, and of
pushing the rows below it down), on the log scale, with Student's t for as many degrees of freedom
as there are rows that lose anything, less one: these, not all rows, say what is known. They end
where even the worst order would, were the risk p at its exact upper limit: p (1 - ln p) for AURC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from alignlab.errors import InputError
from alignlab.intervals import Estimate, critical_value, share_limits, share_size
from alignlab.measures import effective_size

__all__ = [
    "Area",
    "Blocks",
    "Scored",
    "areas_of",
    "as_scored",
    "error_of",
    "freedom_of",
    "is_error",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """Rows with a score, a loss and a share of the whole; the shares sum to one."""

    score: Floats
    loss: Floats
    shares: Floats

    def __len__(self) -> int:
        return len(self.score)


def as_scored(score: ArrayLike, loss: ArrayLike, weights: ArrayLike | None) -> Scored:
    """Return the rows, or say what is wrong with the first that cannot be used."""
    given = {"score": np.asarray(score, dtype=float), "loss": np.asarray(loss, dtype=float)}
    if weights is not None:
        given["weights"] = np.asarray(weights, dtype=float)
    n = len(given["score"]) if given["score"].ndim == 1 else -1
    for name, values in given.items():
        if values.ndim != 1 or len(values) != n:
            shapes = ", ".join(f"{each} {array.shape}" for each, array in given.items())
            raise InputError(f"One {name} a row is wanted, and the shapes are: {shapes}.")
        bad = ~np.isfinite(values) | ((values < 0) & (name != "score"))
        if bad.any():
            row = int(bad.argmax())
            allowed = "a finite number" if name == "score" else "a finite number from 0"
            raise InputError(f"Row {row} has the {name} {values[row]:.4g}: give {allowed}.")
    if n == 0:
        raise InputError("There is no row: give at least one score and its loss.")
    shares = given.get("weights", np.ones(n))
    if not shares.sum() > 0:
        raise InputError("All weights are 0: at least one row must count.")
    return Scored(given["score"], given["loss"], shares / shares.sum())


@dataclass(frozen=True, eq=False)
class Blocks:
    """Rows of equal score taken together, the surest first."""

    score: Floats
    mass: Floats
    lost: Floats
    of_row: NDArray[np.intp]

    @classmethod
    def of(cls, rows: Scored) -> Blocks:
        """Return the blocks of some rows."""
        counts = rows.shares > 0
        distinct = np.unique(rows.score[counts])[::-1]
        # A row without weight stands with the next less sure one that has some.
        of_row = np.searchsorted(-distinct, -rows.score).clip(max=len(distinct) - 1)
        return cls(
            score=distinct,
            mass=np.asarray(np.bincount(of_row, rows.shares, len(distinct)), float),
            lost=np.asarray(np.bincount(of_row, rows.shares * rows.loss, len(distinct)), float),
            of_row=of_row,
        )


@dataclass(frozen=True, eq=False)
class Area:
    """An area and each row's influence on it."""

    value: float
    influence: Floats
    most: float

    def estimate(self, rows: Scored, level: float) -> Estimate:
        """Return the value and its limits."""
        low, high = 0.0, self.most
        if self.value > 0:
            # Symmetric limits of a small positive area fall short above and pass 0 below.
            reach = critical_value(level, freedom=freedom_of(rows)) / self.value
            reach = min(reach * error_of(rows.shares, self.influence), 700.0)
            low, high = self.value * np.exp(-reach), min(self.value * np.exp(reach), self.most)
        method = "influences of rows, on the log scale"
        return Estimate(
            self.value, float(low), max(float(high), self.value), level, len(rows), method
        )


def areas_of(rows: Scored, level: float = 0.95) -> dict[str, Area]:
    """Return the three areas by name: "aurc", "e_aurc" and "augrc"."""
    aurc, by_aurc = _aurc(rows)
    least, by_least = _aurc(Scored(-rows.loss, rows.loss, rows.shares))
    augrc, by_augrc = _augrc(rows)
    by_share, by_square = _worst(rows, level)
    return {
        "aurc": Area(aurc, by_aurc, by_share),
        "e_aurc": Area(max(aurc - least, 0.0), by_aurc - by_least, by_share),
        "augrc": Area(augrc, by_augrc, by_square),
    }


def freedom_of(rows: Scored) -> float:
    """Return how many rows, less one, say how the loss varies."""
    return max(effective_size(rows.shares * rows.loss) - 1, 1e-3)


def _worst(rows: Scored, level: float) -> tuple[float, float]:
    """Return the AURC and the AUGRC of the worst order at the upper limit of the risk."""
    if not is_error(rows.loss):
        return np.inf, np.inf
    risk, squares = float(rows.shares @ rows.loss), rows.shares**2
    size = share_size(risk, 1.0, squares @ rows.loss, squares.sum())
    top = float(share_limits(min(risk, 1.0), size, level=level)[1])
    return top * (1 - np.log(top)), top - top**2 / 2


def is_error(loss: Floats) -> bool:
    """Return whether all losses are 0 or 1: right or wrong."""
    return bool(((loss == 0) | (loss == 1)).all())


def _aurc(rows: Scored) -> tuple[float, Floats]:
    """Return the AURC and each row's influence."""
    blocks, n = Blocks.of(rows), len(rows)
    below = np.concatenate([[0.0], np.cumsum(blocks.mass)]) * n
    left = special.digamma(n + 1) - special.digamma(below + 1)  # H_n - H_m
    weight = np.diff(below * (1 + left)) / n
    mean = blocks.lost / blocks.mass
    value = float(mean @ weight)
    # With more weight on a row its block widens, and the blocks after it move down the curve.
    slope = 1 + left - below * special.polygamma(1, below + 1)
    after = mean * np.diff(slope)
    pushed = np.cumsum(after[::-1])[::-1] - after
    own = (rows.loss - mean[blocks.of_row]) * (weight / blocks.mass)[blocks.of_row]
    influence = own + (mean * slope[1:] + pushed)[blocks.of_row]
    return value, influence - float(rows.shares @ influence)


def _augrc(rows: Scored) -> tuple[float, Floats]:
    """Return the AUGRC and each row's influence: a mean over pairs of rows."""
    blocks = Blocks.of(rows)
    less_sure = 1 - np.cumsum(blocks.mass) + blocks.mass / 2
    lost_above = np.cumsum(blocks.lost) - blocks.lost / 2
    value = float(blocks.lost @ less_sure)
    influence = rows.loss * less_sure[blocks.of_row] + lost_above[blocks.of_row]
    return value, influence - float(rows.shares @ influence)


def error_of(shares: Floats, influence: Floats) -> float:
    """Return the linearised standard error of a functional."""
    effective = 1 / float(shares @ shares)
    if effective <= 1:
        return float("inf")
    correction = effective / (effective - 1)
    return float(np.sqrt(correction * np.sum((shares * influence) ** 2)))
