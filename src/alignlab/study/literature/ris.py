"""Reads RIS, the tagged lines in which libraries and publishers hand out references.

    TY  - JOUR        begins a record
    AU  - Guo, Chuan  one line an author, again and again
    ER  -             ends it

Nobody writes it alike: lines end as on Windows, a mark stands before the first, tags come in any
order, a title is TI, T1 or CT, an abstract runs over lines without a tag, and the last ER is
missing. All of this is read; a record without a title, and a file without a record, are refused
with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from alignlab.errors import InputError
from alignlab.study.literature.works import Work, clean, doi_of, eprint_of

__all__ = ["parse_ris"]

LINE = re.compile(r"\s{0,3}([A-Z][A-Z0-9]) {0,2}-(?: (.*)|$)")

KINDS = {
    "JOUR": "article",
    "JFULL": "article",
    "MGZN": "article",
    "EJOUR": "article",
    "CONF": "inproceedings",
    "CPAPER": "inproceedings",
    "BOOK": "book",
    "EBOOK": "book",
    "CHAP": "incollection",
    "ECHAP": "incollection",
    "THES": "phdthesis",
    "RPRT": "techreport",
}

TITLES = ("TI", "T1", "CT", "BT")
VENUES = ("JO", "JF", "T2", "BT", "JA", "J2", "J1", "T3", "PB")
FIELDS = {"VL": "volume", "IS": "number", "PB": "publisher", "SN": "issn", "LA": "language"}

TAGS = frozenset(
    re.findall(
        r"\w\w",
        "TY ER AB A1 A2 A3 A4 AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CR CT CY DA "
        "DB DO DP ED EP ET H1 H2 ID IP IS J1 J2 JA JF JO KW L1 L2 L3 L4 LA LB LK LL M1 M2 "
        "M3 MD N1 N2 NO NV OP PA PB PM PP PY RI RN RP SE SN SP ST SV T1 T2 T3 TA TI TT U1 "
        "U2 U3 U4 U5 UR VL VO WP WT WV Y1 Y2 YR ",
    )
)
"""A line of an abstract may look like a tag, such as "CI  - 95 %"; only these are."""

Held = dict[str, list[str]]


def parse_ris(text: str, *, name: str = "text") -> list[Work]:
    r"""Return the records of a RIS file.

    Parameters
    ----------
    text
        The file's content.
    name
        What messages call the file.

    Raises
    ------
    InputError
        If there is no record, or one has no title; the message names the file and the line.

    Examples
    --------
    >>> lines = ["TY  - JOUR", "AU  - Guo, C.", "AU  - Sun, Y.", "T1  - On Calibration",
    ...          "PY  - 2017/08/06", "ER  - "]
    >>> print(parse_ris("\r\n".join(lines))[0])
    Guo & Sun (2017). On Calibration.
    """
    works = [_work(held, f"{name}:{line}") for line, held in _records(text, name)]
    if not works:
        raise InputError(f"{name}:1: no record: a RIS file has a line 'TY  - …' for each.")
    return works


def _records(text: str, name: str) -> Iterator[tuple[int, Held]]:
    """Yield each record with the line on which it begins; tags may come in any order."""
    held: Held = {}
    began, last = 0, ""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        found = LINE.fullmatch(line.rstrip())
        if found is None or found[1] not in TAGS:
            # What stands before the first tag is a database's own heading.
            if line.strip() and last:
                held[last][-1] += f" {line.strip()}"
            continue
        tag, value = found[1], (found[2] or "").strip()
        if held and (tag == "ER" or (tag == "TY" and "TY" in held)):
            yield began, held
            held, last = {}, ""
        if tag == "ER":
            continue
        if not held:
            began = number
        held.setdefault(tag, []).append(value)
        last = tag
    if held:
        yield began, held


def _work(held: Mapping[str, Sequence[str]], source: str) -> Work:
    if "TY" not in held:
        raise InputError(
            f"{source}: this record has no line 'TY  - …', which says what it is. Add one, such as "
            "'TY  - JOUR'."
        )
    title = _first(held, TITLES)
    if not title:
        raise InputError(f"{source}: this record has no title. Add a line 'TI  - …'.")
    identifiers = [*held.get("DO", ()), *held.get("UR", ()), *held.get("M3", ())]
    number = held.get("ID", [""])[0]
    venue = _first({tag: each for tag, each in held.items() if tag != "BT"}, VENUES)
    return Work(
        key=number if re.search("[A-Za-z]", number) else "",
        kind=KINDS.get(held["TY"][0].upper(), "misc"),
        title=title,
        authors=tuple(_author(each) for tag in ("AU", "A1") for each in held.get(tag, ()) if each),
        year=_year(held),
        venue=venue,
        abstract=_first(held, ("AB", "N2")),
        doi=next((doi for each in identifiers if (doi := doi_of(each))), ""),
        eprint=next((found for each in identifiers if (found := eprint_of(each))), ""),
        url=next((each for each in held.get("UR", ()) if each.startswith("http")), ""),
        more=_more(held, venue),
        source=source,
    )


def _first(held: Mapping[str, Sequence[str]], tags: Sequence[str]) -> str:
    """Return the first value that is not empty under the first of the tags that has one."""
    values = (clean(value) for tag in tags for value in held.get(tag, ()))
    return next((value for value in values if value), "")


def _author(name: str) -> str:
    """Return a name as BibTeX orders it: what comes after a second comma is "Jr."."""
    parts = [part.strip() for part in clean(name).strip(", ").split(",")]
    return ", ".join([parts[0], parts[2], parts[1]] if len(parts) == 3 else parts)


def _year(held: Mapping[str, Sequence[str]]) -> int | None:
    written = " ".join(value for tag in ("PY", "Y1", "YR", "DA") for value in held.get(tag, ()))
    found = re.search(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)", written)
    return int(found[0]) if found else None


def _more(held: Mapping[str, Sequence[str]], venue: str) -> dict[str, str]:
    more = {field: _first(held, (tag,)) for tag, field in FIELDS.items()}
    first, last = _first(held, ("SP",)), _first(held, ("EP",))
    more["pages"] = f"{first}–{last}" if first and last and first != last else first
    more["pages"] = re.sub(r"(?<=\d)-(?=\d)", "–", more["pages"])
    more["keywords"] = ", ".join(clean(each) for each in held.get("KW", ()) if each)
    if more["publisher"] == venue:
        del more["publisher"]
    return {field: value for field, value in more.items() if value}
