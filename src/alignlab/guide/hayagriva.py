"""Works in Hayagriva's YAML, which Typst reads: one mapping a work, its journal or book as parent.

Typst takes BibTeX, too, but drops some of its fields and stops at others. Titles stand in braces,
or its styles would make `Iphone` of `iPhone`. Every text is quoted as JSON quotes it, which is YAML
as well, so that no DOI, page or title can mean anything else. What Typst 0.15 prints badly is said
in another way: papers of proceedings are chapters (else "(2004,)"), preprints and talks reports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from alignlab.guide.people import person, split_people
from alignlab.guide.works import Reference

__all__ = ["hayagriva_yaml"]

KINDS = {
    "article": ("article", "periodical"),
    "inproceedings": ("chapter", "anthology"),
    "conference": ("chapter", "anthology"),
    "incollection": ("chapter", "anthology"),
    "inbook": ("chapter", "book"),
    "book": ("book", ""),
    "proceedings": ("proceedings", ""),
    "techreport": ("report", ""),
    "phdthesis": ("thesis", ""),
    "mastersthesis": ("thesis", ""),
}
"""The type of a work, and of what it stands in."""

GENRES = {"phdthesis": "Doctoral dissertation", "mastersthesis": "Master's thesis"}


def hayagriva_yaml(works: Iterable[Reference]) -> str:
    """Return works as a bibliography for Typst.

    Parameters
    ----------
    works
        Each key becomes a label, cited as `@key`.

    Returns
    -------
    str
        YAML that ends with a newline; the same works give the same text.

    Examples
    --------
    >>> from alignlab.guide import references
    >>> print(hayagriva_yaml([references()["holm1979simple"]]), end="")
    holm1979simple:
      type: article
      title: "{A Simple Sequentially Rejective Multiple Test Procedure}"
      author: ["Holm, Sture"]
      date: 1979
      page-range: "65-70"
      url: "https://www.jstor.org/stable/4615733"
      parent:
        type: periodical
        title: "{Scandinavian Journal of Statistics}"
        volume: 6
        issue: 2
    """
    return "".join(f"{_key(work.key)}:\n{_written(_work(work), '  ')}" for work in works)


def _work(work: Reference) -> dict[str, Any]:
    fields = work.fields
    kind, parent = _kind(work)
    editors = _people(split_people(fields.get("editor", "")))
    made: dict[str, Any] = {
        "type": _Bare(kind),
        "title": _verbatim(work.title),
        "author": _people(work.authors),
        "editor": [] if parent else editors,
        "date": _Bare(str(work.year)) if work.year else "",
        "edition": _number(fields.get("edition", "")),
        "genre": GENRES.get(work.kind, ""),
        "publisher": "" if parent else _publisher(work),
        "page-range": _pages(fields.get("pages", "")),
        "serial-number": _numbers(work),
        "url": work.url or (work.link if work.eprint and not work.doi else ""),
    }
    if parent:
        made["parent"] = {
            "type": _Bare(parent),
            "title": _verbatim(work.venue),
            "editor": editors,
            "volume": _number(fields.get("volume", "")),
            "issue": _number(fields.get("number", "")),
            "publisher": _escaped(fields.get("publisher", "")),
        }
    else:
        made["volume"] = _number(fields.get("volume", ""))
    return {name: value for name, value in made.items() if value not in ("", [], {})}


def _kind(work: Reference) -> tuple[str, str]:
    """Return the type of a work and of its parent; a preprint is a report that arXiv publishes."""
    kind, parent = KINDS.get(work.kind, ("report", ""))
    if work.eprint and (parent == "" or work.venue in ("", "arXiv")) and kind != "book":
        return "report", ""
    return kind, parent if work.venue else ""


def _publisher(work: Reference) -> str:
    named = ("publisher", "institution", "school", "howpublished")
    found = next((work.fields[name] for name in named if work.fields.get(name)), "")
    return _escaped(found) or ("arXiv" if work.eprint else "")


def _numbers(work: Reference) -> dict[str, str]:
    found = {"doi": work.doi, "arxiv": work.eprint}
    if _kind(work)[0] == "report":
        preprint = f"arXiv:{work.eprint}" if work.eprint else ""
        found["serial"] = work.fields.get("number", "") or preprint
    return {name: value for name, value in found.items() if value}


class _Bare(str):
    """Text that YAML takes as it stands."""


def _number(text: str) -> str:
    """Return a number as one, and what is none as text."""
    return _Bare(text) if re.fullmatch(r"0|[1-9]\d*", text) else text


def _pages(text: str) -> str:
    return re.sub(r"\s*[–—-]+\s*", "-", text)


def _people(names: Iterable[str]) -> list[Any]:
    """Return people; by their parts where Typst would part the name, as it does institutions'."""
    found: list[Any] = []
    for name in names:
        who = person(name)
        if who.suffix or not who.given:
            parts = {"name": who.family, "given-name": who.given, "suffix": who.suffix}
            found.append({part: value for part, value in parts.items() if value})
        else:
            found.append(name)
    return found


def _verbatim(title: str) -> str:
    """Return a title in the braces that keep styles from its capitals."""
    return f"{{{_escaped(title)}}}" if title else ""


def _escaped(text: str) -> str:
    """Return a text whose braces and dollar signs mean themselves."""
    return re.sub(r"([\\{}$])", r"\\\1", text)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z][\w-]*", key) else json.dumps(key, ensure_ascii=False)


def _written(mapping: dict[str, Any], indent: str) -> str:
    lines = []
    for name, value in mapping.items():
        if name in ("parent", "serial-number") and isinstance(value, dict):
            lines.append(
                f"{indent}{name}:\n{_written({k: v for k, v in value.items() if v}, indent + '  ')}"
            )
        else:
            text = value if isinstance(value, _Bare) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{indent}{name}: {text}\n")
    return "".join(lines)
