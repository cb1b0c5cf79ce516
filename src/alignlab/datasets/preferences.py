"""Preferences: which of two or more items somebody liked better, kept as they were given.

Each item (a row of numbers, a trajectory or a text) is held once; a comparison names the items that
were shown, in the order in which they were shown, and a rank for each, equal ranks being a tie. Who
said it, and which items answer the same prompt, is kept where it is known. Nothing here assumes
that preferences are transitive or that people agree.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets.preference_checks import (
    Floats,
    Ints,
    Items,
    Names,
    checked_items,
    checked_names,
    chosen_rows,
    content_of,
    dense_ranks,
    require_comparisons,
    whole_numbers,
)
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, require_choice
from alignlab.random import as_generator

__all__ = ["Items", "Pairs", "PreferenceDataset", "PreferenceSplit"]

Kind = Literal["rows", "trajectories", "texts"]
HeldOut = Literal["comparison", "answer", "item", "group"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Comparisons as pairs, in the order in which they were given.

    Attributes
    ----------
    first, second
        Positions of the items, shape (n,), in the order in which they were shown.
    preferred
        0 if the first was preferred, 1 if the second, 0.5 for a tie; shape (n,).
    comparison
        The comparison that each pair is from; shape (n,).
    annotators
        Who said it, one name a pair, or `None`.
    """

    first: Ints
    second: Ints
    preferred: Floats
    comparison: Ints
    annotators: Names | None = None

    def __len__(self) -> int:
        return len(self.first)


class PreferenceSplit(NamedTuple):
    """Comparisons to fit on and comparisons held out; both name the same items.

    Attributes
    ----------
    train, held_out
        The two parts.
    n_dropped
        Comparisons in neither, because they join an item that is held out to one that is not.
    """

    train: PreferenceDataset
    held_out: PreferenceDataset
    n_dropped: int


@dataclass(frozen=True, eq=False, repr=False)
class PreferenceDataset:
    """Comparisons of items by people, or by a model of people.

    Build it by `from_pairs` or `from_rankings`, or read it by `read_preferences` or `read_chosen`.
    It keeps what was said; what it means is for `values.fit_reward`.

    Attributes
    ----------
    items
        Rows, shape (n_items, d); or a tuple of trajectories; or a tuple of texts.
    members
        Positions of the compared items, comparison after comparison, in the order shown; (m,).
    ranks
        The rank of each member in its comparison, from 0 for the best; equal ranks are a tie; (m,).
    starts
        Where each comparison begins in `members`, and where the last one ends; (n + 1,).
    annotators
        Who made each comparison, (n,); "" where nobody is named; `None` where nobody ever is.
    groups
        What each item belongs to, such as the prompt that a text answers, (n_items,); or `None`.
    order_known
        Whether it is known which item was shown first.

    Raises
    ------
    InputError
        If the items are of no known kind or not alike, or a comparison names an item that is not
        there, or one item twice, or fewer than two.

    Examples
    --------
    >>> data = PreferenceDataset.from_pairs(["a", "bb", "ccc"], [0, 1], [1, 2], [1, 0.5])
    >>> data
    <PreferenceDataset; comparisons: 2, texts: 3, ties: 1>
    >>> data.pairs().preferred.tolist()
    [1.0, 0.5]
    """

    items: Items
    members: Ints
    ranks: Ints
    starts: Ints
    annotators: Names | None = None
    groups: Names | None = None
    order_known: bool = True

    def __post_init__(self) -> None:
        put = object.__setattr__  # the fields of a frozen class are set once, checked
        put(self, "items", checked_items(self.items))
        put(self, "members", whole_numbers(self.members, "members"))
        put(self, "starts", whole_numbers(self.starts, "starts"))
        require_comparisons(self.members, self.starts, self.n_items)
        put(self, "ranks", dense_ranks(np.asarray(self.ranks), self.starts))
        who = checked_names(self.annotators, len(self), "annotators", "comparison")
        put(self, "annotators", who if who is not None and any(who) else None)
        put(self, "groups", checked_names(self.groups, self.n_items, "groups", "item"))

    @classmethod
    def from_pairs(
        cls,
        items: Items | Iterable[Any],
        first: ArrayLike,
        second: ArrayLike,
        preferred: ArrayLike,
        *,
        annotators: Iterable[object] | None = None,
        groups: Iterable[object] | None = None,
        order_known: bool = True,
    ) -> PreferenceDataset:
        """Return a dataset of pairs.

        Parameters
        ----------
        items
            Rows (n_items, d), or a sequence of trajectories, or of texts.
        first, second
            Positions in `items`, shape (n,), in the order in which they were shown.
        preferred
            0 if the first was preferred, 1 if the second, 0.5 for a tie; shape (n,).
        annotators, groups, order_known
            As in the class.

        Raises
        ------
        InputError
            See the class; or an answer is none of 0, 1 and 0.5.

        Examples
        --------
        >>> PreferenceDataset.from_pairs([[0.0], [1.0]], [0], [1], [1], annotators=["ann"])
        <PreferenceDataset; comparisons: 1, rows: 2, annotators: 1>
        """
        one, two = whole_numbers(first, "first"), whole_numbers(second, "second")
        said = np.asarray(preferred, float)
        if not one.shape == two.shape == said.shape:
            raise InputError(
                f"first, second and preferred have {one.size}, {two.size} and {said.size} entries; "
                "give one of each a comparison."
            )
        wrong = ~np.isin(said, (0, 0.5, 1))
        if wrong.any():
            at = int(wrong.argmax())
            raise InputError(
                f"preferred[{at}] is {said[at]!s}: give 0 for the first item, 1 for the second or "
                "0.5 for a tie, and leave out what was not answered."
            )
        members = np.column_stack([one, two]).ravel()
        ranks = np.column_stack([said > 0.5, said < 0.5]).ravel().astype(np.int64)
        starts = np.arange(0, len(members) + 1, 2)
        return cls(_given(items), members, ranks, starts, annotators, groups, order_known)  # type: ignore[arg-type]

    @classmethod
    def from_rankings(
        cls,
        items: Items | Iterable[Any],
        shown: Sequence[Sequence[int]],
        ranks: Sequence[Sequence[float]] | None = None,
        *,
        annotators: Iterable[object] | None = None,
        groups: Iterable[object] | None = None,
    ) -> PreferenceDataset:
        """Return a dataset of rankings of two or more items each.

        Parameters
        ----------
        items
            Rows (n_items, d), or a sequence of trajectories, or of texts.
        shown
            For each comparison the positions of its items, in the order in which they were shown.
        ranks
            For each comparison the rank of each item shown, the smallest being the best; equal
            ranks are a tie. `None`: `shown` names the best first, and the order of showing is
            unknown.
        annotators, groups
            As in the class.

        Examples
        --------
        >>> data = PreferenceDataset.from_rankings(["a", "b", "c"], [[2, 0, 1]], [[1, 2, 2]])
        >>> pairs = data.pairs()
        >>> [each.tolist() for each in (pairs.first, pairs.second, pairs.preferred)]
        [[2, 2, 0], [0, 1, 1], [0.0, 0.0, 0.5]]
        """
        given = [list(range(len(each))) for each in shown] if ranks is None else ranks
        if len(given) != len(shown):
            raise InputError(f"There are {len(given)} lists of ranks for {len(shown)} comparisons.")
        for at, (each, rank) in enumerate(zip(shown, given, strict=True)):
            if len(each) != len(rank):
                raise InputError(f"Comparison {at} shows {len(each)} items and ranks {len(rank)}.")
        starts = np.cumsum([0, *(len(each) for each in shown)])
        members = np.array([item for each in shown for item in each])
        flat = np.array([rank for each in given for rank in each], float)
        return cls(
            _given(items), members, flat, starts, annotators, groups, ranks is not None  # type: ignore[arg-type]
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __repr__(self) -> str:
        """Return how many comparisons and items there are."""
        told = [f"comparisons: {len(self):,}", f"{self.kind}: {self.n_items:,}"]
        if ties := int(np.sum(self.pairs().preferred == 0.5)):
            told.append(f"ties: {ties:,}")
        if self.annotators is not None:
            told.append(f"annotators: {len(set(self.annotators) - {''}):,}")
        return f"<PreferenceDataset; {', '.join(told)}>"

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.items)

    @property
    def kind(self) -> Kind:
        """What the items are: "rows", "trajectories" or "texts"."""
        if isinstance(self.items, np.ndarray):
            return "rows"
        return "texts" if self.items and isinstance(self.items[0], str) else "trajectories"

    @property
    def lengths(self) -> Ints | None:
        """The steps of each trajectory or the letters of each text; `None` for rows."""
        if isinstance(self.items, np.ndarray):
            return None
        sizes = (len(x) if isinstance(x, str) else len(x.actions) for x in self.items)
        return np.fromiter(sizes, np.int64, self.n_items)

    def pairs(self) -> Pairs:
        """Return every two items that were compared, with what was said of them.

        A ranking of k items gives k (k - 1) / 2 pairs, which are not independent of each other.
        """
        sizes = np.diff(self.starts)
        firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for size in np.unique(sizes):
            one, two = np.triu_indices(size, 1)
            begins = self.starts[:-1][sizes == size, None]
            firsts.append((begins + one).ravel())
            seconds.append((begins + two).ravel())
        first, second = np.concatenate(firsts), np.concatenate(seconds)
        comparison = np.searchsorted(self.starts, first, side="right") - 1
        order = np.argsort(comparison, kind="stable")
        first, second, comparison = first[order], second[order], comparison[order]
        preferred = (1 + np.sign(self.ranks[first] - self.ranks[second])) / 2
        who = None if self.annotators is None else self.annotators[comparison]
        return Pairs(self.members[first], self.members[second], preferred, comparison, who)

    def at(self, comparisons: ArrayLike) -> PreferenceDataset:
        """Return some of the comparisons, given as a mask or as positions, of the same items.

        Raises
        ------
        InputError
            If a mask has another length, or there is no comparison at a position.
        """
        rows = chosen_rows(comparisons, len(self))
        sizes = np.diff(self.starts)[rows]
        starts = np.append(0, np.cumsum(sizes))
        where = np.repeat(self.starts[rows] - starts[:-1], sizes) + np.arange(starts[-1])
        who = None if self.annotators is None else self.annotators[rows]
        return replace(
            self,
            members=self.members[where],
            ranks=self.ranks[where],
            starts=starts,
            annotators=who,
        )

    def split(
        self, share: float = 0.2, *, seed: int | np.random.Generator = 0, by: HeldOut = "comparison"
    ) -> PreferenceSplit:
        """Hold out a share of the comparisons.

        Parameters
        ----------
        share
            The share to hold out, between 0 and 1.
        seed
            Chooses them.
        by
            "comparison": all answers about the same items are held out together, so that no answer
            is predicted from another one's answer to the same question. "answer": each on its
            own. "item" or "group": a share of the items, or of the groups, is held out, and
            comparisons that join both sides are dropped. Items of one group and the same content
            are one item here.

        Examples
        --------
        >>> data = PreferenceDataset.from_pairs(["a", "b", "c"], [0, 0, 1], [1, 1, 2], [0, 1, 0])
        >>> train, held_out, _ = data.split(0.5)
        >>> len(train), len(held_out)
        (2, 1)
        """
        require_choice(by, ("comparison", "answer", "item", "group"), what="by")
        if not 0 < share < 1:
            raise InputError(f"share={share!r} is not between 0 and 1.")
        if by == "group" and self.groups is None:
            raise InputError("The items have no groups. Split by comparison or by item.")
        rng = as_generator(seed, "preferences", "split")
        # By what they show, since the same item may stand here twice.
        item = _codes(_contents(self), self.n_items)
        if by in ("answer", "comparison"):
            alike: Iterable[Hashable] = range(len(self))
            if by == "comparison":
                shown = np.split(item[self.members], self.starts[1:-1])
                alike = (frozenset(each.tolist()) for each in shown)
            codes = _codes(alike, len(self))
            held = _chosen(codes, share, rng)[codes]
            return PreferenceSplit(self.at(~held), self.at(held), 0)
        units = item if self.groups is None or by == "item" else _codes(self.groups, self.n_items)
        held_members = _chosen(units, share, rng)[units][self.members]
        count = np.add.reduceat(np.append(held_members, False).astype(np.int64), self.starts[:-1])
        inside, outside = count == np.diff(self.starts), count == 0
        return PreferenceSplit(self.at(outside), self.at(inside), int((~inside & ~outside).sum()))

    def __add__(self, other: PreferenceDataset) -> PreferenceDataset:
        """Return both datasets' comparisons; an item that both have is held once."""
        if not isinstance(other, PreferenceDataset):
            return NotImplemented
        if self.kind != other.kind:
            raise InputError(f"A dataset of {other.kind} cannot be added to one of {self.kind}.")
        widths = [each.items.shape[1] for each in (self, other) if each.kind == "rows"]  # type: ignore[union-attr]
        if len(set(widths)) > 1:
            raise InputError(
                f"Rows of {widths[1]} numbers cannot be added to rows of {widths[0]}: describe the "
                "items of both datasets alike."
            )
        place: dict[Hashable, int] = {key: at for at, key in enumerate(_identities(self))}
        keys = _identities(other)
        new = [key not in place for key in keys]
        for key in keys:
            place.setdefault(key, len(place))
        where = np.array([place[key] for key in keys], np.int64)
        added = np.flatnonzero(new)
        if isinstance(self.items, np.ndarray):
            items: Any = np.concatenate([self.items, other.items[added]])
        else:
            items = (*self.items, *(other.items[at] for at in added))
        return PreferenceDataset(
            items,
            np.concatenate([self.members, where[other.members]]),
            np.concatenate([self.ranks, other.ranks]),
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            _joined(self.annotators, other.annotators, len(self), np.arange(len(other))),
            _joined(self.groups, other.groups, self.n_items, added),
            self.order_known and other.order_known,
        )


def _given(items: Any) -> Any:
    return items if isinstance(items, np.ndarray) else tuple(items)


def _codes(keys: Iterable[Hashable], n: int) -> Ints:
    """Return the keys numbered in the order in which they first appear."""
    place: dict[Hashable, int] = {}
    return np.fromiter((place.setdefault(key, len(place)) for key in keys), np.int64, n)


def _chosen(codes: Ints, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which codes are held out: the share of them, but at least one on each side."""
    n = int(codes.max(initial=-1)) + 1
    if n < 2:
        raise InputError(f"There is {n} of what is to be split; at least 2 are needed.")
    held = np.zeros(n, bool)
    held[rng.permutation(n)[: min(max(round(share * n), 1), n - 1)]] = True
    return held


def _identities(dataset: PreferenceDataset) -> list[Hashable]:
    """Return a key for each item; the second item of the same content has another key."""
    seen: dict[Hashable, int] = {}
    keys: list[Hashable] = []
    for item, content in zip(dataset.items, _contents(dataset), strict=True):
        known = item.rewards is not None if isinstance(item, Trajectory) else False
        whole = content, item.rewards.tobytes() if known else None
        seen[whole] = seen.get(whole, -1) + 1
        keys.append((whole, seen[whole]))
    return keys


def _contents(dataset: PreferenceDataset) -> Iterator[Hashable]:
    """Yield what each item shows and what it belongs to: an answer to another prompt is another."""
    for at, item in enumerate(dataset.items):
        yield content_of(item), None if dataset.groups is None else dataset.groups[at]


def _joined(one: Names | None, two: Names | None, n: int, rows: NDArray[Any]) -> Names | None:
    if one is None and two is None:
        return None
    before = [""] * n if one is None else list(one)
    after = [""] * len(rows) if two is None else [two[at] for at in rows]
    return np.array([*before, *after], object)
