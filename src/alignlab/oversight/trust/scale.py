"""The trust scale of Jian, Bisantz and Drury: twelve statements, five of which are of distrust.

Statements are rated from 1 (not at all) to 7 (extremely) [jian2000foundations, appendix]. The score
of a person is the mean of twelve ratings, those of distrust turned round,

    score = (sum of trust ratings + sum of (8 - distrust rating)) / 12,

from 1 (distrust) to 7 (trust); a mean without turning them round means nothing. Distrust stands
first, which draws answers upwards [gutzwiller2019positive]: `trust_items(seed)` mixes the order.
Trust that people state is an attitude. What they do is reliance (`alignlab.oversight.reliance`),
and the one does not stand for the other [lee2004trust].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.intervals import Estimate, critical_value, mean_estimate
from alignlab.oversight.trust.consistency import cronbach_alpha
from alignlab.random import as_generator

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUST_ITEMS", "TrustItem", "TrustScores", "score_trust", "trust_items"]

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 1, 7

MOST_MISSING = 2
"""A person with more unanswered statements has no score; fewer, the mean of the others."""


@dataclass(frozen=True, slots=True)
class TrustItem:
    """One statement of the scale.

    Attributes
    ----------
    key
        Its name in answers.
    text
        As it was published.
    distrust
        Whether agreeing is distrusting: such ratings are turned round.
    """

    key: str
    text: str
    distrust: bool

    def about(self, name: str) -> str:
        """Return the statement about a system called by another name, such as "the model".

        Examples
        --------
        >>> TRUST_ITEMS[2].about("the model")
        "I am suspicious of the model's intent, action, or outputs"
        """
        text = self.text.replace("The system", name[:1].upper() + name[1:])
        return text.replace("the system", name)


TRUST_ITEMS = (
    TrustItem("deceptive", "The system is deceptive", distrust=True),
    TrustItem("underhanded", "The system behaves in an underhanded manner", distrust=True),
    TrustItem(
        "suspicious", "I am suspicious of the system's intent, action, or outputs", distrust=True
    ),
    TrustItem("wary", "I am wary of the system", distrust=True),
    TrustItem(
        "harmful", "The system's actions will have a harmful or injurious outcome", distrust=True
    ),
    TrustItem("confident", "I am confident in the system", distrust=False),
    TrustItem("security", "The system provides security", distrust=False),
    TrustItem("integrity", "The system has integrity", distrust=False),
    TrustItem("dependable", "The system is dependable", distrust=False),
    TrustItem("reliable", "The system is reliable", distrust=False),
    TrustItem("trust", "I can trust the system", distrust=False),
    TrustItem("familiar", "I am familiar with the system", distrust=False),
)
"""The published statements in their published order [jian2000foundations]; cite it where you use
them."""

KEYS = tuple(item.key for item in TRUST_ITEMS)
DISTRUST = np.array([item.distrust for item in TRUST_ITEMS])


@dataclass(frozen=True, eq=False)
class TrustScores:
    """What people said of the system, and how far it can be taken for one thing.

    Attributes
    ----------
    people
        Their names.
    scores
        The mean of twelve ratings with distrust turned round, 1 to 7, shape (n,); NaN with more
        than two unanswered.
    trust, distrust
        The means of the seven ratings of trust, and of the five of distrust, not turned round.
    mean
        The mean score, by Student's t over people; of one person without limits (NaN), `None`
        where nobody has one.
    alpha
        Cronbach's alpha of the twelve, with Feldt's interval; `None` where it is undefined.
    unanswered
        How many statements each left out, shape (n,).
    same_throughout
        Who gave one rating to all, other than the middle: agreeing with trust and with distrust.
    turned_already
        Whether ratings of distrust surely go with those of trust as they are, so that turning them
        round makes the scale less consistent: they look as if somebody had turned them before.
    """

    people: tuple[str, ...]
    scores: Floats
    trust: Floats
    distrust: Floats
    mean: Estimate | None
    alpha: Estimate | None
    unanswered: NDArray[np.intp]
    same_throughout: tuple[str, ...]
    turned_already: bool

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        if self.mean is None:
            return "Nobody answered enough statements for a score."
        scored = int(np.isfinite(self.scores).sum())
        if scored == 1:
            return (
                f"One person trusts the system at {self.mean.value:.1f} of 1 to 7, which says "
                "nothing of others. That is what they say, not how they rely on it."
            )
        alpha = "" if self.alpha is None else f" (Cronbach's alpha {self.alpha.value:.2f})"
        warned = ""
        if self.turned_already:
            warned = (
                " The ratings of distrust look as if they had been turned round before: give them "
                "as people marked them."
            )
        return (
            f"{scored} people trust the system at {self.mean.value:.1f} [{self.mean.low:.1f}, "
            f"{self.mean.high:.1f}] of 1 to 7{alpha}. That is what they say, not how they rely on "
            f"it.{warned}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a person."""
        import pandas as pd

        return pd.DataFrame(
            {
                "person": self.people,
                "score": self.scores,
                "trust": self.trust,
                "distrust": self.distrust,
                "unanswered": self.unanswered,
                "same throughout": np.isin(self.people, self.same_throughout),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "headline": self.headline,
            "mean": None if self.mean is None else self.mean.to_dict(),
            "alpha": None if self.alpha is None else self.alpha.to_dict(),
            "turned_already": self.turned_already,
            "people": self.to_frame().to_dict("records"),
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def trust_items(seed: int | np.random.Generator | None = None) -> tuple[TrustItem, ...]:
    """Return the statements, in an order of their own for a seed, or as published.

    Parameters
    ----------
    seed
        One for each person; `None` for the published order, in which distrust comes first.

    Examples
    --------
    >>> trust_items()[0].text, len(trust_items(1))
    ('The system is deceptive', 12)
    """
    if seed is None:
        return TRUST_ITEMS
    order = as_generator(seed, "order of statements").permutation(len(TRUST_ITEMS))
    return tuple(TRUST_ITEMS[at] for at in order)


def score_trust(
    ratings: ArrayLike | Mapping[str, Mapping[str, float | None]],
    *,
    people: Sequence[str] | None = None,
    level: float = 0.95,
) -> TrustScores:
    """Score the trust scale.

    Use it for what people say of a system, once, after they have worked with it. Do not use it in
    place of measuring reliance, nor compare single statements between groups.

    Parameters
    ----------
    ratings
        As people marked them, nothing turned round: shape (n, 12) in the order of `TRUST_ITEMS`,
        NaN where unanswered; or by person, what each rated by the statements' keys.
    people
        Names, for an array; numbers from 1 where they are not given.
    level
        Of the intervals.

    Raises
    ------
    InputError
        If a rating is not a whole number from 1 to 7, or a statement is unknown.

    References
    ----------
    [jian2000foundations], [cronbach1951coefficient]

    Examples
    --------
    Full distrust of all kinds is 1, full trust is 7; the middle is 4:

    >>> distrusts, trusts = [7] * 5 + [1] * 7, [1] * 5 + [7] * 7
    >>> score_trust([distrusts, trusts, [4] * 12]).scores.tolist()
    [1.0, 7.0, 4.0]
    """
    critical_value(level)
    if isinstance(ratings, Mapping):
        names, table = _from_people(ratings)
    else:
        table = _from_array(ratings)
        names = tuple(map(str, range(1, len(table) + 1) if people is None else people))
        if len(names) != len(table):
            raise InputError(f"people has {len(names)} names for {len(table)} rows of ratings.")
    _check(table, names)
    turned = np.where(DISTRUST, LOWEST + HIGHEST - table, table)
    answered = np.isfinite(table)
    unanswered = (~answered).sum(axis=1)
    scores = _means(turned, unanswered <= MOST_MISSING)
    known = scores[np.isfinite(scores)]
    complete = turned[answered.all(axis=1)]
    alpha = cronbach_alpha(complete, level=level)
    unturned = cronbach_alpha(table[answered.all(axis=1)], level=level)
    same = [
        name
        for name, row in zip(names, table, strict=True)
        if np.isfinite(row).all() and (row == row[0]).all() and row[0] != (LOWEST + HIGHEST) / 2
    ]
    mean = mean_estimate(known, level=level) if len(known) else None
    if len(known) == 1:
        mean = Estimate(float(known[0]), math.nan, math.nan, level, 1, "no interval: one person")
    return TrustScores(
        names,
        scores,
        _means(table[:, ~DISTRUST], unanswered <= MOST_MISSING),
        _means(table[:, DISTRUST], unanswered <= MOST_MISSING),
        mean,
        alpha,
        unanswered.astype(np.intp),
        tuple(same),
        # Ratings that go with nothing are as consistent one way as the other, give or take luck.
        alpha is not None and unturned is not None and unturned.low > max(alpha.value, 0.0),
    )


def _means(table: Floats, enough: NDArray[np.bool_]) -> Floats:
    answered = np.isfinite(table)
    count = answered.sum(axis=1)
    total = np.where(answered, table, 0.0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(table), np.nan), where=count > 0)
    return np.where(enough, mean, np.nan)


def _from_people(
    ratings: Mapping[str, Mapping[str, float | None]],
) -> tuple[tuple[str, ...], Floats]:
    table = np.full((len(ratings), len(KEYS)), np.nan)
    for row, (person, said) in enumerate(ratings.items()):
        for key, value in said.items():
            if key not in KEYS:
                raise InputError(
                    f"{person!r} rates {key!r}, which is not one of {listed(map(repr, KEYS), 12)}."
                    f"{nearest(key, KEYS)}"
                )
            if value is not None:
                table[row, KEYS.index(key)] = _number(value, person, key)
    return tuple(map(str, ratings)), table


def _number(value: Any, person: str, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(f"{person!r} rates {key!r} {value!r}. Give a whole number from 1 to 7.")
    return float(value)


def _from_array(ratings: ArrayLike) -> Floats:
    try:
        table = np.asarray(ratings, dtype=float)
    except (TypeError, ValueError):
        raise InputError("ratings are not numbers. Give whole numbers from 1 to 7.") from None
    if table.ndim != 2 or table.shape[1] != len(KEYS):
        raise InputError(
            f"ratings have shape {table.shape}; give one row a person and {len(KEYS)} columns, in "
            "the order of TRUST_ITEMS."
        )
    return table


def _check(table: Floats, names: Sequence[str]) -> None:
    if not len(table):
        raise InputError("There are no ratings. Give one row a person.")
    wrong = np.isfinite(table) & ((table < LOWEST) | (table > HIGHEST) | (table != np.round(table)))
    wrong |= np.isinf(table)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"{names[row]!r} rates {KEYS[column]!r} {table[row, column]:g}. Ratings are whole "
            "numbers from 1 (not at all) to 7 (extremely)."
        )
