"""Likelihoods of comparisons: Bradley–Terry, Davidson, Plackett–Luce and Davidson–Luce as one.

Each comparison is a row of choices. From the items that are left, a set S is chosen, one item or
several that tie, with probability

    P(S) = exp(eta_S) / sum_{S'} exp(eta_{S'}),   eta_S = tau * mean_{i in S} u_i + delta_{|S|},

where u are the items' utilities, delta_1 = 0 and tau is the reliability of who chooses (1 where all
are alike); then the next best are chosen from the rest. Two items and no ties give Bradley and
Terry [bradley1952rank], two items with ties Davidson [davidson1970extending], rankings without ties
Plackett and Luce [plackett1975analysis], rankings with ties Davidson–Luce [firth2019davidson].
With `ties="half"` a tie counts as every order of the tied items in equal shares instead.

The log-likelihood is concave in (u, delta). It is evaluated on the raw eta by a shifted
log-sum-exp and is never clipped: a comparison that is predicted wrongly with certainty keeps its
full gradient. Assumes that answers are independent given the utilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations, product
from math import comb, factorial, prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.datasets import PreferenceDataset
from alignlab.errors import InputError, require_choice

__all__ = ["ChoiceLoss", "Choices", "Ties", "choice_loss", "choices_of", "tie_sizes_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ties = Literal["davidson", "half"]

MOST_ALTERNATIVES = 20_000_000
"""More sets than this to choose from do not fit the memory of a usual machine."""

MOST_ORDERS = 720
"""More orders than this of one ranking's tied items are not counted out."""


@dataclass(frozen=True, eq=False)
class Choices:
    """Comparisons as choices of one set among several, flat.

    Attributes
    ----------
    members
        Sparse, shape (n_alternatives, n_items): 1/|S| at the items of each set S.
    size
        |S|, shape (n_alternatives,).
    starts
        Where each choice begins among the alternatives, and the end; (n_choices + 1,).
    chosen
        The weight with which each alternative was chosen, (n_alternatives,).
    comparison
        The comparison that each choice belongs to, (n_choices,).
    tie_sizes
        The sizes of ties that can be chosen; each has its own delta.
    """

    members: sparse.csr_array
    size: Ints
    starts: Ints
    chosen: Floats
    comparison: Ints
    tie_sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def choice(self) -> Ints:
        """The choice that each alternative belongs to, (n_alternatives,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def weight(self) -> Floats:
        """How much each choice counts, (n_choices,)."""
        return np.add.reduceat(self.chosen, self.starts[:-1])

    @cached_property
    def tie_columns(self) -> Floats:
        """Which delta each alternative has, shape (n_alternatives, number of tie sizes)."""
        return (self.size[:, None] == np.array(self.tie_sizes, np.int64)).astype(float)

    def reweighted(self, counts: Floats) -> Choices:
        """Return the choices of comparisons that count so often, without those that never do."""
        kept = np.flatnonzero(counts[self.comparison] > 0)
        sizes = np.diff(self.starts)[kept]
        starts = np.append(0, np.cumsum(sizes))
        where = np.repeat(self.starts[kept] - starts[:-1], sizes) + np.arange(starts[-1])
        comparison = self.comparison[kept]
        return Choices(
            self.members[where],
            self.size[where],
            starts,
            self.chosen[where] * np.repeat(counts[comparison], sizes),
            comparison,
            self.tie_sizes,
        )


@dataclass(frozen=True, eq=False)
class ChoiceLoss:
    """The negative log-likelihood of choices at some eta, and its derivatives.

    Attributes
    ----------
    value
        Summed over the choices.
    each
        Of each choice, (n_choices,).
    gradient
        By eta, (n_alternatives,).
    probabilities
        P(S), (n_alternatives,). The Hessian by eta is, within each choice of weight w,
        w (diag(P) - P P^T), and 0 between choices.
    """

    value: float
    each: Floats
    gradient: Floats
    probabilities: Floats


def choice_loss(eta: Floats, choices: Choices) -> ChoiceLoss:
    """Return the negative log-likelihood at `eta`, its gradient and what its Hessian is made of.

    Parameters
    ----------
    eta
        One number an alternative, (n_alternatives,).
    choices
        Made by `choices_of`.

    Examples
    --------
    A certain error of 120 logits costs 120, and its gradient is 1, not 0:

    >>> data = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1])
    >>> choices = choices_of(data)
    >>> loss = choice_loss(choices.members @ np.array([120.0, 0.0]), choices)
    >>> loss.value, np.sort(loss.gradient).tolist()
    (120.0, [-1.0, 1.0])
    """
    begins, choice = choices.starts[:-1], choices.choice
    below = eta - np.maximum.reduceat(eta, begins)[choice]
    odds = np.exp(below)
    # The best alternative's own 1 is left out of the sum and put back by log1p, so that the loss of
    # a near-certain choice is exact.
    rest = np.add.reduceat(np.where(below == 0, 0.0, odds), begins)
    rest += np.add.reduceat((below == 0).astype(float), begins) - 1
    each = choices.weight * np.log1p(rest) - np.add.reduceat(choices.chosen * below, begins)
    probabilities = odds / (1 + rest)[choice]
    gradient = choices.weight[choice] * probabilities - choices.chosen
    return ChoiceLoss(float(each.sum()), each, gradient, probabilities)


def choices_of(
    dataset: PreferenceDataset,
    *,
    ties: Ties = "davidson",
    tie_sizes: tuple[int, ...] | None = None,
) -> Choices:
    """Return a dataset's comparisons as choices.

    Parameters
    ----------
    dataset
        Pairs or rankings.
    ties
        "davidson": a tie is an answer of its own, with its own delta for each size of tie that
        occurs. "half": each order of the tied items counts in equal shares, so that a tied pair is
        half a preference either way.
    tie_sizes
        The sizes that ties of their own may have; `None` for those that occur.

    Raises
    ------
    InputError
        If there is no comparison, or there are too many sets of tied items to choose from.

    Examples
    --------
    >>> data = PreferenceDataset.from_rankings(["a", "b", "c"], [[2, 0, 1]], [[1, 2, 3]])
    >>> choices = choices_of(data)
    >>> np.diff(choices.starts).tolist(), choices.comparison.tolist()
    ([3, 2], [0, 0])
    """
    require_choice(ties, ("davidson", "half"), what="ties")
    if len(dataset) == 0:
        raise InputError("There are 0 comparisons to learn from.")
    tied = () if ties == "half" else tie_sizes_of(dataset) if tie_sizes is None else tie_sizes
    parts: list[_Part] = []
    for block, comparisons, ranks in _patterns(dataset):
        for order, levels, weight in _orders(ranks, ties):
            parts += _stages(block[:, order], comparisons, levels, tied, weight)
    return _joined(parts, dataset.n_items, tied)


@dataclass(frozen=True, eq=False)
class _Part:
    """The same choice in m comparisons: alternatives as sets of columns of a block of items."""

    block: Ints
    sets: list[tuple[int, ...]]
    chosen: int
    comparisons: Ints
    weight: float


def tie_sizes_of(dataset: PreferenceDataset) -> tuple[int, ...]:
    """Return the sizes of the ties that occur."""
    # Ranks are dense, so no rank reaches its comparison's size, and each gets a place of its own.
    begins = np.repeat(dataset.starts[:-1], np.diff(dataset.starts))
    counts = np.bincount(begins + dataset.ranks)
    return tuple(int(size) for size in np.unique(counts) if size > 1)


def _patterns(dataset: PreferenceDataset) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield comparisons of one size and one pattern of ties: items best first, and their ranks."""
    sizes = np.diff(dataset.starts)
    for size in np.unique(sizes):
        comparisons = np.flatnonzero(sizes == size)
        where = dataset.starts[comparisons][:, None] + np.arange(size)
        ranks = dataset.ranks[where]
        order = np.argsort(ranks, axis=1, kind="stable")
        items = np.take_along_axis(dataset.members[where], order, axis=1)
        ranks = np.take_along_axis(ranks, order, axis=1)
        # Sorted dense ranks are told apart by where they rise: one bit a place.
        rises = (np.diff(ranks, axis=1) > 0).astype(np.uint8)
        bits = np.packbits(rises, axis=1)
        code = bits[:, 0] if bits.shape[1] == 1 else [row.tobytes() for row in bits]
        _, first, kind = np.unique(code, return_index=True, return_inverse=True)
        for at, example in enumerate(first):
            rows = kind == at
            yield items[rows], comparisons[rows], ranks[example]


def _orders(ranks: Ints, ties: Ties) -> Iterator[tuple[list[int], Ints, float]]:
    """Yield orders of the items, the ranks in that order, and how much each order counts."""
    runs = [np.flatnonzero(ranks == rank).tolist() for rank in np.unique(ranks)]
    if ties == "davidson" or len(runs) == len(ranks):
        yield list(range(len(ranks))), ranks, 1.0
        return
    count = prod(factorial(len(run)) for run in runs)
    if count > MOST_ORDERS:
        raise InputError(
            f"A ranking has ties that leave {count:,} orders, more than ties='half' counts out. "
            "Use ties='davidson'."
        )
    for parts in product(*(permutations(run) for run in runs)):
        yield [place for part in parts for place in part], np.arange(len(ranks)), 1 / count


def _stages(
    block: Ints, comparisons: Ints, ranks: Ints, tied: tuple[int, ...], weight: float
) -> list[_Part]:
    """Return one choice for each rank but the last one where that is certain."""
    n = block.shape[1]
    parts, at = [], 0
    while at < n - 1:
        best = tuple(np.flatnonzero(ranks == ranks[at]).tolist())
        left = range(at, n)
        sizes = [size for size in (1, *tied) if size <= len(left)]
        if sum(comb(len(left), size) for size in sizes) * len(block) > MOST_ALTERNATIVES:
            raise InputError(
                f"A ranking of {n} items with ties of up to {sizes[-1]} has too many sets that "
                "could tie. Use ties='half', or give the ranking in parts."
            )
        sets = [each for size in sizes for each in combinations(left, size)]
        parts.append(_Part(block, sets, sets.index(best), comparisons, weight))
        at += len(best)
    return parts


def _joined(parts: list[_Part], n_items: int, tied: tuple[int, ...]) -> Choices:
    columns, rows, sizes, chosen, counts, comparison = [], [], [], [], [], []
    base = 0
    for part in parts:
        m, k = len(part.block), len(part.sets)
        lengths = np.array([len(each) for each in part.sets])
        flat = [column for each in part.sets for column in each]
        columns.append(part.block[:, flat].ravel())
        first = base + k * np.arange(m)[:, None]
        rows.append((first + np.repeat(np.arange(k), lengths)).ravel())
        sizes.append(np.tile(lengths, m))
        chosen.append(np.tile(part.weight * (np.arange(k) == part.chosen), m))
        counts.append(np.full(m, k))
        comparison.append(part.comparisons)
        base += m * k
    size = np.concatenate(sizes)
    row = np.concatenate(rows)
    members: Any = sparse.csr_array(
        (1 / size[row], (row, np.concatenate(columns))), shape=(base, n_items)
    )
    starts = np.append(0, np.cumsum(np.concatenate(counts)))
    return Choices(members, size, starts, np.concatenate(chosen), np.concatenate(comparison), tied)
