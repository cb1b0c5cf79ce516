"""Reads CSL-JSON, the list of items that Zotero, Crossref and pandoc exchange.

The list is read item by item, so that a message can name the line on which an item begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from alignlab.errors import InputError
from alignlab.study.literature.works import KEY, Work, clean, doi_of, eprint_of

__all__ = ["parse_csl"]

KINDS = {
    "article-journal": "article",
    "article-magazine": "article",
    "article-newspaper": "article",
    "paper-conference": "inproceedings",
    "book": "book",
    "chapter": "incollection",
    "thesis": "phdthesis",
    "report": "techreport",
}
FIELDS = {
    "volume": "volume",
    "issue": "number",
    "page": "pages",
    "publisher": "publisher",
    "keyword": "keywords",
    "ISSN": "issn",
    "ISBN": "isbn",
    "edition": "edition",
    "language": "language",
}
SPACE = re.compile(r"[\s,]*")


def parse_csl(text: str, *, name: str = "text") -> list[Work]:
    """Return the items of a CSL-JSON file.

    Parameters
    ----------
    text
        The file's content: a list of items, one item, or a mapping whose "items" are the list.
    name
        What messages call the file.

    Raises
    ------
    InputError
        If it is no JSON, or an item has no title; the message names the file and the line.

    Examples
    --------
    >>> item = {"type": "article-journal", "title": "On Calibration",
    ...         "author": [{"family": "Guo", "given": "Chuan"}],
    ...         "issued": {"date-parts": [[2017, 8]]}}
    >>> print(parse_csl(json.dumps([item]))[0])
    Guo (2017). On Calibration.
    """
    works = [_work(item, f"{name}:{line}") for line, item in _items(text, name)]
    if not works:
        raise InputError(f"{name}:1: the list of items is empty.")
    return works


def _items(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield each item with the line on which it begins."""
    text = text.removeprefix("\ufeff")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}: this is not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise InputError(f"{name}:1: this is nested too deeply for CSL-JSON.") from error
    if isinstance(whole, dict) and isinstance(whole.get("items"), list):
        yield from ((1, item) for item in whole["items"])
        return
    if isinstance(whole, dict):
        yield 1, whole
        return
    if not isinstance(whole, list):
        raise InputError(f"{name}:1: CSL-JSON is a list of items, and this is {whole!r:.40}.")
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    for _ in whole:
        space = SPACE.match(text, at)
        at = space.end() if space else at
        line = text.count("\n", 0, at) + 1
        item, at = decoder.raw_decode(text, at)
        yield line, item


def _work(item: Any, source: str) -> Work:
    if not isinstance(item, Mapping):
        raise InputError(f"{source}: an item is a mapping of fields, and this is {item!r:.40}.")
    title = _text(item.get("title"))
    if not title:
        raise InputError(f'{source}: this item has no title. Add "title".')
    identifiers = [
        _text(item.get(key)) for key in ("DOI", "URL", "number", "archive_location", "note")
    ]
    given = item.get("id", "")
    key = given if isinstance(given, str) and KEY.fullmatch(given) and "/" not in given else ""
    venue = _text(item.get("container-title")) or _text(item.get("publisher"))
    more = {field: _text(item.get(name)) for name, field in FIELDS.items()}
    more["pages"] = re.sub(r"(?<=\d)-(?=\d)", "–", more["pages"])
    if more["publisher"] == venue:
        del more["publisher"]
    return Work(
        key=key,
        kind=KINDS.get(str(item.get("type", "")), "misc"),
        title=title,
        authors=tuple(name for each in _list(item.get("author")) if (name := _author(each))),
        year=_year(item.get("issued")),
        venue=venue,
        abstract=_text(item.get("abstract")),
        doi=doi_of(identifiers[0]) or doi_of(identifiers[1]),
        eprint=next((found for each in identifiers if (found := eprint_of(each))), ""),
        url=identifiers[1],
        more={field: value for field, value in more.items() if value},
        source=source,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Return a field as text; Crossref writes lists of one."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return clean(str(value)) if isinstance(value, str | int | float) else ""


def _author(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    whole = _text(value.get("literal")) or _text(value.get("name"))
    if whole:
        return whole
    particle = _text(value.get("non-dropping-particle")) or _text(value.get("dropping-particle"))
    last = " ".join(part for part in (particle, _text(value.get("family"))) if part)
    parts = (last, _text(value.get("suffix")), _text(value.get("given")))
    return ", ".join(part for part in parts if part)


def _year(issued: Any) -> int | None:
    if not isinstance(issued, Mapping):
        return None
    parts = _list(issued.get("date-parts"))
    first = _list(parts[0])[:1] if parts else []
    said = " ".join(str(each) for each in (*first, issued.get("raw"), issued.get("literal")))
    found = re.search(r"(?<!\d)\d{4}(?!\d)", said)
    return int(found[0]) if found else None
