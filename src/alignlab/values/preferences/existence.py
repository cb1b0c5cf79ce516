"""Whether preferences have a finite best explanation, and if not, which items or weights run off.

The scores of items that are compared and ranked without ties are finite if and only if the graph
with an arrow from each item to those it was preferred to is strongly connected [hunter2004mm,
sec. 2; ford1957solution]: otherwise some items were never rated below the others, and their scores
grow without end. For weights of features, and where ties are an answer of their own, the likelihood
has no maximum if and only if a direction h exists along which no comparison gets worse,

    (J_chosen - J_other) h >= 0 for all, > 0 for one,

which is a linear programme [albert1984existence].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.sparse import csgraph

from alignlab.values.preferences.comparisons import Choices

__all__ = ["Connection", "connection", "separating_direction"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Connection:
    """How the compared items hang together.

    Attributes
    ----------
    part
        Items with one number were compared, directly or through others; (n_items,).
    cycle
        Items with one number were preferred to each other, directly or through others; (n_items,).
    unbeaten
        Items whose cycle was never rated below an item outside it, though compared with one.
    unpreferred
        Items whose cycle was never preferred to an item outside it, though compared with one.
    alone
        Items that are in no comparison.
    """

    part: Ints
    cycle: Ints
    unbeaten: Ints
    unpreferred: Ints
    alone: Ints

    @property
    def finite(self) -> bool:
        """Whether the scores of all compared items are finite, ties of their own left out."""
        return not (len(self.unbeaten) or len(self.unpreferred))

    @property
    def n_parts(self) -> int:
        """How many groups of compared items there are, between which nothing is known."""
        return len(set(self.part.tolist()) - set(self.part[self.alone].tolist()))


def connection(choices: Choices) -> Connection:
    """Return how the items of comparisons hang together.

    Examples
    --------
    >>> from alignlab.datasets import PreferenceDataset
    >>> from alignlab.values.preferences.comparisons import choices_of
    >>> data = PreferenceDataset.from_pairs(["a", "b", "c"], [0, 1, 1], [1, 2, 2], [0, 0, 1])
    >>> found = connection(choices_of(data))
    >>> found.finite, found.unbeaten.tolist(), found.unpreferred.tolist()
    (False, [0], [1, 2])
    """
    won = np.flatnonzero(choices.chosen > 0)
    single = np.flatnonzero(choices.size == 1)
    members: Any = choices.members
    winners = (members[won] > 0).astype(np.int64)
    n_choices = len(choices)
    among = sparse.csr_array(
        (np.ones(len(single), np.int64), (choices.choice[single], members[single].indices)),
        shape=(n_choices, members.shape[1]),
    )
    there = among[choices.choice[won]]
    beat = (winners.T @ (there - winners)).tocsr()
    beat.eliminate_zeros()
    joined = (among.T @ among).tocsr()
    part = csgraph.connected_components(joined, directed=False)[1].astype(np.int64)
    cycle = csgraph.connected_components(beat, connection="strong")[1].astype(np.int64)
    seen = np.zeros(members.shape[1], bool)
    seen[among.indices] = True
    start, end = (cycle[each] for each in beat.nonzero())
    across = start != end
    n_cycles = int(cycle.max(initial=0)) + 1
    beats, beaten = np.zeros(n_cycles, bool), np.zeros(n_cycles, bool)
    beats[start[across]], beaten[end[across]] = True, True
    one, other = (cycle[each] for each in joined.nonzero())
    meets = np.zeros(n_cycles, bool)
    meets[one[one != other]] = True
    return Connection(
        part,
        cycle,
        np.flatnonzero((meets & ~beaten)[cycle] & seen),
        np.flatnonzero((meets & ~beats)[cycle] & seen),
        np.flatnonzero(~seen),
    )


def separating_direction(jacobian: Any, choices: Choices) -> Floats | None:
    """Return a direction along which the likelihood rises for ever, or `None` if there is none.

    Parameters
    ----------
    jacobian
        The derivative of eta by the parameters, (n_alternatives, n_parameters); sparse or not.
    choices
        What was chosen.
    """
    matrix = sparse.csr_array(jacobian)
    won = np.flatnonzero(choices.chosen > 0)
    # Each chosen alternative against every other of its choice.
    counts = np.diff(choices.starts)[choices.choice[won]]
    begins = choices.starts[:-1][choices.choice[won]]
    ahead = np.repeat(np.cumsum(counts) - counts, counts)
    other = np.repeat(begins, counts) + np.arange(counts.sum()) - ahead
    ours = np.repeat(won, counts)
    differ = other != ours
    gain = matrix[ours[differ]] - matrix[other[differ]]
    size = np.sqrt(np.asarray(gain.multiply(gain).sum(axis=0))).ravel()
    scale = np.where(size > 0, size / np.sqrt(max(gain.shape[0], 1)), 1.0)
    gain = (gain @ sparse.diags_array(1 / scale)).tocsr()
    found = optimize.linprog(
        -np.asarray(gain.sum(axis=0)).ravel(),
        A_ub=-gain,
        b_ub=np.zeros(gain.shape[0]),
        bounds=(-1, 1),
        method="highs",
    )
    if found.x is None or (gain @ found.x).max(initial=0.0) < 1e-6:
        return None
    direction = found.x / scale
    return direction / np.abs(direction).max()
