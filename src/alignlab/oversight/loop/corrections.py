"""What a model should have said, by the people who looked: labels, and how sure they are.

A reviewer r is right with probability a_r, and wrong in each other way alike, so of K choices the
chance of c, given what was said of a case, is

    P(c) ∝ ∏_r a_r [said_r = c] + (1 - a_r) / (K - 1) [said_r ≠ c]

the model of [dawid1979maximum] with one number a reviewer, known: a vote in which each counts
log(a_r (K - 1) / (1 - a_r)). The label is the likeliest choice and its weight in training is
P(label), the chance that it is right. Where nobody's reliability is given, P is the share of votes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.oversight.loop.taken import Said, decision_of, require_said
from alignlab.predictors import class_text

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["CorrectedLabels", "Relabelled", "corrected_labels"]

SUREST = 0.999
"""No reviewer is believed to be right, or wrong, more often: one answer never decides alone."""


@dataclass(frozen=True, eq=False, slots=True)
class Relabelled:
    """A column of labels in which reviewed rows say what people said.

    Attributes
    ----------
    labels
        Shape (n,).
    weights
        How much each row counts in training, shape (n,).
    changed
        The positions of rows whose label is another than before.
    """

    labels: NDArray[Any]
    weights: NDArray[np.float64]
    changed: NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class CorrectedLabels:
    """What people say of the cases that they reviewed, in the order of the cases' first answers.

    Attributes
    ----------
    keys
        Of the items, n of them.
    rows
        The row that each is from, where its source says; -1 otherwise; shape (n,).
    labels
        The likeliest choices, by the names of the model's classes where the source tells them.
    weights
        The chance that each is right, shape (n,).
    votes
        How many people decided, shape (n,).
    advice
        What the model said; "" where it was not asked.
    undecided
        Keys of cases without a label: people are divided, or none could tell.
    """

    keys: tuple[str, ...]
    rows: NDArray[np.intp]
    labels: tuple[str, ...]
    weights: NDArray[np.float64]
    votes: NDArray[np.intp]
    advice: tuple[str, ...]
    undecided: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a case."""
        return pd.DataFrame(
            {
                "key": self.keys,
                "row": self.rows,
                "label": self.labels,
                "weight": self.weights,
                "votes": self.votes,
                "advice": self.advice,
            }
        )

    def applied(self, labels: ArrayLike, *, unreviewed: float = 1.0) -> Relabelled:
        """Return a whole column of labels with these in their rows.

        Parameters
        ----------
        labels
            Of all rows, shape (n,).
        unreviewed
            The weight of rows that nobody reviewed; the share of their labels believed right, such
            as the share of a random sample of reviews in which the label stood.

        Raises
        ------
        InputError
            If a case names no row of these or a row of another case, or a label is none of the
            column's.

        Examples
        --------
        >>> said = CorrectedLabels(
        ...     ("a",), np.array([1]), ("yes",), np.array([0.9]), np.array([1]), ("no",), ())
        >>> said.applied(["no", "no", "yes"]).labels
        array(['no', 'yes', 'yes'], dtype='<U3')
        """
        before = np.asarray(labels)
        if before.ndim != 1:
            raise InputError(f"labels have the shape {before.shape}: give one a row.")
        if isinstance(unreviewed, bool) or not 0 <= unreviewed <= 1:
            raise InputError(f"unreviewed={unreviewed!r} is not a weight from 0 to 1.")
        self._require_rows(len(before))
        named = {class_text(each): each for each in pd.unique(pd.Series(before)).tolist()}
        strange = [label for label in self.labels if label not in named]
        if strange:
            raise InputError(
                f"People said {strange[0]!r}, which is none of the labels: {listed(named)}."
                f"{nearest(strange[0], named)} Name the choices as the classes, or say in each "
                'item\'s source which is which: "classes": {choice: class}.'
            )
        after = before.copy()
        weights = np.full(len(before), float(unreviewed))
        for row, label, weight in zip(self.rows.tolist(), self.labels, self.weights, strict=True):
            after[row] = named[label]
            weights[row] = weight
        changed = np.sort(self.rows[before[self.rows] != after[self.rows]])
        return Relabelled(after, weights, changed)

    def _require_rows(self, n: int) -> None:
        for key, row in zip(self.keys, self.rows.tolist(), strict=True):
            if not 0 <= row < n:
                where = "names no row" if row < 0 else f"is of row {row}"
                raise InputError(
                    f"The case {key!r} {where}, and there are {n} labels, from row 0. Give the "
                    "labels of the table that the review was made from."
                )
        twice = [row for row, times in Counter(self.rows.tolist()).items() if times > 1]
        if twice:
            raise InputError(
                f"Row {twice[0]} is that of two cases. Give the answers to one table's cases."
            )


def corrected_labels(
    answers: Iterable[Answered],
    *,
    reliability: Mapping[str, float] | None = None,
    unknown: float | None = None,
    said: Said = "final",
) -> CorrectedLabels:
    """Return what reviewers say of each case they decided, and the chance that it is right.

    Use it to train on what people corrected, or to measure a model against them. People who saw the
    model's advice lean towards it: their answers are no independent votes, and where that matters
    `said="own"` takes only what was decided without it.

    Parameters
    ----------
    answers
        Of `Review.answers`; planted items are passed over.
    reliability
        The chance that an answer of theirs is right, by reviewer, such as `dawid_skene` and
        `gold_accuracy` tell; `None` counts votes alike.
    unknown
        The reliability of those who have none there, or NaN.
    said
        "final" takes what people said in the end; "own" what they said before they saw advice, or
        without any.

    Raises
    ------
    InputError
        If there is nothing to learn from, or a reliability is missing or no probability.

    References
    ----------
    [dawid1979maximum]

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def one(key, who, decision):
    ...     return SimpleNamespace(
    ...         key=key, kind="decide", reviewer=who, answer={"decision": decision}, own=None,
    ...         advice_seen=False, advice=None, drawn="value", choices=("no", "yes"), source={})
    >>> told = [one("a", "ana", "yes"), one("a", "bo", "no"), one("b", "bo", "no")]
    >>> found = corrected_labels(told, reliability={"ana": 0.9, "bo": 0.6})
    >>> found.labels, found.weights.round(3).tolist()
    (('yes', 'no'), [0.857, 0.6])
    """
    require_said(said)
    trusted = None if reliability is None else _checked(reliability)
    if unknown is not None:
        unknown = _probability(unknown, "unknown")
    votes: dict[str, list[tuple[str, float | None]]] = {}
    about: dict[str, Answered] = {}
    for each in answers:
        if each.kind != "decide" or each.drawn == "gold":
            continue
        about.setdefault(each.key, each)
        here = votes.setdefault(each.key, [])
        decision = decision_of(each, said)
        if decision is not None:
            right = None if trusted is None else _of(each.reviewer, trusted, unknown)
            here.append((decision, right))
    found = {key: _likeliest(about[key].choices, votes[key]) for key in about}
    decided = [key for key, (label, _) in found.items() if label is not None]
    if not decided:
        raise InputError(
            f"Of {len(about):,} cases none has a label: people were divided, could not tell, or "
            f"decided none (said={said!r})."
        )
    return CorrectedLabels(
        keys=tuple(decided),
        rows=np.array([_row(about[key].source) for key in decided], np.intp),
        labels=tuple(_class(about[key], str(found[key][0])) for key in decided),
        weights=np.array([found[key][1] for key in decided], np.float64),
        votes=np.array([len(votes[key]) for key in decided], np.intp),
        advice=tuple(
            "" if (advice := about[key].advice) is None else _class(about[key], advice.decision)
            for key in decided
        ),
        undecided=tuple(key for key in about if found[key][0] is None),
    )


def _likeliest(
    choices: Iterable[str], votes: list[tuple[str, float | None]]
) -> tuple[str | None, float]:
    """Return the likeliest choice and its chance; no choice where two are as likely."""
    if not votes:
        return None, math.nan
    names = tuple(choices)
    if votes[0][1] is None:
        chances = np.array([sum(vote == name for vote, _ in votes) for name in names], np.float64)
    else:
        logs = np.zeros(len(names))
        for vote, right in votes:
            others = math.log((1 - right) / (len(names) - 1))  # type: ignore[operator]
            logs += [math.log(right) if name == vote else others for name in names]  # type: ignore[arg-type]
        chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    if np.isclose(chances, chances[best], rtol=1e-9, atol=0).sum() > 1:
        return None, float(chances[best])
    return names[best], float(chances[best])


def _checked(reliability: Mapping[str, float]) -> dict[str, float]:
    return {
        str(name): math.nan if _is_nan(given) else _probability(given, f"reliability of {name}")
        for name, given in reliability.items()
    }


def _is_nan(given: Any) -> bool:
    return isinstance(given, float | np.floating) and math.isnan(given)


def _probability(given: Any, what: str) -> float:
    number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    if not number or not 0 <= given <= 1:
        raise InputError(f"The {what} is {given!r}, and no probability from 0 to 1.")
    return float(np.clip(given, 1 - SUREST, SUREST))


def _of(name: str, trusted: Mapping[str, float], unknown: float | None) -> float:
    known = trusted.get(name, math.nan)
    if not math.isnan(known):
        return known
    if unknown is None:
        raise InputError(
            f"There is no reliability of {name!r}. Give one, or unknown= for all who have none, "
            "such as the others' mean."
        )
    return unknown


def _row(source: Mapping[str, Any]) -> int:
    row = source.get("row", -1)
    return row if isinstance(row, int) and not isinstance(row, bool) else -1


def _class(answered: Answered, choice: str) -> str:
    return str(answered.source.get("classes", {}).get(choice, choice))
