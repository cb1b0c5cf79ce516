"""The chance that a study of n seeds on T tasks shows a difference, before it is run.

With pairs whose differences scatter by σ around δ in each task, the mean over tasks has the
standard error e = σ / √(n T); its estimate is e u, u² the mean over tasks of χ²(n−1) / (n−1), with
Satterthwaite's freedom ν [satterthwaite1946approximate]. Given u, the chance is the normal's:

    different        E Φ(δ/e − c u) + E Φ(−δ/e − c u)    c = t(ν; 1 − α/2)
    greater, less    E Φ(δ/e − c u)                      c = t(ν; 1 − α/2)
    equivalent       E max(0, 2 Φ(Δ/e − c u) − 1)        c = t(ν; 1 − α), of no difference at all

A difference is shown where its two-sided interval leaves out 0, whatever direction was expected;
that it is greater, or less, only on that side. For one task the first is the noncentral t's chance
and the last Owen's Q [shieh2016exact]. Taking ν = T (n − 1) for certain, as a noncentral t would,
promises too much: with few seeds the estimated ν is smaller, and differs from study to study.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from alignlab.errors import InputError, require_choice, require_whole

__all__ = ["DIRECTIONS", "MOST_SEEDS", "Direction", "difference_power", "least", "seeds_for"]

Direction = Literal["greater", "less", "different", "equivalent"]
DIRECTIONS: tuple[Direction, ...] = ("greater", "less", "different", "equivalent")

POINTS = 2**12
"""Of the mean over what the estimated error may be."""

MOST_SEEDS = 100_000


def difference_power(
    effect: float,
    spread: float,
    seeds: int,
    *,
    tasks: int = 1,
    direction: Direction = "different",
    alpha: float = 0.05,
) -> float:
    """Return the chance that a test shows a difference, or that there is none that matters.

    Use it before the first run, with the smallest difference that would matter. With the observed
    difference, after the runs, it only repeats the p-value in other words.

    Parameters
    ----------
    effect
        The difference to be shown; of "equivalent", the margin within which it counts as none.
    spread
        The standard deviation of the difference within pairs.
    seeds
        Pairs in each task.
    tasks
        Over which differences are averaged.
    direction
        "greater" and "less" are shown by the same two-sided interval as "different", on their
        side; "equivalent" by two one-sided tests.
    alpha
        Of the test, after any correction.

    Raises
    ------
    InputError
        If a number is not above 0, or alpha not between 0 and 0.5.

    References
    ----------
    [shieh2016exact], [colas2018many]

    Examples
    --------
    >>> round(difference_power(0.1, 0.1, 10), 3)
    0.803
    >>> round(difference_power(0.1, 0.1, 10, direction="equivalent"), 3)
    0.795
    """
    _check(effect, spread, alpha)
    require_whole(seeds, "seeds", 1)
    require_whole(tasks, "tasks", 1)
    require_choice(direction, DIRECTIONS, what="direction")
    if seeds < 2:
        return 0.0
    scale, freedom = _estimated(seeds, tasks)
    tail = alpha if direction == "equivalent" else alpha / 2
    critical = special.stdtrit(freedom, 1 - tail) * scale
    away = abs(effect) / spread * np.sqrt(seeds * tasks)
    if direction == "equivalent":
        chances = np.maximum(0.0, 2 * special.ndtr(away - critical) - 1)
    else:
        chances = special.ndtr(away - critical)
        if direction == "different":
            chances = chances + special.ndtr(-away - critical)
    return float(np.mean(chances))


def seeds_for(
    effect: float,
    spread: float,
    *,
    power: float = 0.8,
    tasks: int = 1,
    direction: Direction = "different",
    alpha: float = 0.05,
) -> int | None:
    """Return the smallest number of seeds that has the power; `None` beyond `MOST_SEEDS`.

    Parameters
    ----------
    effect, spread, tasks, direction, alpha
        As in `difference_power`.
    power
        The chance wanted.

    Examples
    --------
    >>> seeds_for(0.1, 0.1), seeds_for(0.05, 0.1)
    (10, 34)
    """

    def chance(seeds: int) -> float:
        return difference_power(
            effect, spread, seeds, tasks=tasks, direction=direction, alpha=alpha
        )

    return least(chance, power)


def least(chance: Callable[[int], float], wanted: float) -> int | None:
    """Return the smallest whole number from 2 whose chance is what is wanted, if there is one."""
    if not 0 < wanted < 1:
        raise InputError(f"power={wanted!r} is not a chance between 0 and 1. Give 0.8, say.")
    low, high = 1, 2
    while chance(high) < wanted:
        if high == MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        between = (low + high) // 2
        low, high = (low, between) if chance(between) >= wanted else (between, high)
    return high


@lru_cache(maxsize=256)
def _estimated(seeds: int, tasks: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the error may be estimated as, in true errors, and its freedom, shape (points,).

    One task: the middles of equally likely parts; several: a scrambled Sobol sequence, which the
    number of seeds and tasks alone determines.
    """
    if tasks == 1:
        likely = ((np.arange(POINTS) + 0.5) / POINTS)[:, None]
    else:
        from scipy.stats import qmc  # takes longer to import than all else here

        points = qmc.Sobol(tasks, rng=np.random.default_rng([seeds, tasks]))
        likely = points.random_base2(int(np.log2(POINTS)))
    spare = seeds - 1
    variances = 2 * special.gammaincinv(spare / 2, likely) / spare
    total = variances.sum(axis=1)
    freedom = spare * total**2 / (variances**2).sum(axis=1)
    return np.sqrt(total / tasks), freedom


def _check(effect: float, spread: float, alpha: float) -> None:
    for name, value in (("effect", effect), ("spread", spread)):
        if not (np.isfinite(value) and abs(value) > 0) or (name == "spread" and value < 0):
            raise InputError(f"{name}={value!r} is not a number above 0.")
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha={alpha!r} is not between 0 and 0.5. Give 0.05, say.")
