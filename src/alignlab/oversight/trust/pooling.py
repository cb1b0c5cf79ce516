"""People's means pulled towards each other, as far as their own few trials leave them uncertain.

Of k people with means o_p of n_p trials, within-person variance s^2 and v_p = s^2 / n_p, the spread
of people tau^2 comes from the weighted sum of squares [dersimonian1986meta, eq. 8], and

    B_p = (k - 3)/(k - 1) * v_p / (v_p + tau^2)
    pooled = o_p + B_p (m - o_p),    m the mean weighted by 1 / (v_p + tau^2)
    variance = v_p (1 - (k - 1)/k * B_p) + 2/(k - 3) * B_p^2 (o_p - m)^2

[morris1983parametric, sec. 5], where the last term knows that tau^2 is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import critical_value

__all__ = ["FEWEST", "Pooled", "pooled_means"]

Floats = NDArray[np.float64]

FEWEST = 5
"""With fewer people nothing is known of how they differ, and their means are left as they are."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """Means of people, pooled; every array has one entry a person.

    Attributes
    ----------
    own
        The mean of the person's own trials.
    pooled
        The same, pulled towards the others; NaN with fewer than five people.
    low, high
        Limits of what the person's mean would be over many trials.
    count
        The person's trials.
    between
        The standard deviation from person to person; NaN where it is not known.
    """

    own: Floats
    pooled: Floats
    low: Floats
    high: Floats
    count: NDArray[np.intp]
    between: float


def pooled_means(values: Floats, person: NDArray[np.intp], *, level: float = 0.95) -> Pooled:
    """Pool people's means.

    Parameters
    ----------
    values
        One number a trial, shape (n,).
    person
        Whose trial it is, from 0 without gaps, shape (n,).
    level
        Of the limits.

    References
    ----------
    [morris1983parametric]

    Examples
    --------
    Six people, one trial each but for the last: with one trial nobody stands out.

    >>> person = np.array([0, 1, 2, 3, 4, 5, 5, 5])
    >>> found = pooled_means(np.array([0, 0, 1, 0, 0, 1, 1.0, 0]), person)
    >>> float(found.own[2]), bool(found.pooled[2] < 0.7)
    (1.0, True)
    """
    count = np.bincount(person)
    own = np.bincount(person, values) / count
    people, spare = len(count), len(values) - len(count)
    unknown = np.full(people, np.nan)
    if people < FEWEST or spare < 1:
        return Pooled(own, unknown, unknown, unknown, count, np.nan)
    within = float(np.sum((values - own[person]) ** 2) / spare)
    if within == 0:
        # Nobody departs from their own mean: it is known as well as it can be.
        return Pooled(own, own, own, own, count, float(own.std(ddof=1)))
    variance = within / count
    weight = 1 / variance
    centre = weight @ own / weight.sum()
    excess = weight @ (own - centre) ** 2 - (people - 1)
    between = max(0.0, float(excess / (weight.sum() - weight @ weight / weight.sum())))
    total = variance + between
    middle = float((own / total).sum() / (1 / total).sum())
    pull = (people - 3) / (people - 1) * variance / total
    pooled = own + pull * (middle - own)
    spread = variance * (1 - (people - 1) / people * pull)
    spread += 2 / (people - 3) * pull**2 * (own - middle) ** 2
    reach = critical_value(level) * np.sqrt(spread)
    return Pooled(own, pooled, pooled - reach, pooled + reach, count, float(np.sqrt(between)))
