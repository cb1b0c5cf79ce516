"""What the guide holds besides papers: books, organisations, venues, forums, a path, corrections.

Every entry says in `seen` where it was read ("memory" where it was not confirmed) and in `as_of`
when. What does not exist, or is about something else, stays recorded with its correction and is
not offered.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from alignlab.guide.reading import read_list

__all__ = [
    "Book",
    "Competition",
    "Correction",
    "Edition",
    "Forum",
    "Organisation",
    "Stage",
    "Step",
    "Venue",
    "books",
    "competitions",
    "corrections",
    "corrections_of",
    "forums",
    "organisations",
    "path",
    "venues",
    "workflow",
]


class _Entry:
    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain values, lists for tuples."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()  # type: ignore[call-overload]
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Book(_Entry):
    """A book.

    Attributes
    ----------
    key
        That of the work in the references, where it is offered.
    in_founding_text
        Whether the texts that alignlab was founded on name it.
    verdict
        Of a book that they name: whether it is real, in words.
    code
        What code it holds; empty where nobody looked.
    practise
        The topic that it teaches.
    exclude, instead
        Whether it is not offered, and the key of the book to read instead.
    seen, as_of
        Where this was read, and when.
    """

    key: str
    title: str
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    year: int | None = None
    publisher: str = ""
    isbn: str = ""
    isbn_other: str = ""
    doi: str = ""
    url: str = ""
    in_founding_text: bool
    verdict: str = ""
    code: str = ""
    practise: str = ""
    exclude: bool = False
    instead: str = ""
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation(_Entry):
    """An organisation that works, or worked, on alignment.

    Attributes
    ----------
    status
        "changed" is one that does something else than before, or under another name.
    focus, note
        What it works on, and what one must know of it.
    """

    key: str
    name: str
    kind: str
    place: str = ""
    founded: int | None = None
    closed: str = ""
    url: str = ""
    status: Literal["active", "changed", "dormant", "closed", "unconfirmed"]
    focus: str = ""
    note: str = ""
    in_founding_text: bool
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition of a conference."""

    number: int | None = None
    year: int
    place: str = ""
    dates: str = ""
    abstract_deadline: str = ""
    paper_deadline: str = ""

    def __str__(self) -> str:
        """Return the edition in a line.

        >>> print(Edition(year=2026, dates="June 2026", place="Montreal"))
        2026: June 2026, Montreal
        """
        deadline = f"papers by {self.paper_deadline}" if self.paper_deadline else ""
        return f"{self.year}: {', '.join(filter(None, (self.dates, self.place, deadline)))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue(_Entry):
    """A conference or a journal that prints work of this kind; `fit` says on what."""

    key: str
    name: str
    kind: Literal["conference", "journal"]
    url: str = ""
    publisher: str = ""
    edition: Edition | None = None
    fit: tuple[str, ...]
    note: str = ""
    in_founding_text: bool
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Competition(_Entry):
    """A prize, a challenge or a leaderboard."""

    key: str
    name: str
    status: Literal["active", "ended", "not found", "unconfirmed"]
    years: str = ""
    organisers: str = ""
    url: str = ""
    note: str = ""
    in_founding_text: bool
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forum(_Entry):
    """A place where the field talks; one that was not found has no address."""

    key: str
    name: str
    status: Literal["active", "not found"]
    url: str = ""
    is_forum: bool = True
    note: str = ""
    in_founding_text: bool
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(_Entry):
    """Something that the founding texts say, and what is true.

    Attributes
    ----------
    about
        Keys of the entries that it concerns.
    """

    kind: Literal["paper", "book", "place", "statement"]
    about: tuple[str, ...] = ()
    said: str
    truth: str
    seen: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(_Entry):
    """A step of the path.

    Attributes
    ----------
    read
        Keys of the references.
    see
        Parts of the guide, such as "venues".
    rooms, commands
        Where the package lets one practise.
    does
        What the package does for it.
    exercise, done_when
        What the learner does, and what the package checks by running.
    """

    step: int
    title: str
    read: tuple[str, ...]
    see: tuple[Literal["organisations", "venues", "competitions", "forums", "workflow"], ...] = ()
    rooms: tuple[str, ...]
    commands: tuple[str, ...]
    does: str
    exercise: str
    done_when: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(_Entry):
    """A step of writing a paper: what the study's folder holds of it, and what stops a build."""

    step: int
    title: str
    artefact: str
    tool: str
    check: str
    as_of: str


@cache
def books() -> tuple[Book, ...]:
    """Return every book, also those that are not offered.

    Examples
    --------
    >>> [book.key for book in books() if book.exclude]
    ['lemmons-alignment-matters', 'patil-drl-autonomous']
    """
    return read_list("books.yaml", "books", Book)


@cache
def organisations() -> tuple[Organisation, ...]:
    """Return every organisation.

    Examples
    --------
    >>> next(each.closed for each in organisations() if each.key == "fhi")
    '2024-04-16'
    """
    return read_list("organisations.yaml", "organisations", Organisation)


@cache
def venues() -> tuple[Venue, ...]:
    """Return every conference and journal.

    Examples
    --------
    >>> [each.key for each in venues() if "fairness" in each.fit]
    ['aies', 'facct']
    """
    return read_list("venues.yaml", "venues", Venue)


@cache
def competitions() -> tuple[Competition, ...]:
    """Return every prize and challenge, also those that ended or were not found."""
    return read_list("venues.yaml", "competitions", Competition)


@cache
def forums() -> tuple[Forum, ...]:
    """Return every forum, also those that were not found."""
    return read_list("forums.yaml", "forums", Forum)


@cache
def path() -> tuple[Step, ...]:
    """Return the ten steps to become an alignment researcher.

    Examples
    --------
    >>> path()[0].title
    'Learn the basics of machine learning'
    """
    return read_list("path.yaml", "path", Step)


@cache
def workflow() -> tuple[Stage, ...]:
    """Return the eight steps of writing a paper."""
    return read_list("workflow.yaml", "workflow", Stage)


@cache
def corrections() -> tuple[Correction, ...]:
    """Return what the founding texts say, and what is true instead."""
    return read_list("corrections.yaml", "corrections", Correction)


def corrections_of(key: str) -> tuple[Correction, ...]:
    """Return the corrections that concern an entry.

    Examples
    --------
    >>> print(corrections_of("doshivelez2017towards")[0].truth)
    Doshi-Velez and Kim put it on arXiv in 2017 (1702.08608).
    """
    return tuple(each for each in corrections() if key in each.about)
