"""How reliable each rater is where the truth is unknown, and what the truth most likely is.

Each rater has a confusion matrix, each item a class that nobody sees; both are estimated together
[dawid1979maximum]. A rater's reliability is one number,

    (sum_k pi_kk - 1) / (K - 1),

their chance of being right averaged over the K classes, between guessing (0) and always right (1);
Youden's index where K is 2. It does not depend on which classes are common: saying the commonest
always is worth 0. Below 0 a rater is wrong more often than a guess is.

Assumes that, given an item's class, raters answer independently of each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from alignlab.charts import Chart, interval_chart
from alignlab.errors import InputError, require_whole
from alignlab.intervals import Estimate, critical_value, share_limits
from alignlab.oversight.agreement.expectation import Fit, expect, fit
from alignlab.oversight.agreement.rated import Rated, rated
from alignlab.oversight.agreement.vote import vote_shares

__all__ = ["Reliability", "dawid_skene"]

Floats = NDArray[np.float64]

MOST_DRAWN = 40
"""Raters in a chart; the least reliable come first."""

METHOD = "Clopper–Pearson at the information that uncertain items leave, classes combined"


@dataclass(frozen=True, eq=False)
class Reliability:
    """What raters are worth, and what they say together; arrays follow `raters` and `items`.

    Attributes
    ----------
    raters
        Names, sorted.
    estimates
        The reliability of each rater: 1 always right, 0 as good as a guess, below 0 worse; NaN
        where nothing tells, because nobody else answered their items.
    accuracy
        The chance that an answer of theirs is right, classes as common as they are here; NaN as
        above.
    answers, compared
        Answers of each rater, and those to items that another answered too or whose truth is
        known: only these tell what a rater is worth.
    classes
        The labels.
    confusion, low, high
        The chance that a rater says a label of an item of a class, and its limits, shape (raters,
        class, label).
    shares
        Of each class among the items compared.
    items
        Names, sorted.
    posterior
        The chance of each class, shape (items, classes).
    vote
        The share of each label in an item's answers, shape (items, classes).
    trace
        The log-posterior at each step.
    converged
        Whether EM came to rest.
    notes
        What to know before using it, in sentences; empty where there is nothing.
    missing
        Answers without a label, left out.
    """

    raters: tuple[Any, ...]
    estimates: tuple[Estimate, ...]
    accuracy: Floats
    answers: NDArray[np.intp]
    compared: NDArray[np.intp]
    classes: tuple[Any, ...]
    confusion: Floats
    low: Floats
    high: Floats
    shares: Floats
    items: NDArray[Any]
    posterior: Floats
    vote: Floats
    trace: tuple[float, ...]
    converged: bool
    notes: tuple[str, ...]
    missing: int

    @property
    def labels(self) -> NDArray[Any]:
        """The likeliest class of each item, shape (items,)."""
        names = np.empty(len(self.classes), dtype=object)
        names[:] = self.classes
        return names[self.posterior.argmax(axis=1)]

    @property
    def weights(self) -> dict[Any, float]:
        """How much to trust each rater's own labels, from 0 to 1; NaN where nothing tells.

        A rater who is surely inverted weighs 0, though `posterior` makes full use of them.
        """
        values = (each.value for each in self.estimates)
        return {
            name: math.nan if math.isnan(value) else min(max(value, 0.0), 1.0)
            for name, value in zip(self.raters, values, strict=True)
        }

    @property
    def inverted(self) -> tuple[Any, ...]:
        """The raters who are surely wrong more often than a guess."""
        pairs = zip(self.raters, self.estimates, strict=True)
        return tuple(name for name, each in pairs if each.high < 0)

    @property
    def headline(self) -> str:
        """What was found, in a sentence."""
        known = [each.value for each in self.estimates if not math.isnan(each.value)]
        differs = int(_outvoted(self.posterior, self.vote).sum())
        told = (
            f"{len(self.raters):,} raters, {len(self.items):,} items: reliability from "
            f"{min(known):.2f} to {max(known):.2f} (1 always right, 0 guessing); on {differs:,} "
            "items the likeliest label has not the most votes."
        )
        return " ".join((told, *self.notes))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a rater."""
        return pd.DataFrame(
            {
                "rater": self.raters,
                "answers": self.answers,
                "compared": self.compared,
                "reliability": [each.value for each in self.estimates],
                "low": [each.low for each in self.estimates],
                "high": [each.high for each in self.estimates],
                "accuracy": self.accuracy,
            }
        )

    def items_frame(self) -> pd.DataFrame:
        """Return one row an item: its likeliest label, the chance of it, and of each class."""
        told = {"item": self.items, "label": self.labels, "chance": self.posterior.max(axis=1)}
        chances = {str(name): self.posterior[:, k] for k, name in enumerate(self.classes)}
        return pd.concat([pd.DataFrame(told), pd.DataFrame(chances).add_prefix("is ")], axis=1)

    def confusion_frame(self, rater: Any) -> pd.DataFrame:
        """Return what one rater says (across) of items of each class (down).

        Raises
        ------
        InputError
            If there is no such rater.
        """
        if rater not in self.raters:
            raise InputError(f"There is no rater {rater!r}.")
        names = list(self.classes)
        rows, columns = pd.Index(names, name="class"), pd.Index(names, name="says")
        return pd.DataFrame(self.confusion[self.raters.index(rater)], rows, columns)

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of raters and classes; `items_frame` has the items."""
        return {
            "headline": self.headline,
            "raters": self.to_frame().to_dict("records"),
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "shares": self.shares.tolist(),
            "items": len(self.items),
            "steps": len(self.trace),
            "converged": self.converged,
            "notes": list(self.notes),
            "missing": self.missing,
        }

    def chart(self) -> Chart:
        """Draw the raters' reliabilities, the lowest first."""
        known = self.to_frame().dropna(subset="reliability")
        rows = known.sort_values("reliability", kind="stable")[:MOST_DRAWN]
        fewest = len(rows) < len(known)
        return interval_chart(
            "Who is least reliable?" if fewest else "How reliable is each reviewer?",
            [
                {"reviewer": str(row.rater), "value": row.reliability, "low": row.low,
                 "high": row.high, "n": row.compared}
                for row in rows.itertuples()
            ],
            x="reliability (1 is always right, below 0 is worse than guessing)",
            y="reviewer",
            reference=0.0,
            reference_label="guessing",
            percent=False,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>" + str(self.to_frame().to_html(index=False))


def dawid_skene(
    item: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    classes: Sequence[Any] | None = None,
    known: Mapping[Any, Any] | None = None,
    prior: tuple[float, float] = (3.0, 1.0),
    max_steps: int = 500,
    tolerance: float = 1e-5,
    level: float = 0.95,
) -> Reliability:
    """Return what each rater is worth and what the truth most likely is, from answers alone.

    Use it where several people labelled the same items. Inverted raters and careless ones are
    found, and their answers count for what they say. It cannot find out a majority that is wrong
    in the same way, nor raters who copy from each other: give `known` truths.

    Parameters
    ----------
    item, rater, label
        Of each answer, shape (n,); answers whose label is None or NaN are left out and counted.
    classes
        The labels that there are; by default those that occur.
    known
        The true label of some items, by the item's name.
    prior
        How often each rater is taken to have been seen right and wrong in each class before the
        first answer.
    max_steps, tolerance
        EM stops once no probability moves by more than the tolerance.
    level
        Coverage of each interval.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        If a rater answers an item twice, all labels are the same, or no item has two answers.

    References
    ----------
    [dawid1979maximum], [donner2012closed]

    Examples
    --------
    Two careful raters and one who has the labels the wrong way round:

    >>> truth = list("nyynynnyyn") * 4
    >>> said = [truth, truth, ["n" if each == "y" else "y" for each in truth]]
    >>> rater = ["a"] * 40 + ["b"] * 40 + ["c"] * 40
    >>> found = dawid_skene(list(range(40)) * 3, rater, sum(said, []))
    >>> [round(each.value, 2) for each in found.estimates], found.inverted
    ([0.92, 0.92, -0.75], ('c',))
    """
    critical_value(level)  # says what is wrong with a level
    require_whole(max_steps, "max_steps", 1)
    if len(prior) != 2 or not all(math.isfinite(each) and each > 0 for each in prior):
        raise InputError(f"prior={prior!r} is not two numbers above 0: right and wrong, as (3, 1).")
    answers = rated(item, rater, label, categories=classes, name="label")
    kinds = len(answers.values)
    if kinds < 2:
        raise InputError(
            "All labels are the same, which says nothing of raters. Give answers that differ, or "
            "name the classes: classes=[…]."
        )
    fixed = _fixed(answers, known)
    tells = (answers.per_item[answers.item] > 1) | (fixed[answers.item] >= 0)
    if not tells.any():
        raise InputError(
            "No item has two answers, so nothing tells who is right. Give items to several raters, "
            "or give known truths: known={item: label}."
        )
    # An answer that nobody else can contradict would count as right, and vouch for its own rater.
    together = answers.at(tells)
    pinned = fixed[np.unique(answers.item[tells])]
    right, wrong = prior
    counts = np.full((kinds, kinds), wrong / (kinds - 1))
    np.fill_diagonal(counts, right)
    found = fit(
        _said(together), vote_shares(together), fixed=pinned, prior=counts, most=max_steps,
        tolerance=tolerance,
    )  # fmt: skip
    posterior, _ = expect(_said(answers), found.confusion, found.shares, fixed)
    vote = vote_shares(answers)
    low, high = _limits(found, level)
    compared = np.bincount(together.rater, minlength=len(answers.raters))
    diagonal = np.diagonal(found.confusion, axis1=1, axis2=2)
    return Reliability(
        raters=tuple(answers.raters.tolist()),
        estimates=_reliabilities(diagonal, low, high, compared, level),
        accuracy=np.where(compared > 0, diagonal @ found.shares, math.nan),
        answers=np.bincount(answers.rater, minlength=len(answers.raters)),
        compared=compared,
        classes=tuple(answers.values.tolist()),
        confusion=found.confusion,
        low=low,
        high=high,
        shares=found.shares,
        items=answers.items,
        posterior=posterior,
        vote=vote,
        trace=found.trace,
        converged=found.converged,
        notes=_notes(found, answers, together, posterior, vote, compared, bool(known)),
        missing=answers.missing,
    )


def _fixed(answers: Rated, known: Mapping[Any, Any] | None) -> NDArray[np.intp]:
    """Return the class of each item that is known, -1 elsewhere."""
    fixed = np.full(len(answers.items), -1, dtype=np.intp)
    place = {each: at for at, each in enumerate(answers.values.tolist())}
    where = {each: at for at, each in enumerate(answers.items.tolist())} if known else {}
    for name, label in (known or {}).items():
        if label not in place:
            raise InputError(
                f"known says {label!r} of item {name!r}, which is none of the labels. Name all "
                "labels that there are: classes=[…]."
            )
        if name in where:
            fixed[where[name]] = place[label]
    if known and (fixed < 0).all():
        raise InputError(
            f"known names no item that was answered; its first is {next(iter(known))!r}, the "
            f"answers' first {answers.items.tolist()[0]!r}."
        )
    return fixed


def _said(answers: Rated) -> sparse.csr_array:
    """Return 1 where a rater gave a label to an item, shape (items, raters * labels)."""
    kinds = len(answers.values)
    shape = len(answers.items), len(answers.raters) * kinds
    cells = answers.item, answers.rater * kinds + answers.value
    return sparse.csr_array((np.ones(len(answers.item)), cells), shape=shape)


def _limits(found: Fit, level: float) -> tuple[Floats, Floats]:
    total = found.met.sum(axis=2, keepdims=True)
    share = np.divide(found.met, total, out=np.zeros_like(found.met), where=total > 0)
    low, high = share_limits(np.minimum(share, 1), found.informative, level=level)
    return np.minimum(low, found.confusion), np.maximum(high, found.confusion)


def _reliabilities(
    diagonal: Floats, low: Floats, high: Floats, compared: NDArray[np.intp], level: float
) -> tuple[Estimate, ...]:
    """Return each rater's reliability; limits of the classes' sum are those of its terms in square.

    The sum's distance to its limit is the root of the terms' squared distances to theirs
    [donner2012closed].
    """
    kinds = diagonal.shape[1]
    value = (diagonal.sum(axis=1) - 1) / (kinds - 1)
    below = diagonal - np.diagonal(low, axis1=1, axis2=2)
    above = np.diagonal(high, axis1=1, axis2=2) - diagonal
    ends = (
        value - np.sqrt((below**2).sum(axis=1)) / (kinds - 1),
        value + np.sqrt((above**2).sum(axis=1)) / (kinds - 1),
    )
    none = Estimate(math.nan, math.nan, math.nan, level, 0, "undefined: no answer compared")
    return tuple(
        Estimate(
            float(v), max(float(a), -1 / (kinds - 1)), min(float(b), 1.0), level, int(n), METHOD
        )
        if n
        else none
        for v, a, b, n in zip(value, *ends, compared, strict=True)
    )


def _outvoted(posterior: Floats, vote: Floats) -> NDArray[np.bool_]:
    """Return on which items the likeliest class is none of those that lead the vote."""
    likeliest = posterior.argmax(axis=1)[:, None]
    return np.asarray(np.take_along_axis(vote, likeliest, axis=1)[:, 0] < vote.max(axis=1))


def _notes(
    found: Fit,
    answers: Rated,
    together: Rated,
    posterior: Floats,
    vote: Floats,
    compared: NDArray[np.intp],
    anchored: bool,
) -> tuple[str, ...]:
    notes = []
    if not found.converged:
        notes.append(f"It had not come to rest after {len(found.trace)} steps: raise max_steps.")
    pooled = found.met.sum(axis=0)
    rows, columns = linear_sum_assignment(-pooled)
    if pooled[rows, columns].sum() > np.trace(pooled) * (1 + 1e-9):
        names = [
            f"{answers.values[a]!s} as {answers.values[b]!s}"
            for a, b in zip(rows, columns, strict=True)
            if a != b
        ]
        notes.append(
            f"Classes may have changed names: most answers read {', '.join(names)}. Give known "
            "truths."
        )
    elif not anchored and _outvoted(posterior, vote).mean() > 0.5:
        notes.append(
            "On most items the likeliest label has not the most votes: a few raters outweigh the "
            "rest. "
            "Give known truths to tell who is right."
        )
    if len(np.unique(together.rater)) < 3 and not anchored:
        notes.append(
            "Two raters alone cannot tell which of them is wrong: their reliabilities are a guess."
        )
    alone = int((compared == 0).sum())
    if alone:
        who = "rater has" if alone == 1 else "raters have"
        notes.append(f"{alone:,} {who} no item in common with anybody: nothing tells their worth.")
    return tuple(notes)
