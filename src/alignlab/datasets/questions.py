"""Questions to a teacher and its answers: which of two behaviours is better, asked now, told later.

A teacher is asked and leaves; its answers are collected whenever they are there, all, some or none.
A program, a person with a text file and a person behind a browser are therefore the same to a
training run. A question is known by what it shows: whoever is asked again, after a run was stopped,
knows it by its id and is not asked twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from alignlab.datasets.preference_checks import content_of
from alignlab.datasets.preferences import PreferenceDataset
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, nearest

__all__ = ["Answer", "Query", "Teacher", "preference_dataset"]

WORDS: Mapping[str, float | None] = {"first": 0.0, "second": 1.0, "tie": 0.5, "skip": None}


@dataclass(frozen=True, eq=False, slots=True)
class Query:
    """Two segments of behaviour, of which a teacher says which is better.

    Attributes
    ----------
    number
        Its place in the run, from 0.
    first, second
        The segments, in the order in which they are shown.
    asked
        When it was asked (ISO 8601), or "".
    id
        The number and a digest of what is shown, such as "0012-9f2c41d07a3b". It never says who
        asked or when, so the same run asks under the same names.

    Examples
    --------
    >>> walk = Trajectory([0, 1], [0], ended=True)
    >>> Query(3, walk, walk).id
    '0003-48929199ba85'
    """

    number: int
    first: Trajectory
    second: Trajectory
    asked: str = ""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256()
        for segment in (self.first, self.second):
            for array in (segment.states, segment.actions, np.array([segment.ended])):
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        object.__setattr__(self, "id", f"{self.number:04d}-{digest.hexdigest()[:12]}")

    def __repr__(self) -> str:
        """Return the id and what is compared."""
        return f"<Query {self.id}: {self.first!r} or {self.second!r}>"

    def to_dict(self, *, rewards: bool = True) -> dict[str, Any]:
        """Return the query as plain values; without `rewards` the true ones are left out."""
        segments = {"first": self.first.to_dict(), "second": self.second.to_dict()}
        if not rewards:
            for segment in segments.values():
                segment.pop("rewards", None)
        return {"id": self.id, "number": self.number, "asked": self.asked, **segments}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Query:
        """Return a query from what `to_dict` gave; it must still be what its id says.

        Raises
        ------
        InputError
            If something is missing or what is shown is not what was asked.
        """
        try:
            one, two = (
                Trajectory(
                    np.asarray(each["states"]),
                    np.asarray(each["actions"]),
                    each.get("rewards"),
                    each["ended"],
                )
                for each in (given["first"], given["second"])
            )
            query = cls(int(given["number"]), one, two, str(given["asked"]))
            told = given["id"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"This is not a query: {type(error).__name__}, {error}.") from error
        if query.id != told:
            raise InputError(
                f"The query {told} does not hold what was asked: its content is {query.id}. "
                "Restore the file; what people were shown must not change."
            )
        return query


@dataclass(frozen=True, slots=True)
class Answer:
    """What a teacher said.

    Attributes
    ----------
    id
        The query's.
    preferred
        0 for the first segment, 1 for the second, 0.5 for a tie; `None` if the teacher would not
        or could not say.
    annotator
        Who said it.

    Raises
    ------
    InputError
        If `preferred` is something else.

    Examples
    --------
    >>> Answer("0003-48929199ba85", 1, "ana").preferred
    1.0
    """

    id: str
    preferred: float | None
    annotator: str = ""

    def __post_init__(self) -> None:
        if self.preferred is None:
            return
        if isinstance(self.preferred, bool) or self.preferred not in (0, 0.5, 1):
            raise InputError(
                f"preferred={self.preferred!r} in the answer to {self.id}: give 0 for the first "
                "segment, 1 for the second, 0.5 for a tie, or None."
            )
        object.__setattr__(self, "preferred", float(self.preferred))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values: "first", "second", "tie" or "skip"."""
        word = next(word for word, value in WORDS.items() if value == self.preferred)
        return {"id": self.id, "preferred": word, "annotator": self.annotator}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Answer:
        """Return an answer from what `to_dict` gave; numbers are understood beside the words.

        Raises
        ------
        InputError
            If it names no query or its word is not known.
        """
        if not isinstance(given, Mapping) or not isinstance(given.get("id"), str):
            raise InputError('An answer names its query: {"id": "0003-…", "preferred": "first"}.')
        if "preferred" not in given:
            raise InputError(f'The answer to {given["id"]} has no "preferred".')
        said = given["preferred"]
        if isinstance(said, str):
            if said not in WORDS:
                raise InputError(
                    f"preferred={said!r} in the answer to {given['id']} is not one of "
                    f"{', '.join(map(repr, WORDS))}.{nearest(said, WORDS)}"
                )
            said = WORDS[said]
        name = given.get("annotator")
        return cls(given["id"], said, "" if name is None else str(name))


class Teacher(Protocol):
    """Whoever says which behaviour is better: a program, a file or a person behind a browser."""

    def ask(self, queries: Sequence[Query]) -> None:
        """Take the queries; return at once.

        A run that is resumed asks all queries of its round again. A teacher that was told of them
        before knows them by their ids and does not ask a person twice.
        """

    def collect(self) -> Sequence[Answer]:
        """Return the answers that have come in: all, some or none.

        An answer that was returned before may be returned again; the first one to a query stands.
        """


def preference_dataset(queries: Sequence[Query], answers: Iterable[Answer]) -> PreferenceDataset:
    """Return what was answered as a dataset; skipped questions and open ones are left out.

    A segment that was shown several times is one item, and a question of a segment beside its like
    is left out: an answer to it says nothing of what is preferred.

    Parameters
    ----------
    queries
        What was asked; each has two segments, and the dataset has them in this order.
    answers
        What was said. The first answer to a query stands.

    Raises
    ------
    InputError
        If an answer is to no query here, or there is nothing to learn from.

    Examples
    --------
    >>> short, long = Trajectory([0, 1], [0], ended=True), Trajectory([0, 0, 0], [1, 1])
    >>> query = Query(0, short, long)
    >>> preference_dataset([query], [Answer(query.id, 1, "ana")])
    <PreferenceDataset; comparisons: 1, trajectories: 2, annotators: 1>
    """
    said: dict[str, Answer] = {}
    for answer in answers:
        said.setdefault(answer.id, answer)
    unknown = said.keys() - {query.id for query in queries}
    if unknown:
        raise InputError(
            f"The answer to {min(unknown)} is to no query of this run.{_near(unknown, queries)}"
        )
    told = [
        (query, found.preferred, found.annotator)
        for query in queries
        if (found := said.get(query.id)) is not None
        and found.preferred is not None
        and content_of(query.first) != content_of(query.second)
    ]
    if not told:
        raise InputError("No question was answered: there is nothing to learn a reward from.")
    items: list[Trajectory] = []
    place: dict[Hashable, int] = {}
    for query, *_ in told:
        for segment in (query.first, query.second):
            if place.setdefault(content_of(segment), len(items)) == len(items):
                items.append(segment)
    return PreferenceDataset.from_pairs(
        items,
        [place[content_of(query.first)] for query, *_ in told],
        [place[content_of(query.second)] for query, *_ in told],
        [preferred for _, preferred, _ in told],
        annotators=[annotator for *_, annotator in told],
    )


def _near(unknown: Iterable[str], queries: Sequence[Query]) -> str:
    return nearest(min(unknown), [query.id for query in queries])
