"""Works from BibTeX and to BibTeX, by the guide's own reader and writer, and back without loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from alignlab.guide import Reference, parse_bibtex
from alignlab.guide.bibtex import bibtex_entry
from alignlab.study.literature.works import Work, doi_of, eprint_of

__all__ = ["as_bibtex", "works_of_bibtex"]

HOMES = {
    "article": "journal",
    "inproceedings": "booktitle",
    "incollection": "booktitle",
    "book": "publisher",
    "phdthesis": "school",
    "techreport": "institution",
}
"""Where BibTeX keeps the venue of a kind; elsewhere it is how the work was published."""

READ = frozenset(
    (
        "author", "title", "year", "date", "abstract", "doi", "eprint", "url", "archiveprefix",
        "eprinttype",
    )
)  # fmt: skip
"""Fields that a work has in a place of its own; all others are kept as they are."""


def works_of_bibtex(text: str, *, name: str = "text") -> list[Work]:
    """Return the works of a BibTeX file.

    Parameters
    ----------
    text
        The file's content.
    name
        What messages call the file.

    Raises
    ------
    InputError
        If an entry is malformed or has no title; the message names the file and the line.

    Examples
    --------
    >>> (work,) = works_of_bibtex("@misc{a2020b, title = {T}, author = {A, B.}, year = 2020}")
    >>> print(work.key, "|", work)
    a2020b | A (2020). T.
    """
    lines = _lines(text)
    return [
        _work(each, f"{name}:{lines.get(key, 1)}")
        for key, each in parse_bibtex(text.removeprefix("\ufeff"), name=name).items()
    ]


def as_bibtex(works: Iterable[Work]) -> str:
    r"""Return works as BibTeX that reads back as the same works.

    Examples
    --------
    >>> print(as_bibtex([Work(key="a2020b", title="On R & D", authors=("Fair Lab Inc",))]))
    @misc{a2020b,
      author = {{Fair Lab Inc}},
      title = {{On R \& D}}
    }
    <BLANKLINE>
    """
    return "\n".join(f"{bibtex_entry(each.kind, each.key, _fields(each))}\n" for each in works)


def _work(reference: Reference, source: str) -> Work:
    fields = reference.fields
    home = HOMES.get(reference.kind, "howpublished")
    venue = reference.venue
    # The field that holds the venue is written by its kind; one in another place is kept there.
    kept = {name: value for name, value in fields.items() if name not in READ and value}
    if kept.get(home) == venue:
        del kept[home]
    else:
        venue = ""
    eprint = eprint_of(reference.eprint) or eprint_of(fields.get("doi", ""))
    if not eprint and fields.get("eprint"):
        kept |= {
            name: fields[name]
            for name in ("eprint", "archiveprefix", "eprinttype")
            if fields.get(name)
        }
    return Work(
        key=reference.key,
        kind=reference.kind,
        title=reference.title,
        authors=reference.authors,
        year=reference.year,
        venue=venue,
        abstract=fields.get("abstract", ""),
        doi=doi_of(fields.get("doi", "")) or doi_of(reference.url),
        eprint=eprint or eprint_of(reference.url),
        url=reference.url,
        more=kept,
        source=source,
    )


def _fields(work: Work) -> Mapping[str, str]:
    fields = {
        "author": " and ".join(_person(name) for name in work.authors),
        "title": work.title,
        HOMES.get(work.kind, "howpublished"): work.venue,
        "year": "" if work.year is None else str(work.year),
        "doi": work.doi,
        "eprint": work.eprint,
        "archiveprefix": "arXiv" if work.eprint else "",
        "url": work.url,
        **work.more,
        "abstract": work.abstract,
    }
    return {name: value for name, value in fields.items() if value}


def _person(name: str) -> str:
    """Return a name as BibTeX takes it: an institution, and a word "and", in braces."""
    whole = "," not in name and " " in name
    return f"{{{name}}}" if whole or re.search(r"\band\b", name, re.IGNORECASE) else name


def _lines(text: str) -> dict[str, int]:
    """Return the line on which each key's entry begins."""
    lines: dict[str, int] = {}
    at, line = 0, 1
    for found in re.finditer(r"@\s*\w+\s*[{(]\s*([^\s,{}()]+)", text):
        line += text.count("\n", at, found.start())
        at = found.start()
        lines.setdefault(found[1], line)
    return lines
