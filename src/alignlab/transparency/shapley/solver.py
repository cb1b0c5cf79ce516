"""Games solved: all coalitions where they are affordable, a growing sample of them otherwise.

The stopping rule: coalitions are added, twice as many each time, until for each row

    max_i se(phi_i)  <=  tolerance * (max_i phi_i - min_i phi_i),

or until the budget is spent, which the result says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, ModelError, require_choice
from alignlab.random import as_generator
from alignlab.transparency.shapley.coalitions import every_pair, pair_weights, pairs_in_all
from alignlab.transparency.shapley.permutations import Permutations
from alignlab.transparency.shapley.regressions import PairRegression

__all__ = ["Ask", "GameValues", "Method", "Solved", "shapley_of_game", "solve"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

Ask = Callable[[Bools, Rows], Floats]
"""What coalitions (m, players) are worth to some rows (r,): shape (m, r, outputs, parts)."""

Method = Literal["auto", "exact", "odd regression", "kernel", "permutation"]
METHODS: tuple[Method, ...] = ("auto", "exact", "odd regression", "kernel", "permutation")

FIRST = 128
"""Pairs of coalitions before the stopping rule is first asked."""

CELLS = 2**23
"""Worths held at once."""


class Route(Protocol):
    """A way to draw pairs of coalitions and to estimate values from them.

    Attributes
    ----------
    players
        Their number.
    fewest, most
        The smallest and the largest sample, in pairs; `None` where there is no largest.
    """

    players: int
    fewest: int
    most: int | None

    def extended(self, pairs: int) -> Bools:
        """Draw further pairs, up to `pairs` in all, and return one coalition of each new one."""
        ...

    def solved(self, differences: Floats, whole: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return values and standard errors.

        Parameters
        ----------
        differences
            D(S) of all coalitions given out, in their order, shape (m, columns, parts).
        whole
            D(N), shape (columns, parts).
        mean
            The weights of the parts in a column's value, shape (parts,).

        Returns
        -------
        values : ndarray
            Shape (players, columns, parts).
        errors : ndarray
            Shape (players, columns).
        """
        ...


@dataclass(frozen=True, eq=False)
class Solved:
    """Shapley values of several rows' games.

    `values` and `errors` have shape (rows, players, outputs); `parts` has the values of the game's
    parts in a last axis; `coalitions` counts those asked for, a row; `settled` says which rows
    met the tolerance.
    """

    values: Floats
    errors: Floats
    parts: Floats
    coalitions: NDArray[np.intp]
    settled: Bools


def solve(
    ask: Ask,
    full: Floats,
    empty: Floats,
    mean: Floats,
    players: int,
    *,
    method: Method,
    coalitions: int,
    tolerance: float | None,
    generator: np.random.Generator,
) -> Solved:
    """Return the Shapley values of the games of several rows, which share their coalitions.

    Parameters
    ----------
    ask
        What coalitions are worth.
    full
        What all players together are worth, shape (rows, outputs).
    empty
        What nobody is worth, shape (rows, outputs, parts).
    mean
        The share of each part in the worth, shape (parts,).
    players
        Their number.
    method
        "exact" or one that samples.
    coalitions
        The most that may be asked for, a row.
    tolerance, generator
        When to stop sampling, and what to draw with.
    """
    whole = full[:, :, None] - empty
    if players == 1:
        values = whole[:, None]
        none = np.zeros(len(full), dtype=np.intp)
        return Solved(values @ mean, np.zeros(values.shape[:3]), values, none, none == 0)
    if method == "exact":
        return _exact(ask, whole, mean, players)
    return _sampled(ask, whole, mean, _route(method, players, generator), coalitions, tolerance)


def _exact(ask: Ask, whole: Floats, mean: Floats, players: int) -> Solved:
    rows = np.arange(len(whole))
    values = np.repeat(whole[:, None] / players, players, axis=1)
    total = pairs_in_all(players)
    step = max(1, CELLS // (2 * whole.size))
    for start in range(0, total, step):
        half = every_pair(players, start, min(start + step, total))
        # D of all columns at once: (players, m) @ (m, columns).
        added = pair_weights(half).T @ _differences(ask, half, rows).reshape(len(half), -1)
        values += np.moveaxis(added.reshape(players, *whole.shape), 0, 1)
    asked = np.full(len(whole), 2 * total)
    means = values @ mean
    return Solved(means, np.zeros_like(means), values, asked, np.ones(len(whole), dtype=bool))


def _sampled(
    ask: Ask,
    whole: Floats,
    mean: Floats,
    route: Route,
    coalitions: int,
    tolerance: float | None,
) -> Solved:
    n, outputs, parts = whole.shape
    players = route.players
    budget = coalitions // 2 if route.most is None else min(coalitions // 2, route.most)
    values, found = np.empty((n, players, outputs)), np.empty((n, players, outputs, parts))
    errors, asked = np.empty_like(values), np.zeros(n, dtype=np.intp)
    settled = np.zeros(n, dtype=bool)
    active = np.arange(n)
    held = np.empty((0, n, outputs, parts))
    pairs = budget if tolerance is None else min(budget, max(FIRST, route.fewest))
    while True:
        new = _differences(ask, route.extended(pairs), active)
        held = np.concatenate([held, new])
        columns = (len(active) * outputs, parts)
        by_part, spread = route.solved(
            held.reshape(len(held), *columns), whole[active].reshape(columns), mean
        )
        found[active] = np.moveaxis(by_part.reshape(players, len(active), outputs, parts), 0, 1)
        values[active] = found[active] @ mean
        errors[active] = np.moveaxis(spread.reshape(players, len(active), outputs), 0, 1)
        asked[active] = 2 * len(held)
        if tolerance is not None:
            settled[active] = _settled(values[active], errors[active], tolerance)
        open_still = ~settled[active]
        if pairs >= budget or not open_still.any():
            return Solved(values, errors, found, asked, settled)
        held, active = held[:, open_still], active[open_still]
        pairs = min(2 * pairs, budget)


def _settled(values: Floats, errors: Floats, tolerance: float) -> Bools:
    """Return which rows are known well enough; values of shape (rows, players, outputs)."""
    spread = np.ptp(values, axis=1).max(axis=1)
    return np.asarray(errors.max(axis=(1, 2)) <= tolerance * spread)


def _differences(ask: Ask, half: Bools, rows: Rows) -> Floats:
    """Return D(S), the worth of each coalition less that of its complement."""
    if not len(half):
        return np.empty((0, *ask(half, rows).shape[1:]))
    worth = ask(np.concatenate([half, ~half]), rows)
    return worth[: len(half)] - worth[len(half) :]


def _route(method: Method, players: int, generator: np.random.Generator) -> Route:
    if method == "permutation":
        return Permutations(players, generator)
    return PairRegression(players, generator, degree=1 if method == "kernel" else 3)


@dataclass(frozen=True, eq=False)
class GameValues:
    """The Shapley values of a game.

    Attributes
    ----------
    values
        Shape (players, outputs).
    standard_errors
        From sampling coalitions; 0 where the values are exact. Of the shape of `values`.
    base, total
        What nobody and what everybody is worth, shape (outputs,): the values add up to
        `total - base`.
    evaluations
        How many coalitions the game was asked for.
    method
        How the values were computed, in words.
    notes
        Sentences that a reader must know.
    """

    values: Floats
    standard_errors: Floats
    base: Floats
    total: Floats
    evaluations: int
    method: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "values": self.values.tolist(),
            "standard_errors": self.standard_errors.tolist(),
            "base": self.base.tolist(),
            "total": self.total.tolist(),
            "evaluations": self.evaluations,
            "method": self.method,
            "notes": list(self.notes),
        }


def shapley_of_game(
    game: Callable[[Bools], ArrayLike],
    players: int,
    *,
    method: Method = "auto",
    max_evaluations: int = 4096,
    tolerance: float | None = 0.01,
    seed: int = 0,
) -> GameValues:
    """Return the Shapley values of a game that says what each coalition is worth.

    Parameters
    ----------
    game
        From coalitions, booleans of shape (m, players), to their worth, shape (m,) or
        (m, outputs). It is asked in few large calls, for each coalition once.
    players
        How many players there are.
    method
        "auto" (all coalitions if there are at most `max_evaluations`, else "odd regression"),
        "exact", "odd regression", "kernel" or "permutation".
    max_evaluations
        The most coalitions to ask for.
    tolerance
        Sampling stops once no standard error is above this share of the spread of the values;
        `None` spends `max_evaluations`.
    seed
        Of the coalitions drawn.

    Raises
    ------
    InputError
        If an argument is not of its kind, or `max_evaluations` does not suffice for the method.
    ModelError
        If the game answers something else than finite numbers, one line a coalition.

    References
    ----------
    [shapley1953value]

    Examples
    --------
    One left glove is worth something only with one of the two right ones.

    >>> glove = lambda S: S[:, 0] & (S[:, 1] | S[:, 2])
    >>> shapley_of_game(glove, 3).values[:, 0].round(4).tolist()
    [0.6667, 0.1667, 0.1667]
    """
    require_choice(method, METHODS, what="method")
    players = whole_number(players, "players")
    coalitions = whole_number(max_evaluations, "max_evaluations")
    require_tolerance(tolerance)
    ends = _worths(game, np.array([[False] * players, [True] * players]))
    base, total = ends[0], ends[1]
    chosen = chosen_method(method, players, coalitions)

    def ask(drawn: Bools, rows: Rows) -> Floats:
        if not len(drawn):
            return np.empty((0, 1, len(base), 1))
        return _worths(game, drawn)[:, None, :, None]

    solved = solve(
        ask,
        total[None],
        base[None, :, None],
        np.ones(1),
        players,
        method=chosen,
        coalitions=coalitions - 2,
        tolerance=tolerance,
        generator=as_generator(seed, "shapley"),
    )
    note = budget_note(solved, tolerance)
    return GameValues(
        values=solved.values[0],
        standard_errors=solved.errors[0],
        base=base,
        total=total,
        evaluations=int(solved.coalitions[0]) + 2,
        method=described(chosen),
        notes=(note,) if note else (),
    )


def chosen_method(method: Method, players: int, coalitions: int, remedy: str = "") -> Method:
    """Return the method that "auto" stands for, or say that the budget is too small for one.

    Parameters
    ----------
    method
        As asked for.
    players
        Their number.
    coalitions
        The most coalitions a row, with the empty and the full one.
    remedy
        What else than a larger budget would help.
    """
    affordable = players < 63 and 2**players <= coalitions
    chosen: Method = ("exact" if affordable else "odd regression") if method == "auto" else method
    needed = (
        2**players
        if chosen == "exact"
        else 2 + 2 * _route(chosen, max(players, 2), np.random.default_rng(0)).fewest
    )
    if players > 1 and needed > coalitions:
        sample = ", or sample with method='odd regression'" if chosen == "exact" else ""
        raise InputError(
            f"method={chosen!r} needs {needed:,} coalitions of {players} features for each row, "
            f"and max_evaluations allows {coalitions:,}. Allow more{sample}. {remedy}".rstrip()
        )
    return chosen


def described(method: Method) -> str:
    """Return how a method's values come about, in words."""
    return "exact, all coalitions" if method == "exact" else method


def budget_note(solved: Solved, tolerance: float | None) -> str:
    """Return the sentence that says that sampling ended before the tolerance was met, or ""."""
    if tolerance is None or solved.settled.all() or not len(solved.settled):
        return ""
    spread = np.ptp(solved.values, axis=1).max(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = np.nanmax(solved.errors.max(axis=(1, 2)) / spread)
    return (
        f"Sampling stopped at the budget with {int((~solved.settled).sum())} of "
        f"{len(solved.settled)} rows above the tolerance: standard errors reach {reached:.1%} of "
        f"the spread of a row's values, and {tolerance:.1%} was wanted. Raise max_evaluations."
    )


def whole_number(given: Any, what: str) -> int:
    """Return a whole number from 1, or say that it is none."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1:
        raise InputError(f"{what}={given!r} is not a whole number from 1.")
    return int(given)


def require_tolerance(tolerance: float | None) -> None:
    """Say what is wrong with a tolerance."""
    if tolerance is not None and not (
        isinstance(tolerance, int | float | np.number) and 0 < float(tolerance) < 1
    ):
        raise InputError(
            f"tolerance={tolerance!r} is not between 0 and 1: it is a share of the spread of the "
            "values. None spends the whole budget."
        )


def _worths(game: Callable[[Bools], ArrayLike], coalitions: Bools) -> Floats:
    worth = np.asarray(game(coalitions), dtype=np.float64)
    if worth.ndim not in (1, 2) or len(worth) != len(coalitions):
        raise ModelError(
            f"The game answered with shape {worth.shape} for {len(coalitions)} coalitions; "
            f"({len(coalitions)},) or ({len(coalitions)}, outputs) was expected."
        )
    worth = worth.reshape(len(worth), -1)
    bad = ~np.isfinite(worth).all(axis=1)
    if bad.any():
        members = np.flatnonzero(coalitions[int(bad.argmax())]).tolist()
        raise ModelError(
            f"The game answered a number that is not finite for the coalition {members}."
        )
    return worth
