"""The majority vote: the label that most raters give an item, and a tie where none leads.

The baseline of label aggregation: every rater counts the same, whatever they are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from alignlab.oversight.agreement.rated import Rated, rated

__all__ = ["Vote", "majority_vote", "vote_shares"]


@dataclass(frozen=True, eq=False)
class Vote:
    """What most raters say of each item.

    Attributes
    ----------
    items
        Names, sorted, shape (n,).
    labels
        The leading label of each item; None where several lead.
    shares
        Of each label in an item's answers, shape (n, k).
    answers
        To each item, shape (n,).
    classes
        The labels, as `shares` has them.
    """

    items: NDArray[Any]
    labels: NDArray[Any]
    shares: NDArray[np.float64]
    answers: NDArray[np.intp]
    classes: tuple[Any, ...]

    @property
    def tied(self) -> int:
        """How many items have no leading label."""
        return sum(each is None for each in self.labels)

    def to_frame(self) -> pd.DataFrame:
        """Return one row an item."""
        share = self.shares.max(axis=1, initial=0)
        told = {"item": self.items, "label": self.labels, "share": share, "answers": self.answers}
        return pd.DataFrame(told)

    def to_dict(self) -> dict[str, Any]:
        """Return one entry an item."""
        told = {str(name): each for name, each in self.to_frame().to_dict("list").items()}
        return {**told, "classes": list(self.classes)}


def majority_vote(
    item: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    classes: Sequence[Any] | None = None,
) -> Vote:
    """Return the label that most raters give each item.

    Use it as the baseline. `dawid_skene` weighs raters by what they are worth.

    Parameters
    ----------
    item, rater, label
        Of each answer, shape (n,); answers whose label is None or NaN are left out.
    classes
        The labels that there are; by default those that occur.

    Returns
    -------
    Vote

    Raises
    ------
    InputError
        If a rater answers an item twice, or a label is none of the classes.

    Examples
    --------
    >>> majority_vote([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], list("xxyxy")).labels.tolist()
    ['x', None]
    """
    answers = rated(item, rater, label, categories=classes, name="label")
    shares = vote_shares(answers)
    leads = shares == shares.max(axis=1, keepdims=True, initial=0)
    labels = np.empty(len(shares), dtype=object)
    labels[:] = answers.values.astype(object)[leads.argmax(axis=1)] if len(shares) else []
    labels[leads.sum(axis=1) > 1] = None
    return Vote(answers.items, labels, shares, answers.per_item, tuple(answers.values.tolist()))


def vote_shares(answers: Rated) -> NDArray[np.float64]:
    """Return the share of each label in an item's answers, shape (items, labels)."""
    shape = len(answers.items), len(answers.values)
    ones = np.ones(len(answers.item))
    counts = sparse.coo_array((ones, (answers.item, answers.value)), shape=shape).toarray()
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
