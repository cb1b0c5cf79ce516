"""Whether the guide holds together, without a network: its keys, identifiers and links.

What breaks a promise is a fault: a key that nothing answers to, two entries for one work, an
identifier that cannot be one, an entry that does not say how it was verified, a link to what was
not found. What is merely not there yet, such as a DOI, is a gap.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from alignlab.guide.kinds import (
    Book,
    Correction,
    Step,
    books,
    competitions,
    corrections,
    forums,
    organisations,
    path,
    venues,
)
from alignlab.guide.latex import folded
from alignlab.guide.works import Reference, references

__all__ = ["Issue", "book_issues", "check", "correction_issues", "path_issues", "reference_issues"]

DOI = re.compile(r"10\.\d{4,9}/\S+")
ARXIV = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?")
KEY = re.compile(r"[a-z]+\d{4}[a-z]+")
ISBN = re.compile(r"97[89]\d{10}")


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that does not hold in the guide.

    Attributes
    ----------
    kind
        "fault": it must be mended. "gap": something that would be good to have.
    where
        The file and the key.
    what
        What is wrong, and what to do.
    """

    kind: Literal["fault", "gap"]
    where: str
    what: str

    def to_dict(self) -> dict[str, Any]:
        """Return the issue as plain values."""
        return asdict(self)


def check() -> tuple[Issue, ...]:
    """Return what does not hold in the guide, faults first; no network is used.

    Returns
    -------
    tuple of Issue
        Without a fault in a release: the tests see to that.

    Examples
    --------
    >>> [issue for issue in check() if issue.kind == "fault"]
    []
    """
    works = references()
    found = [
        *reference_issues(works),
        *book_issues(books(), works),
        *path_issues(path(), works, excluded=[book.key for book in books() if book.exclude]),
        *correction_issues(corrections(), works, _other_keys()),
        *_place_issues(),
    ]
    return tuple(sorted(found, key=lambda issue: issue.kind != "fault"))


def reference_issues(works: Mapping[str, Reference]) -> Iterator[Issue]:
    """Yield what does not hold among references.

    Parameters
    ----------
    works
        By key, as `parse_bibtex` returns them.
    """
    for key, work in works.items():
        where = f"references.bib: {key}"
        for what in _work_faults(work):
            yield Issue("fault", where, what)
        if not work.link:
            yield Issue("gap", where, "it has no DOI, arXiv number or address")
        if work.verified == "memory":
            yield Issue("gap", where, "it was written from memory and is not confirmed")
    for name in ("doi", "eprint", "title"):
        values = {key: folded(getattr(work, name)) for key, work in works.items()}
        counts = Counter(values.values())
        for value, count in counts.items():
            if value and count > 1:
                keys = [key for key, each in values.items() if each == value]
                where = f"references.bib: {keys[0]}"
                yield Issue("fault", where, f"it has the same {name} as {', '.join(keys[1:])}")


def book_issues(held: Sequence[Book], works: Mapping[str, Reference]) -> Iterator[Issue]:
    """Yield what does not hold among books: what is offered can be cited, what is excluded not."""
    yield from _repeated("books.yaml", held)
    keys = {book.key for book in held}
    for book in held:
        where = f"books.yaml: {book.key}"
        if not book.exclude and book.key not in works:
            yield Issue("fault", where, "references.bib has no such key, so it cannot be cited")
        if book.exclude and book.key in works:
            yield Issue("fault", where, "it is excluded, and references.bib offers it")
        if book.instead and book.instead not in keys:
            yield Issue("fault", where, f"{book.instead!r}, to read instead, is no book here")
        if book.url and not _is_address(book.url):
            yield Issue("fault", where, f"{book.url!r} is no address")
        if book.isbn and not (ISBN.fullmatch(book.isbn) and _isbn_holds(book.isbn)):
            yield Issue("fault", where, f"{book.isbn!r} is no ISBN: its check digit is another")


def path_issues(
    steps: Sequence[Step], works: Mapping[str, Reference], *, excluded: Iterable[str] = ()
) -> Iterator[Issue]:
    """Yield what does not hold on the path: its numbers, and the keys of its readings."""
    if [step.step for step in steps] != list(range(1, len(steps) + 1)):
        yield Issue("fault", "path.yaml", "the steps are not numbered 1, 2, 3 …")
    for step in steps:
        for key in step.read:
            if key in set(excluded) or key not in works:
                where = f"path.yaml: step {step.step}"
                yield Issue("fault", where, f"references.bib has no {key!r} to read")


def correction_issues(
    held: Sequence[Correction], works: Mapping[str, Reference], others: Iterable[str]
) -> Iterator[Issue]:
    """Yield corrections of entries that are not there."""
    known = {*works, *others}
    for number, each in enumerate(held, start=1):
        for key in each.about:
            if key not in known:
                where = f"corrections.yaml: entry {number}"
                yield Issue("fault", where, f"nothing has the key {key!r}, which it is about")


def _work_faults(work: Reference) -> Iterator[str]:
    if not KEY.fullmatch(work.key):
        yield "the key is not a family name, a year and a word, such as guo2017calibration"
    if not work.authors and not work.fields.get("editor"):
        yield "it has no author and no editor"
    if work.year is None or not 1600 < work.year < 2100:
        yield f"its year, {work.year}, is none of the printed ages"
    if not work.verified:
        yield "it does not say how it was verified: verified = {doi}, {eprint} … or {memory}"
    if not work.as_of:
        yield "the file does not say when it was verified: % as_of: 2026-11-22 in its head"
    if not work.topics:
        yield "none of its keywords is a topic of the guide"
    if work.doi and not DOI.fullmatch(work.doi):
        yield f"{work.doi!r} is no DOI"
    if work.eprint and not ARXIV.fullmatch(work.eprint):
        yield f"{work.eprint!r} is no arXiv number"
    if work.url and not _is_address(work.url):
        yield f"{work.url!r} is no address"


def _place_issues() -> Iterator[Issue]:
    lists: dict[str, Sequence[Any]] = {
        "organisations.yaml": organisations(),
        "venues.yaml": (*venues(), *competitions()),
        "forums.yaml": forums(),
    }
    for file, entries in lists.items():
        yield from _repeated(file, entries)
        for entry in entries:
            where = f"{file}: {entry.key}"
            if entry.url and not _is_address(entry.url):
                yield Issue("fault", where, f"{entry.url!r} is no address")
            if entry.url and getattr(entry, "status", "") == "not found":
                yield Issue("fault", where, "it was not found, and has a link all the same")
            if getattr(entry, "status", "") == "closed" and not entry.closed:
                yield Issue("fault", where, "it is closed, and does not say since when")
            if entry.seen == "memory":
                yield Issue("gap", where, "it was written from memory and is not confirmed")


def _repeated(file: str, entries: Sequence[Any]) -> Iterator[Issue]:
    for key, count in Counter(entry.key for entry in entries).items():
        if count > 1:
            yield Issue("fault", f"{file}: {key}", "the key stands twice")


def _other_keys() -> Iterator[str]:
    for entries in (books(), organisations(), venues(), competitions(), forums()):
        yield from (entry.key for entry in entries)


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and "." in parts.netloc and not re.search(r"\s", url)


def _isbn_holds(isbn: str) -> bool:
    """Return whether the digits weighted 1, 3, 1, 3 … sum to a multiple of ten."""
    return sum(int(digit) * (1 + 2 * (at % 2)) for at, digit in enumerate(isbn)) % 10 == 0
