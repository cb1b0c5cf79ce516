"""Lotteries, expected utility, and the choice that maximizes it.

    EU(L) = sum_i p_i u(x_i)                    [vonneumann1944theory]
    certainty equivalent: the sure x with u(x) = EU(L)

A utility is unique up to a positive affine map, so nothing here depends on more: ties are judged
by a share of the range of the two options compared, not by an absolute number. An outcome that
cannot happen counts nothing, even where its utility is minus infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, bar_chart
from alignlab.errors import InputError, nearest
from alignlab.tables import Table

__all__ = ["Choice", "Lottery", "certainty_equivalent", "choose", "expected_utility"]

Floats = NDArray[np.float64]

WorthOf = Callable[..., Any] | Mapping[str, float] | None
"""A utility of amounts, a utility for each named outcome, or `None`: outcomes are utilities."""

ROUNDING = 8 * float(np.finfo(float).eps)
"""0.1 + 0.2 and 0.3 differ by less than this share of their size, whatever else is chosen from."""

SUM_TOLERANCE = 1e-9
"""How far the probabilities may sum from 1; they are then scaled to 1."""


@dataclass(frozen=True, eq=False)
class Lottery:
    """Outcomes and how likely each is.

    Attributes
    ----------
    outcomes
        Amounts, shape (n,); bundles of attributes, shape (n, d); or names, shape (n,).
    probabilities
        Shape (n,): not negative, and they sum to one. `None` makes all equally likely.

    Examples
    --------
    >>> Lottery([0, 100], [0.25, 0.75]).mean
    75.0
    >>> Lottery([0, 100], [0.5, 0.6])
    Traceback (most recent call last):
    alignlab.errors.InputError: A lottery's probabilities sum to 1.1, not to 1.
    """

    outcomes: NDArray[Any]
    probabilities: Floats

    def __init__(self, outcomes: ArrayLike, probabilities: ArrayLike | None = None) -> None:
        values = np.array(outcomes)
        if values.ndim == 0:
            values = values[None]
        named = values.dtype.kind in "US"
        if not named:
            values = values.astype(float)
        if len(values) == 0 or values.ndim > (1 if named else 2):
            raise InputError(
                f"A lottery needs one or more outcomes; these have shape {values.shape}."
            )
        if not named and not np.isfinite(values).all():
            raise InputError("A lottery's outcomes are finite numbers or names.")
        n = len(values)
        chances = np.full(n, 1 / n) if probabilities is None else np.array(probabilities, float)
        if chances.shape != (n,):
            raise InputError(f"A lottery of {n} outcomes has {chances.size} probabilities.")
        if not (chances >= 0).all():
            bad = int(np.argmin(chances >= 0))
            raise InputError(f"The probability of outcome {bad} is {chances[bad]:g}, not 0 to 1.")
        total = float(chances.sum())
        if not abs(total - 1) <= SUM_TOLERANCE:
            raise InputError(f"A lottery's probabilities sum to {total:g}, not to 1.")
        chances = chances / total
        values.flags.writeable = chances.flags.writeable = False
        object.__setattr__(self, "outcomes", values)
        object.__setattr__(self, "probabilities", chances)

    def __repr__(self) -> str:
        return f"Lottery({self.outcomes.tolist()}, {self.probabilities.tolist()})"

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def mean(self) -> float:
        """The expected amount."""
        return float(self.probabilities @ self.amounts)

    @property
    def amounts(self) -> Floats:
        """The outcomes, where they are amounts."""
        if self.outcomes.ndim != 1 or self.outcomes.dtype.kind in "US":
            raise InputError("This needs a lottery of amounts, not of names or bundles.")
        return self.outcomes

    def sorted(self) -> Lottery:
        """Return the same lottery with rising amounts, each once and possible."""
        possible = self.probabilities > 0
        values, position = np.unique(self.amounts[possible], return_inverse=True)
        return Lottery(values, np.bincount(position, self.probabilities[possible]))

    def to_dict(self) -> dict[str, Any]:
        """Return the outcomes and probabilities as lists."""
        return {
            "outcomes": self.outcomes.tolist(),
            "probabilities": self.probabilities.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Choice:
    """The options of the highest expected utility.

    Attributes
    ----------
    best
        The names of all options that tie for the highest, in the order given.
    names
        All options.
    expected
        Their expected utilities, shape (n_options,).
    equivalents
        Their certainty equivalents, where the utility knows them, else `None`. They then decide:
        the order is the same, and the digits don't run out where the utility is nearly flat.
    tolerance
        The share of the range of two options' outcomes, or of their utilities, within which they
        tie.
    """

    best: tuple[str, ...]
    names: tuple[str, ...]
    expected: Floats
    equivalents: Floats | None
    tolerance: float

    @property
    def tied(self) -> bool:
        """Whether more than one option is best."""
        return len(self.best) > 1

    def to_dict(self) -> dict[str, Any]:
        """Return the best options and every expected utility."""
        return {
            "best": list(self.best),
            "expected": dict(zip(self.names, self.expected.tolist(), strict=True)),
        }

    def table(self) -> Table:
        """Return the options, best first."""
        order = np.argsort(-self.expected, kind="stable")
        rows = tuple(
            (self.names[i], float(self.expected[i]), "yes" if self.names[i] in self.best else "no")
            for i in order
        )
        return Table("Options by expected utility", ("option", "expected utility", "best"), rows)

    def chart(self, question: str = "Which option is worth most?") -> Chart:
        """Draw the expected utilities."""
        rows = [
            {"option": name, "expected utility": value}
            for name, value in zip(self.names, self.expected.tolist(), strict=True)
        ]
        return bar_chart(
            question, rows, x="expected utility", y="option", value="expected utility",
            percent=False,
        )  # fmt: skip


def expected_utility(lottery: Lottery, utility: WorthOf = None) -> float:
    """Return the expected utility of a lottery.

    Parameters
    ----------
    lottery
        The outcomes and their probabilities.
    utility
        A function from amounts (n,) or bundles (n, d) to utilities (n,); a mapping from named
        outcomes to utilities; or `None` where the outcomes are utilities already.

    Returns
    -------
    float
        Minus infinity where an outcome of that utility is possible.

    Raises
    ------
    InputError
        If an outcome has no utility.

    References
    ----------
    [vonneumann1944theory]

    Examples
    --------
    >>> expected_utility(Lottery([1, 100], [0.5, 0.5]), np.sqrt)
    5.5
    >>> expected_utility(Lottery(["cured", "ill"], [0.9, 0.1]), {"cured": 1, "ill": 0})
    0.9
    """
    worth, chances = _worths(lottery, utility)
    return float(chances @ worth)


def certainty_equivalent(lottery: Lottery, utility: WorthOf = None) -> float:
    """Return the sure amount that is worth as much as a lottery of amounts.

    Use it to compare risks in the amounts' own unit; expected utilities have none. A utility that
    knows its inverse, or its certainty equivalents, is asked for them; any other rising function
    is inverted by bisection between the smallest and the largest outcome.

    Parameters
    ----------
    lottery
        A lottery of amounts.
    utility
        A rising function of amounts, or `None` for the mean.

    Raises
    ------
    InputError
        If the utility does not rise over the outcomes, so that no amount is named.

    Examples
    --------
    >>> from alignlab.values.utility import CRRA
    >>> round(certainty_equivalent(Lottery([1, 100], [0.5, 0.5]), CRRA(1.0)), 9)
    10.0
    """
    amounts, chances = lottery.amounts, lottery.probabilities
    if utility is None:
        return lottery.mean
    if not callable(utility):
        raise InputError("A certainty equivalent needs a utility of amounts, not of names.")
    if hasattr(utility, "certainty_equivalent"):
        return float(utility.certainty_equivalent(amounts, chances))
    value = expected_utility(lottery, utility)
    if hasattr(utility, "inverse"):
        return float(utility.inverse(value))
    possible = amounts[chances > 0]
    low, high = float(possible.min()), float(possible.max())
    ends = np.asarray(utility(np.array([low, high])), float)
    if low == high:
        return low
    if not ends[0] <= value <= ends[1] or ends[0] == ends[1]:
        raise InputError(
            f"The utility does not rise from {low:g} to {high:g} ({ends[0]:g} to {ends[1]:g}), so "
            "no sure amount is worth as much as the lottery."
        )
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if _at(utility, middle) < value else (low, middle)
    return (low + high) / 2


def choose(
    options: Mapping[str, Lottery] | Sequence[Lottery],
    utility: WorthOf = None,
    *,
    tolerance: float = 1e-9,
) -> Choice:
    """Choose among lotteries by expected utility; equals are all named.

    Parameters
    ----------
    options
        Name to lottery, or a sequence, whose names are "0", "1", ….
    utility
        As in `expected_utility`.
    tolerance
        An option ties with the best if they differ by less than this share of the range of what
        can happen under the two: in certainty equivalents where the utility knows them, else in
        expected utility. It makes ties independent of the utility's unit and of other options.

    Raises
    ------
    InputError
        If there is no option, or an outcome has no utility.

    Examples
    --------
    >>> options = {"safe": Lottery([40]), "risky": Lottery([0, 100]), "fair": Lottery([0, 80])}
    >>> choose(options).best
    ('risky',)
    >>> choose(options, np.sqrt).best
    ('safe',)
    >>> choose({"safe": Lottery([40]), "fair": Lottery([0, 80])}).best
    ('safe', 'fair')
    """
    named = options if isinstance(options, Mapping) else dict(enumerate(options))
    if not named:
        raise InputError("There is no option to choose from. Give one lottery or more.")
    if not 0 <= tolerance < 1:
        raise InputError(f"tolerance={tolerance!r} is not a share from 0 to below 1.")
    worths = [_worths(each, utility) for each in named.values()]
    score = _expectations(worths)
    equivalents = None
    scales = [worth[np.isfinite(worth)] for worth, _ in worths]
    if hasattr(utility, "certainty_equivalent"):
        equivalents = np.array([certainty_equivalent(each, utility) for each in named.values()])
        scales = [each.sorted().amounts for each in named.values()]
        score = equivalents
    top = int(score.argmax())
    # Of the option and the best one only: a third that ruins must not make them tie.
    near = np.array([_near(np.concatenate([each, scales[top]]), tolerance) for each in scales])
    # Written so that minus infinities tie with each other and with nothing else.
    best = (score == score[top]) | (score >= score[top] - near)
    names = tuple(str(name) for name in named)
    return Choice(
        best=tuple(name for name, is_best in zip(names, best, strict=True) if is_best),
        names=names,
        expected=np.array([float(chances @ worth) for worth, chances in worths]),
        equivalents=equivalents,
        tolerance=tolerance,
    )


def _near(values: Floats, tolerance: float) -> float:
    """Return the share of the values' range, and no less than the values' own rounding."""
    if not len(values):
        return 0.0
    return float(max(tolerance * np.ptp(values), ROUNDING * np.abs(values).max()))


def _expectations(worths: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Return expected utilities up to a constant.

    From the largest utility as zero, so that a large constant takes no digits from ties.
    """
    possible = np.concatenate([worth for worth, _ in worths])
    finite = possible[np.isfinite(possible)]
    if not len(finite):
        return np.full(len(worths), -np.inf)
    top = float(finite.max())
    return np.array([float(chances @ (worth - top)) for worth, chances in worths])


def _at(utility: Callable[..., Any], amount: float) -> float:
    return float(np.asarray(utility(np.array([amount])), float)[0])


def _worths(lottery: Lottery, utility: WorthOf) -> tuple[Floats, Floats]:
    """Return the utilities and the probabilities of the outcomes that can happen."""
    possible = lottery.probabilities > 0
    outcomes, chances = lottery.outcomes[possible], lottery.probabilities[possible]
    if utility is None:
        worth = lottery.amounts[possible]
    elif isinstance(utility, Mapping):
        absent = [name for name in map(str, outcomes.tolist()) if name not in utility]
        if absent:
            raise InputError(
                f"The outcome {absent[0]!r} has no utility.{nearest(absent[0], list(utility))}"
            )
        worth = np.array([float(utility[str(name)]) for name in outcomes.tolist()])
    else:
        worth = np.asarray(utility(outcomes), float)
        if worth.shape != chances.shape:
            raise InputError(
                f"The utility answered with shape {worth.shape} for {len(chances)} outcomes: it "
                "must return one number an outcome."
            )
    if np.isnan(worth).any() or (worth == np.inf).any():
        at = int(np.argmax(np.isnan(worth) | (worth == np.inf)))
        raise InputError(f"The utility of the outcome {outcomes[at]} is {worth[at]}.")
    return worth, chances
