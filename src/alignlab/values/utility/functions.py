"""Utility functions over amounts: constant relative and absolute risk aversion, pieces of lines.

    CRRA  u(x) = (x^(1-r) - 1) / (1 - r),  ln x at r = 1,   -x u''/u' = r   [pratt1964risk]
    CARA  u(x) = (1 - e^(-a x)) / a,       x at a = 0,      -u''/u'  = a    [pratt1964risk]

Both are written with expm1 and log1p, so that they run smoothly through their limits: the naive
(x^(1-r) - 1)/(1-r) has lost every digit at r = 1 + 1e-15. Their certainty equivalents are taken
through logarithms of sums of exponentials, which neither overflow nor vanish where the expected
utility itself does. A utility is unique up to a positive affine map; the risk aversion is not
changed by one. Utilities of several attributes are in `attributes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError

__all__ = ["CARA", "CRRA", "PiecewiseLinear", "Utility", "from_certainty_equivalents"]

Floats = NDArray[np.float64]


@runtime_checkable
class Utility(Protocol):
    """What an amount is worth: any callable from an array of amounts to as many utilities."""

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of amounts."""
        ...


@dataclass(frozen=True, slots=True)
class CRRA:
    """Constant relative risk aversion: a bet of a share of one's wealth is judged alike at any.

    Use it for amounts that are shares of what somebody owns; use `CARA` where amounts can be
    negative and wealth is not known.

    Attributes
    ----------
    aversion
        The relative risk aversion, without unit: 0 is risk neutral, 1 is logarithmic, negative
        seeks risk.
    wealth
        Added to every amount before it is judged, in the amounts' unit.

    References
    ----------
    [pratt1964risk]

    Examples
    --------
    >>> u = CRRA(1.0)
    >>> u([1.0, 10.0]).round(3).tolist()
    [0.0, 2.303]
    >>> round(float(CRRA(1.0 + 1e-15)(10.0)), 12) == round(float(u(10.0)), 12)
    True
    """

    aversion: float
    wealth: float = 0.0

    def __post_init__(self) -> None:
        _require_finite(self.aversion, "aversion")
        _require_finite(self.wealth, "wealth")

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of amounts; an amount of zero is worth minus infinity from 1 on."""
        logs = self._logs(amounts)
        power = 1 - self.aversion
        if power == 0:
            return logs
        with np.errstate(over="ignore"):
            return np.asarray(np.expm1(power * logs) / power)

    def inverse(self, utilities: ArrayLike) -> Floats:
        """Return the amounts that have these utilities."""
        given = np.asarray(utilities, float)
        power = 1 - self.aversion
        if power == 0:
            return np.exp(given) - self.wealth
        inside = power * given
        bad = ~(inside >= -1)
        if bad.any():
            raise InputError(
                f"No amount has the utility {given[bad].flat[0]:g} under {self}: "
                f"utilities lie {'above' if power > 0 else 'below'} {-1 / power:g}."
            )
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(np.log1p(inside) / power)) - self.wealth

    def certainty_equivalent(self, amounts: ArrayLike, probabilities: ArrayLike) -> float:
        """Return the sure amount worth as much as amounts with these probabilities."""
        logs = self._logs(amounts)
        return float(np.exp(exponential_mean(logs, probabilities, 1 - self.aversion))) - self.wealth

    def absolute_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -u''/u' at amounts, per unit of amount."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.aversion / (np.asarray(amounts, float) + self.wealth))

    def relative_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -x u''/u' at amounts x; constant where there is no wealth besides."""
        return np.asarray(np.asarray(amounts, float) * self.absolute_aversion(amounts))

    def _logs(self, amounts: ArrayLike) -> Floats:
        owned = np.asarray(amounts, float) + self.wealth
        if not (owned >= 0).all():
            worst = float(np.min(owned)) - self.wealth
            raise InputError(
                f"CRRA judges amounts that leave nothing negative; {worst:g} with a wealth of "
                f"{self.wealth:g} does not. State a larger wealth, or use CARA."
            )
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(owned))


@dataclass(frozen=True, slots=True)
class CARA:
    """Constant absolute risk aversion: a bet is judged alike at any wealth.

    Use it where amounts can be negative or wealth is not known; its certainty equivalent is the
    entropic risk measure with the sign turned.

    Attributes
    ----------
    aversion
        The absolute risk aversion, per unit of amount: 0 is risk neutral, negative seeks risk.

    References
    ----------
    [pratt1964risk]

    Examples
    --------
    >>> u = CARA(0.01)
    >>> u.inverse(u([-50.0, 0.0, 200.0])).round(9).tolist()
    [-50.0, 0.0, 200.0]
    >>> round(u.certainty_equivalent([0.0, 100.0], [0.5, 0.5]), 3)
    37.989
    """

    aversion: float

    def __post_init__(self) -> None:
        _require_finite(self.aversion, "aversion")

    @classmethod
    def over_range(cls, aversion: float, low: float, high: float) -> CARA:
        """Return a CARA utility from an aversion without unit, for amounts from low to high.

        Parameters
        ----------
        aversion
            The absolute risk aversion times the range: the same number in dollars and in cents.
        low, high
            The ends of the range.

        Examples
        --------
        >>> CARA.over_range(2.0, 0, 1000).aversion
        0.002
        """
        if not high > low:
            raise InputError(f"low={low:g} is not below high={high:g}.")
        return cls(aversion / (high - low))

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of amounts."""
        given = np.asarray(amounts, float)
        if self.aversion == 0:
            return given.copy()
        with np.errstate(over="ignore"):
            return np.asarray(-np.expm1(-self.aversion * given) / self.aversion)

    def inverse(self, utilities: ArrayLike) -> Floats:
        """Return the amounts that have these utilities."""
        given = np.asarray(utilities, float)
        if self.aversion == 0:
            return given.copy()
        bad = ~(self.aversion * given <= 1)
        if bad.any():
            raise InputError(
                f"No amount has the utility {given[bad].flat[0]:g} under {self}: "
                f"utilities lie {'below' if self.aversion > 0 else 'above'} {1 / self.aversion:g}."
            )
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log1p(-self.aversion * given) / self.aversion)

    def certainty_equivalent(self, amounts: ArrayLike, probabilities: ArrayLike) -> float:
        """Return the sure amount worth as much as amounts with these probabilities."""
        return exponential_mean(np.asarray(amounts, float), probabilities, -self.aversion)

    def absolute_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -u''/u' at amounts, per unit of amount."""
        return np.full(np.shape(amounts), float(self.aversion))

    def relative_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -x u''/u' at amounts x."""
        return np.asarray(np.asarray(amounts, float) * self.aversion)


@dataclass(frozen=True, eq=False)
class PiecewiseLinear:
    """A utility known at some amounts, and straight between them.

    Use it for what was elicited at a few amounts, or for a loss that hurts more than a gain
    pleases (a kink at 0). It says nothing outside its amounts, and raises there.

    Attributes
    ----------
    amounts
        Rising, shape (k,).
    utilities
        What they are worth, never falling, shape (k,).

    Examples
    --------
    >>> u = PiecewiseLinear([-100, 0, 100], [-2, 0, 1])
    >>> u([-50, 50]).tolist(), u.inverse([-1, 0.5]).tolist()
    ([-1.0, 0.5], [-50.0, 50.0])
    """

    amounts: Floats
    utilities: Floats

    def __init__(self, amounts: ArrayLike, utilities: ArrayLike) -> None:
        xs, us = np.array(amounts, float), np.array(utilities, float)
        if xs.ndim != 1 or xs.shape != us.shape or len(xs) < 2:
            raise InputError(
                f"A piecewise utility has two or more amounts and as many utilities; there are "
                f"{xs.size} and {us.size}."
            )
        if not (np.isfinite(xs).all() and np.isfinite(us).all()):
            raise InputError("A piecewise utility's amounts and utilities are finite numbers.")
        if not (np.diff(xs) > 0).all():
            at = int(np.argmin(np.diff(xs) > 0))
            raise InputError(f"Amounts must rise; {xs[at + 1]:g} follows {xs[at]:g}.")
        if not (np.diff(us) >= 0).all():
            at = int(np.argmin(np.diff(us) >= 0))
            raise InputError(
                f"Infeasible utility: more is worth less ({xs[at]:g} is worth {us[at]:g}, but "
                f"{xs[at + 1]:g} only {us[at + 1]:g}). Ask again about these two amounts."
            )
        xs.flags.writeable = us.flags.writeable = False
        object.__setattr__(self, "amounts", xs)
        object.__setattr__(self, "utilities", us)

    def __repr__(self) -> str:
        return f"PiecewiseLinear({self.amounts.tolist()}, {self.utilities.tolist()})"

    def __call__(self, amounts: ArrayLike, /) -> Floats:
        """Return the utilities of amounts inside the range."""
        given = np.asarray(amounts, float)
        _require_inside(given, self.amounts, "amount")
        return np.asarray(np.interp(given, self.amounts, self.utilities))

    def inverse(self, utilities: ArrayLike) -> Floats:
        """Return the amounts that have these utilities; of several, the smallest."""
        us, xs = self.utilities, self.amounts
        if us[0] == us[-1]:
            raise InputError("Every amount has the same utility, so no utility names an amount.")
        given = np.asarray(utilities, float)
        _require_inside(given, us, "utility")
        # The piece that ends at the first amount of at least this utility is never flat.
        end = np.maximum(np.searchsorted(us, given, side="left"), 1)
        rise = np.where(given == us[0], 1.0, us[end] - us[end - 1])
        return np.asarray(xs[end - 1] + (xs[end] - xs[end - 1]) * (given - us[end - 1]) / rise)

    def absolute_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -u''/u' at amounts: 0 within a piece, not a number at a kink."""
        given = np.asarray(amounts, float)
        slopes = np.diff(self.utilities) / np.diff(self.amounts)
        kinks = self.amounts[1:-1][np.diff(slopes) != 0]
        return np.where(np.isin(given, kinks), np.nan, 0.0)

    def relative_aversion(self, amounts: ArrayLike) -> Floats:
        """Return -x u''/u' at amounts x: 0 within a piece, not a number at a kink."""
        return np.asarray(np.asarray(amounts, float) * self.absolute_aversion(amounts))


def from_certainty_equivalents(
    probabilities: ArrayLike, equivalents: ArrayLike, *, low: float, high: float
) -> PiecewiseLinear:
    """Return the utility that stated certainty equivalents imply, 0 at `low` and 1 at `high`.

    Use it where a person names the sure amounts directly; `elicit` asks for choices instead, which
    people answer with less bias, and says how sure the result is.

    Parameters
    ----------
    probabilities
        Rising chances of `high` (else `low`), each between 0 and 1.
    equivalents
        The sure amount that is as good as each.
    low, high
        The two outcomes of every gamble.

    Raises
    ------
    InputError
        If an equivalent lies outside its gamble, or a better gamble was given a smaller one.

    References
    ----------
    [farquhar1984state]

    Examples
    --------
    >>> from_certainty_equivalents([0.25, 0.5, 0.75], [10, 30, 60], low=0, high=100)(20).round(3)
    np.float64(0.375)
    """
    chances, sure = np.array(probabilities, float), np.array(equivalents, float)
    if chances.ndim != 1 or chances.shape != sure.shape:
        raise InputError(f"There are {chances.size} probabilities and {sure.size} equivalents.")
    if not ((chances > 0) & (chances < 1)).all() or not (np.diff(chances) > 0).all():
        raise InputError(f"probabilities={chances.tolist()} do not rise between 0 and 1.")
    outside = ~((sure > low) & (sure < high))
    if outside.any():
        at = int(outside.argmax())
        raise InputError(
            f"Infeasible utility: {sure[at]:g} is said to be as good as a chance of "
            f"{chances[at]:g} of {high:g}, else {low:g}; it must lie between the two."
        )
    if not (np.diff(sure) > 0).all():
        at = int(np.argmin(np.diff(sure) > 0))
        raise InputError(
            f"Infeasible utility: a chance of {chances[at + 1]:g} is said to be as good as "
            f"{sure[at + 1]:g}, but the smaller chance {chances[at]:g} as {sure[at]:g}. Ask again."
        )
    return PiecewiseLinear([low, *sure, high], [0, *chances, 1])


def exponential_mean(values: ArrayLike, probabilities: ArrayLike, rate: float) -> float:
    """Return ln(sum p exp(rate x)) / rate, the mean at rate 0; exact near 0, safe far from it."""
    x, p = np.asarray(values, float), np.asarray(probabilities, float)
    x, p = x[p > 0], p[p > 0]
    if np.isinf(x).any() and (rate <= 0) == (x.min() == -np.inf):
        return float(x[np.isinf(x)][0])
    if rate == 0:
        return float(p @ x)
    # Infinite values that remain weigh nothing, as exp(-inf) does.
    center = float(p[np.isfinite(x)] @ x[np.isfinite(x)]) if np.isfinite(x).any() else 0.0
    spread = rate * (x - center)
    if np.isfinite(spread).all() and np.abs(spread).max() < 1e-7:
        # By the series: of the smallest numbers only few digits are kept, and dividing by the rate
        # would make them large.
        return center + rate * float(p @ (x - center) ** 2) / 2
    if np.isfinite(spread).all() and np.abs(spread).max() < 1:
        return center + float(np.log1p(p @ np.expm1(spread))) / rate
    top = float(spread.max())
    return center + (top + float(np.log(p @ np.exp(spread - top)))) / rate


def _require_inside(at: Floats, xs: Floats, what: str) -> None:
    outside = ~((at >= xs[0]) & (at <= xs[-1]))
    if outside.any():
        raise InputError(
            f"The {what} {at[outside].flat[0]:g} is outside what was stated, "
            f"{xs[0]:g} to {xs[-1]:g}; nothing is known there."
        )


def _require_finite(value: float, what: str) -> None:
    if not np.isfinite(value):
        raise InputError(f"{what}={value!r} is not a finite number.")
