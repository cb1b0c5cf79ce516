"""Cases for an experiment: as many where the advice is wrong as where it is right, class by class.

Reliance is measured on the cases where the advice is wrong. Drawn as they come, of an adviser who
is right in nine of ten, a study of 40 cases has four of them, and what it says of over-reliance is
noise. So the four cells (advice right or wrong x what happened) get as many cases each
[schemmer2023appropriate], and each cell's share in the data is kept, for numbers as they would be
at the natural rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_whole
from alignlab.random import as_generator
from alignlab.wording import joined

__all__ = ["Balanced", "advice_strata", "balanced_rows"]


@dataclass(frozen=True, eq=False)
class Balanced:
    """Cases drawn evenly over strata.

    Attributes
    ----------
    rows
        Positions of the cases drawn, in order.
    drawn
        How many were drawn of each stratum.
    shares
        The share of each stratum among all cases: the weights that undo the balancing.
    """

    rows: NDArray[np.intp]
    drawn: Mapping[str, int]
    shares: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "rows": self.rows.tolist(),
            "drawn": dict(self.drawn),
            "shares": dict(self.shares),
        }


def advice_strata(
    decisions: ArrayLike | None, truth: ArrayLike | None, choices: Sequence[str], *, n: int
) -> list[str]:
    """Return each case's stratum in words.

    Parameters
    ----------
    decisions
        The advice, as positions in `choices`, shape (n,); `None` where there is none.
    truth
        What happened, as positions, -1 where nobody knows; `None` where nobody ever does.
    choices
        What can be decided.
    n
        How many cases there are.

    Examples
    --------
    >>> advice_strata([0, 0, 1], [0, 1, -1], ["approve", "deny"], n=3)
    ['advice right, truth approve', 'advice wrong, truth deny', 'advice deny']
    """
    said = [-1] * n if decisions is None else np.asarray(decisions).tolist()
    happened = [-1] * n if truth is None else np.asarray(truth).tolist()
    told = []
    for advice, fact in zip(said, happened, strict=True):
        if advice < 0:
            told.append("" if fact < 0 else f"truth {choices[fact]}")
        elif fact < 0:
            told.append(f"advice {choices[advice]}")
        else:
            right = "right" if advice == fact else "wrong"
            told.append(f"advice {right}, truth {choices[fact]}")
    return told


def balanced_rows(
    strata: Sequence[str], total: int, *, seed: int | np.random.Generator = 0
) -> Balanced:
    """Draw cases evenly over the strata.

    Use it for an experiment about advice, with the strata of `advice_strata`. Do not use it to see
    how good people and model are as cases come, unless by `shares`.

    Parameters
    ----------
    strata
        One a case, shape (n,).
    total
        How many cases to draw. What does not divide evenly goes to the strata first in the
        alphabet.
    seed
        Chooses them.

    Raises
    ------
    InputError
        If a stratum has fewer cases than its part; the message says how many can be had.

    References
    ----------
    [schemmer2023appropriate]

    Examples
    --------
    >>> strata = ["advice right"] * 9 + ["advice wrong"] * 3
    >>> found = balanced_rows(strata, 4)
    >>> dict(found.drawn), dict(found.shares)
    ({'advice right': 2, 'advice wrong': 2}, {'advice right': 0.75, 'advice wrong': 0.25})
    """
    require_whole(total, "total", 1)
    codes = np.asarray(strata, dtype=object).astype(str)
    names, where, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    if not len(names):
        raise InputError("There are 0 cases to draw from.")
    parts = np.full(len(names), total // len(names))
    parts[: total % len(names)] += 1
    short = parts > sizes
    if short.any():
        few = int(np.argmin(sizes))
        told = joined(
            f"{count:,} of {name!r}"
            for name, count in zip(names.tolist(), sizes.tolist(), strict=True)
        )
        raise InputError(
            f"{total:,} cases balanced over {len(names)} strata need {int(parts[few])} of each, "
            f"and there are {told}. Ask for at most {int(sizes[few]) * len(names):,}."
        )
    rng = as_generator(seed, "review", "balanced")
    rows = [
        rng.choice(np.flatnonzero(where == at), size=part, replace=False)
        for at, part in enumerate(parts.tolist())
    ]
    return Balanced(
        np.sort(np.concatenate(rows)),
        dict(zip(names.tolist(), parts.tolist(), strict=True)),
        dict(zip(names.tolist(), (sizes / sizes.sum()).tolist(), strict=True)),
    )
