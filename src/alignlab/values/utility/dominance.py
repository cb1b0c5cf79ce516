"""Stochastic dominance: which lottery everybody prefers who wants more, or who also fears risk.

First order: A dominates B if F_A(x) <= F_B(x) for all x, with < somewhere; then everybody whose
utility rises prefers A [hadar1969rules]. Second order: if E min(A, x) >= E min(B, x) for all x,
with > somewhere; then everybody whose utility rises and is concave prefers A. The second is the
usual condition on integrated distribution functions, since E min(A, x) = x - int_{-inf}^x F_A; it
is exact for discrete lotteries when checked at their outcomes, between which both sides are
straight, and needs no integration.

Where neither dominates there are two amounts x, one where each is ahead, and with them two people
who disagree: for the first order, those who only want to exceed x; for the second, those who have
no use for more than x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, line_chart
from alignlab.errors import InputError
from alignlab.tables import Table
from alignlab.values.utility.lotteries import Lottery

__all__ = ["Dominance", "DominanceOrder", "dominance", "dominance_order"]

Floats = NDArray[np.float64]

Winner = Literal["first", "second", "equal", "neither"]

TOLERANCE = 1e-12
"""Differences below this share of the scale are rounding: 0.1 + 0.2 is not 0.3."""


SIEVE = 64
"""Amounts at which two lotteries are compared first, of many."""


@dataclass(frozen=True, eq=False)
class Dominance:
    """Which of two lotteries dominates, and why not where neither does.

    Attributes
    ----------
    winner
        "first", "second", "equal" or "neither".
    order
        1 or 2.
    amounts
        The outcomes of both, rising, shape (k,).
    first, second
        Order 1: the chance of at most each amount, F(x). Order 2: E min(X, x). Shape (k,).
    first_ahead_at, second_ahead_at
        The amount where each is furthest ahead of the other, or `None` if it is nowhere.
    """

    winner: Winner
    order: int
    amounts: Floats
    first: Floats
    second: Floats
    first_ahead_at: float | None
    second_ahead_at: float | None

    def __str__(self) -> str:
        if self.winner != "neither":
            return f"order {self.order}: {self.winner}"
        return (
            f"order {self.order}: neither, since the first is ahead at {self.first_ahead_at:g} "
            f"and the second at {self.second_ahead_at:g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "winner": self.winner,
            "order": self.order,
            "amounts": self.amounts.tolist(),
            "first": self.first.tolist(),
            "second": self.second.tolist(),
            "first_ahead_at": self.first_ahead_at,
            "second_ahead_at": self.second_ahead_at,
        }

    def chart(self, question: str = "Does one lottery dominate the other?") -> Chart:
        """Draw both curves: below is better for order 1, above for order 2."""
        rows = [
            {"lottery": name, "amount": x, "value": y}
            for name, curve in (("first", self.first), ("second", self.second))
            for x, y in zip(self.amounts.tolist(), curve.tolist(), strict=True)
        ]
        title = "chance of at most this (lower is better)"
        if self.order == 2:
            title = "expected amount, capped at this (higher is better)"
        return line_chart(
            question, rows, x="amount", y="value", series="lottery", x_title="amount",
            y_title=title, percent=False,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class DominanceOrder:
    """The partial order of many lotteries by dominance.

    Attributes
    ----------
    names
        The lotteries.
    order
        1 or 2.
    dominates
        Whether a lottery (row) dominates another (column), shape (n, n).
    """

    names: tuple[str, ...]
    order: int
    dominates: NDArray[np.bool_]

    @property
    def undominated(self) -> tuple[str, ...]:
        """The lotteries that no other dominates: every sensible choice is among them."""
        return tuple(self.names[i] for i in np.flatnonzero(~self.dominates.any(axis=0)))

    @property
    def covers(self) -> tuple[tuple[str, str], ...]:
        """The pairs (better, worse) with no lottery in between, from which all others follow."""
        between = self.dominates.astype(int) @ self.dominates.astype(int) > 0
        pairs = np.argwhere(self.dominates & ~between)
        return tuple((self.names[better], self.names[worse]) for better, worse in pairs)

    def table(self) -> Table:
        """Return, for each lottery, how many it dominates and which dominate it."""
        rows = tuple(
            (
                name,
                int(self.dominates[i].sum()),
                ", ".join(self.names[j] for j in np.flatnonzero(self.dominates[:, i])) or "none",
            )
            for i, name in enumerate(self.names)
        )
        columns = ("lottery", "dominates (count)", "dominated by")
        return Table(f"Stochastic dominance of order {self.order}", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the names, the matrix and the undominated lotteries."""
        return {
            "names": list(self.names),
            "order": self.order,
            "dominates": self.dominates.tolist(),
            "undominated": list(self.undominated),
        }


def dominance(first: Lottery, second: Lottery, *, order: Literal[1, 2] = 1) -> Dominance:
    """Compare two lotteries of amounts by stochastic dominance.

    Use it before stating a utility: what is dominated is never the best choice, whoever chooses.
    It often says "neither"; then a utility has to be stated, or elicited.

    Parameters
    ----------
    first, second
        Lotteries of amounts, more being better.
    order
        1: for everybody who prefers more. 2: for everybody who also dislikes risk.

    Raises
    ------
    InputError
        If the order is another, or a lottery has no amounts.

    References
    ----------
    [hadar1969rules]

    Examples
    --------
    The same mean, less spread: only those who dislike risk agree.

    >>> safe, risky = Lottery([50]), Lottery([0, 100])
    >>> print(dominance(safe, risky))
    order 1: neither, since the first is ahead at 0 and the second at 50
    >>> print(dominance(safe, risky, order=2))
    order 2: first
    """
    amounts, (one, two) = _curves([first, second], order)
    ahead = two - one if order == 1 else one - two
    rounding = TOLERANCE * _scale(amounts, order)
    offset = amounts[0] if order == 2 else 0.0
    leads, trails = bool((ahead > rounding).any()), bool((ahead < -rounding).any())
    winner: Winner = "neither" if leads else "second"
    if not trails:
        winner = "first" if leads else "equal"
    return Dominance(
        winner=winner,
        order=order,
        amounts=amounts,
        first=one + offset,
        second=two + offset,
        first_ahead_at=float(amounts[ahead.argmax()]) if leads else None,
        second_ahead_at=float(amounts[ahead.argmin()]) if trails else None,
    )


def dominance_order(
    lotteries: Mapping[str, Lottery] | Sequence[Lottery], *, order: Literal[1, 2] = 2
) -> DominanceOrder:
    """Compare every pair of lotteries.

    Parameters
    ----------
    lotteries
        Name to lottery, or a sequence, whose names are "0", "1", ….
    order
        1 or 2, as in `dominance`.

    Examples
    --------
    >>> lotteries = {"safe": Lottery([50]), "risky": Lottery([0, 100]), "poor": Lottery([0, 90])}
    >>> found = dominance_order(lotteries)
    >>> found.undominated, found.covers
    (('safe',), (('safe', 'risky'), ('risky', 'poor')))
    """
    named = lotteries if isinstance(lotteries, Mapping) else dict(enumerate(lotteries))
    if not named:
        raise InputError("There is no lottery to compare. Give one or more.")
    amounts, curves = _curves(list(named.values()), order)
    better = -curves if order == 1 else curves
    rounding = TOLERANCE * _scale(amounts, order)
    dominates = np.zeros((len(named), len(named)), dtype=bool)
    # Most pairs cross, and a few amounts show it; only the others are compared at all amounts.
    few = better[:, :: 1 + len(amounts) // SIEVE]
    for i, curve in enumerate(better):
        maybe = np.flatnonzero((few[i] - few >= -rounding).all(axis=1))
        gap = curve - better[maybe]
        dominates[i, maybe] = (gap.min(axis=1) >= -rounding) & (gap.max(axis=1) > rounding)
    return DominanceOrder(tuple(str(name) for name in named), order, dominates)


def _curves(lotteries: Sequence[Lottery], order: int) -> tuple[Floats, Floats]:
    """Return all outcomes, rising, and each lottery's curve over them, shape (n, k).

    Order 2 counts from the smallest outcome, so that a large one takes no digits.
    """
    if order not in (1, 2):
        raise InputError(f"order={order!r} is not 1 (prefers more) or 2 (also dislikes risk).")
    tidy = [each.sorted() for each in lotteries]
    amounts = np.unique(np.concatenate([each.amounts for each in tidy]))
    # Amounts closer than rounding are one amount, the first of them.
    size = max(float(np.abs(amounts).max()), float(np.ptp(amounts)))
    new = np.diff(amounts, prepend=-np.inf) > TOLERANCE * size
    known, amounts = amounts, amounts[new]
    curves = np.empty((len(tidy), len(amounts)))
    for curve, each in zip(curves, tidy, strict=True):
        merged = amounts[np.cumsum(new)[np.searchsorted(known, each.amounts)] - 1]
        below = np.searchsorted(merged, amounts, side="right")
        chance = np.concatenate([[0.0], np.cumsum(each.probabilities)])[below]
        curve[:] = chance
        if order == 2:
            rise = merged - amounts[0]
            part = np.concatenate([[0.0], np.cumsum(each.probabilities * rise)])[below]
            curve[:] = part + (1 - chance) * (amounts - amounts[0])
    return amounts, curves


def _scale(amounts: Floats, order: int) -> float:
    return 1.0 if order == 1 else float(np.ptp(amounts))
