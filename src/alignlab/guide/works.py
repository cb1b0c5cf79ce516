"""The works that the field stands on and alignlab's methods are taken from: `data/references.bib`.

A citation in the source is a work's key in brackets, such as `[guo2017calibration, eq. 3]`. Each
entry says in `verified` which of its parts were seen in an independent copy; the head of the file
says when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from alignlab.errors import InputError
from alignlab.guide.bibtex import Entry, read_entries
from alignlab.guide.people import OTHERS, person, split_people

__all__ = ["TOPICS", "Reference", "bundled_text", "parse_bibtex", "references"]

TOPICS: Mapping[str, tuple[str, ...]] = {
    "foundations": ("foundations",),
    "values": ("values", "value-alignment"),
    "robustness": ("robustness",),
    "uncertainty": ("uncertainty",),
    "transparency": ("transparency",),
    "fairness": ("fairness",),
    "oversight": ("oversight", "human-ai"),
    "assurance": ("assurance", "audit", "evaluation", "datasets"),
    "research": ("research", "methods", "statistics"),
}
"""The subjects of the guide, and the keywords of the file that mean each of them."""

VENUES = ("journal", "booktitle", "publisher", "institution", "school", "howpublished")


@dataclass(frozen=True, slots=True)
class Reference:
    """One work that the field stands on.

    Attributes
    ----------
    key
        What a citation names, such as "guo2017calibration".
    authors
        Their names as "Family, Given", in the order of the title page; empty for an edited book.
    title
        The title, without markup.
    year
        The year of publication; `None` where there is none.
    venue
        The journal, the proceedings, the publisher or the institution; empty if there is none.
    doi, eprint, url
        Where to find it; empty where there is none.
    keywords
        The subjects that it is filed under.
    kind
        Of a BibTeX entry: "article", "inproceedings", "book" …
    verified
        Which of its parts were seen in an independent copy; "memory" if none was.
    as_of
        The day on which that was last said of it, as "2026-11-22"; empty where nobody did.
    fields
        All fields of the entry, as plain text, by name in lower case. Not compared.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    year: int | None
    venue: str = ""
    doi: str = ""
    eprint: str = ""
    url: str = ""
    keywords: tuple[str, ...] = ()
    kind: str = "article"
    verified: str = ""
    as_of: str = ""
    fields: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), compare=False, repr=False
    )

    @property
    def link(self) -> str:
        """The address of the work: by its DOI, else its preprint, else as given."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://arxiv.org/abs/{self.eprint}" if self.eprint else self.url

    @property
    def topics(self) -> tuple[str, ...]:
        """The guide's subjects among its keywords, in the guide's order."""
        return tuple(
            topic for topic, words in TOPICS.items() if not set(words).isdisjoint(self.keywords)
        )

    @property
    def by(self) -> str:
        """The authors as a reader's list has them: one, two, or the first "et al."."""
        names = self.authors or split_people(self.fields.get("editor", ""))
        families = [person(name).family for name in names]
        if not families:
            return ""
        if len(families) > 2 or families[-1] == OTHERS:
            return f"{families[0]} et al."
        return " & ".join(families)

    def __str__(self) -> str:
        """Return the work as a line of a reference list.

        >>> print(references()["clopper1934use"])  # doctest: +ELLIPSIS
        Clopper & Pearson (1934). The Use of Confidence or Fiducial Limits ...
        """
        where = f" {self.venue}." if self.venue else ""
        names = f"{self.by} " if self.by else ""
        stop = "" if self.title.endswith(("?", "!", ".")) else "."
        return f"{names}({self.year or 'n.d.'}). {self.title}{stop}{where}"

    def to_dict(self) -> dict[str, Any]:
        """Return the work as plain values."""
        return {
            "key": self.key,
            "kind": self.kind,
            "authors": list(self.authors),
            "title": self.title,
            "year": self.year,
            "venue": self.venue,
            "link": self.link,
            "topics": list(self.topics),
            "verified": self.verified,
            "as_of": self.as_of,
            "fields": dict(self.fields),
        }


@cache
def references() -> Mapping[str, Reference]:
    """Return every reference by its key, in the order of the file.

    Examples
    --------
    >>> references()["guo2017calibration"].year
    2017
    """
    return MappingProxyType(parse_bibtex(bundled_text("references.bib"), name="references.bib"))


def bundled_text(name: str) -> str:
    """Return the text of a file of the guide's data."""
    return files("alignlab.guide").joinpath(f"data/{name}").read_text(encoding="utf-8")


def parse_bibtex(text: str, *, name: str = "BibTeX") -> dict[str, Reference]:
    r"""Return the entries of a BibTeX file by key.

    Parameters
    ----------
    text
        Its content. A comment `as_of: 2026-11-22` before the entries dates what they say of
        themselves.
    name
        The file, as an error names it.

    Raises
    ------
    InputError
        If the text cannot be read, a key stands twice, an entry has no title, or its year is none:
        "name:line: what is wrong".

    Examples
    --------
    >>> entry = r"@book{a2020b, author = {Dud{\'i}k, M. and Li, K.}, title = {T}, year = {2020}}"
    >>> parse_bibtex(entry)["a2020b"].authors
    ('Dudík, M.', 'Li, K.')
    """
    dated = re.search(r"as_of:\s*(\d{4}-\d{2}-\d{2})", text.partition("@")[0])
    as_of = dated[1] if dated else ""
    return {entry.key: _reference(entry, name, as_of) for entry in read_entries(text, name=name)}


def _reference(entry: Entry, name: str, as_of: str) -> Reference:
    fields = entry.fields
    if not fields.get("title"):
        raise InputError(
            f"{name}:{entry.line}: the reference {entry.key!r} has no title. Add the field."
        )
    year = fields.get("year") or fields.get("date", "")[:4]
    if year and not re.fullmatch(r"\d{4}", year):
        raise InputError(
            f"{name}:{entry.line}: the year of {entry.key!r}, {year!r}, is not four digits. "
            "Leave the field out if the work has no date."
        )
    keywords = re.split(r"[,;]", fields.get("keywords", ""))
    return Reference(
        key=entry.key,
        authors=split_people(fields.get("author", "")),
        title=fields["title"],
        year=int(year) if year else None,
        venue=next((fields[each] for each in VENUES if fields.get(each)), ""),
        doi=re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", fields.get("doi", ""), flags=re.I),
        eprint=fields.get("eprint", "") if _on_arxiv(fields) else "",
        url=fields.get("url", ""),
        keywords=tuple(word.strip() for word in keywords if word.strip()),
        kind=entry.kind,
        verified=fields.get("verified", ""),
        as_of=as_of,
        fields=MappingProxyType(dict(fields)),
    )


def _on_arxiv(fields: Mapping[str, str]) -> bool:
    """Return whether a preprint's number is one of arXiv, as it is unless the entry says other."""
    archive = fields.get("archiveprefix") or fields.get("eprinttype") or "arXiv"
    return archive.lower() == "arxiv"
