"""Finds the same work in two sources: by its DOI, by its preprint, by its title and year.

In this order, and only where nothing speaks against it: two works with different DOIs, or with one
title and year but other first authors (each journal has its "Editorial"), stay two. What is alike
but not sure, such as a preprint and its publication a year later, is said and kept.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from alignlab.study.literature.works import Work, citation_key, family, title_letters
from alignlab.wording import shortened

__all__ = ["Alike", "Duplicate", "Merged", "merged"]

By = Literal["DOI", "preprint", "title and year"]

SHORTEST_TITLE = 12
"""Letters below which a title says too little of whose it is, such as "Discussion"."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that is a work again.

    Attributes
    ----------
    key
        The work that is kept.
    title, source
        Of the record that is not kept beside it.
    by
        What the two have in common.
    gained
        Fields that the kept work had not and has from the record.
    """

    key: str
    title: str
    source: str
    by: By
    gained: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a line."""
        more = f"; it gained {', '.join(self.gained)}" if self.gained else ""
        title = shortened(self.title, 60)
        return f"{self.source}, {title!r}, is {self.key} again, by its {self.by}{more}."


@dataclass(frozen=True, slots=True)
class Alike:
    """Two works that may be one; both are kept.

    Attributes
    ----------
    first, second
        Their keys.
    why
        What is alike and what is not.
    """

    first: str
    second: str
    why: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.first} and {self.second} may be one work: {self.why}."


@dataclass(frozen=True, slots=True)
class Merged:
    """Works without their duplicates.

    Attributes
    ----------
    works
        Each once, with a key of its own, the known ones first.
    added
        The keys of those that were not known.
    renamed
        Keys that another work had already, and what they are called now.
    duplicates, alike
        What was found twice, and what may be.
    """

    works: tuple[Work, ...]
    added: tuple[str, ...]
    renamed: Mapping[str, str]
    duplicates: tuple[Duplicate, ...]
    alike: tuple[Alike, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as plain values; the works by their keys."""
        return {
            "works": [each.key for each in self.works],
            "added": list(self.added),
            "renamed": dict(self.renamed),
            "duplicates": [asdict(each) for each in self.duplicates],
            "alike": [asdict(each) for each in self.alike],
        }


def merged(known: Iterable[Work], new: Iterable[Work]) -> Merged:
    """Return works of several sources, each once.

    The first source is kept, and gains what it lacks, such as an abstract.

    Parameters
    ----------
    known
        Works whose keys stay.
    new
        Works of other sources, in order; one without a key, or with a key that another work has,
        is given one.

    Examples
    --------
    >>> one = Work(title="On the Calibration of Networks", authors=("Guo, C.",), year=2017,
    ...            source="a.ris:1")
    >>> two = Work(title="On the calibration of networks.", authors=("Guo, Chuan",), year=2017,
    ...            abstract="We show that …", source="b.ris:1")
    >>> found = merged([], [one, two])
    >>> print(found.duplicates[0])
    b.ris:1, 'On the calibration of networks.', is guo2017calibration again, by its title and year;
    it gained abstract.
    """
    held = _Held()
    renamed: dict[str, str] = {}
    duplicates: list[Duplicate] = []
    alike: list[Alike] = []
    added: list[str] = []
    for work in known:
        held.put(work)
    for work in new:
        match = held.same(work)
        if match is not None:
            key, by = match
            whole, gained = _joined(held.works[key], work)
            held.put(whole)
            duplicates.append(Duplicate(key, work.title, work.source, by, gained))
            continue
        key = citation_key(work, held.works)
        if work.key and key != work.key:
            renamed[work.key] = key
        alike += [Alike(other, key, why) for other, why in held.near(work)]
        held.put(replace(work, key=key))
        added.append(key)
    return Merged(
        tuple(held.works.values()), tuple(added), renamed, tuple(duplicates), tuple(alike)
    )


class _Held:
    """Works by their keys, and the keys by what tells a work."""

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.dois: dict[str, str] = {}
        self.eprints: dict[str, str] = {}
        self.titles: dict[str, list[str]] = {}

    def put(self, work: Work) -> None:
        key = work.key
        self.works[key] = work
        if work.doi:
            self.dois.setdefault(work.doi, key)
        if work.eprint:
            self.eprints.setdefault(work.eprint, key)
        titled = self.titles.setdefault(title_letters(work.title), [])
        if key not in titled:
            titled.append(key)

    def same(self, work: Work) -> tuple[str, By] | None:
        """Return the work that this is again, and by what."""
        if work.doi in self.dois:
            return self.dois[work.doi], "DOI"
        if work.eprint in self.eprints:
            other = self.works[self.eprints[work.eprint]]
            if not (work.doi and other.doi):
                return other.key, "preprint"
        for key in self.titles.get(title_letters(work.title), ()):
            if not _differ(self.works[key], work):
                return key, "title and year"
        return None

    def near(self, work: Work) -> list[tuple[str, str]]:
        """Return which works may be this one, and what speaks for it and against."""
        found = []
        if work.eprint in self.eprints:
            found.append((self.eprints[work.eprint], "one preprint, but different DOIs"))
        for key in self.titles.get(title_letters(work.title), ()):
            if len(title_letters(work.title)) >= SHORTEST_TITLE and key not in dict(found):
                found.append((key, f"one title, but {_differ(self.works[key], work)}"))
        return found


def _differ(one: Work, two: Work) -> str:
    """Return what speaks against two works of one title being the same; empty if nothing does."""
    if one.year is None or two.year is None or one.year != two.year:
        years = [str(each.year or "no year") for each in (one, two)]
        return f"{years[0]} and {years[1]}"
    if one.doi and two.doi and one.doi != two.doi:
        return "different DOIs"
    if one.eprint and two.eprint and one.eprint != two.eprint:
        return "different preprints"
    # One source writes "Guo, C.", another "C Guo": what is common are the words of the family name.
    names = [_words(each.authors[0]) for each in (one, two) if each.authors]
    if len(names) == 2 and all(names) and not names[0] & names[1]:
        return "other authors"
    if len(names) < 2 and len(title_letters(one.title)) < SHORTEST_TITLE:
        return "no authors to compare"
    return ""


def _words(name: str) -> set[str]:
    text = unicodedata.normalize("NFKD", (name if "," not in name else family(name)).casefold())
    plain = "".join(each for each in text if each.isalnum() or each in " -")
    # Of a name that was not taken apart, single letters are given names.
    return {word for word in plain.replace("-", " ").split() if len(word) > 1 or "," in name}


def _joined(kept: Work, other: Work) -> tuple[Work, tuple[str, ...]]:
    """Return a work with what it lacked and the other record has, and what that was."""
    fields = ("abstract", "doi", "eprint", "url", "year", "venue", "authors")
    gained = {
        name: getattr(other, name)
        for name in fields
        if not getattr(kept, name) and getattr(other, name)
    }
    if "venue" in gained and kept.kind != other.kind:
        del gained["venue"]
    return replace(kept, **gained), tuple(gained)
