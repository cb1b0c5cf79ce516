"""A work as the seventh edition of APA's manual lists it, in plain text.

    Authors (Year). Title. Where it appeared, volume(issue), pages. Link

Titles of articles and of books are in sentence case, names of journals as they are. Twenty authors
are named, of more the first 19 and the last. Italics are left to whoever sets the text.
"""

from __future__ import annotations

from collections.abc import Sequence

from alignlab.guide.latex import folded
from alignlab.guide.people import OTHERS, person, split_people
from alignlab.guide.titles import sentence_case
from alignlab.guide.works import Reference

__all__ = ["apa_list", "apa_reference"]

MOST = 20
"""Authors that are all named."""

THESES = {"phdthesis": "Doctoral dissertation", "mastersthesis": "Master's thesis"}
IN_A_BOOK = frozenset({"inproceedings", "incollection", "conference", "inbook"})


def apa_list(works: Sequence[Reference]) -> list[str]:
    """Return works as a reference list: in alphabetical order, a and b where author and year agree.

    Examples
    --------
    >>> from alignlab.guide import references
    >>> apa_list([references()["guo2017calibration"], references()["clopper1934use"]])[0][:37]
    'Clopper, C. J., & Pearson, E. S. (193'
    """
    ordered = sorted(works, key=_place)
    letters: dict[str, str] = {}
    alike: dict[tuple[str, int | None], list[str]] = {}
    for work in ordered:
        alike.setdefault((_by(work), work.year), []).append(work.key)
    for keys in alike.values():
        if len(keys) > 1:
            letters |= dict(zip(keys, "abcdefghijklmnopqrstuvwxyz", strict=False))
    return [apa_reference(work, letter=letters.get(work.key, "")) for work in ordered]


def apa_reference(work: Reference, *, letter: str = "") -> str:
    """Return one work in the form of a reference list.

    Parameters
    ----------
    work
        The work; what it has not is left out, and a year that it has not is "n.d."
    letter
        What tells it from others of the same authors and year.

    Examples
    --------
    >>> from alignlab.guide import references
    >>> print(apa_reference(references()["guo2017calibration"])[:66])
    Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calib
    """
    year = f"{work.year}{letter}" if work.year else f"n.d.{f'-{letter}' if letter else ''}"
    title = _title(work)
    by = _by(work)
    head = [f"{by} ({year})", title] if by else [title, f"({year})"]
    sentences = [*head, *_where(work)]
    text = " ".join(_stopped(each) for each in sentences if each)
    link = work.link
    return f"{text} {link}" if link else text


def _place(work: Reference) -> tuple[list[str], int, str]:
    """Return where a work stands in the alphabet: by names without accents, then by year."""
    names = work.authors or split_people(work.fields.get("editor", "")) or (work.title,)
    return [folded(name) for name in names], work.year or 0, folded(work.title)


def _by(work: Reference) -> str:
    """Return who made a work; an edited book is its editors'."""
    if work.authors:
        return _names(work.authors)
    editors = split_people(work.fields.get("editor", ""))
    return f"{_names(editors)} ({_role(editors)})." if editors else ""


def _names(names: Sequence[str]) -> str:
    """Return names turned round, the last after an ampersand."""
    known = [name for name in names if name != OTHERS]
    turned = [_turned(name) for name in known]
    if len(known) < len(names):
        return f"{', '.join(turned)}, et al."
    if len(turned) > MOST:
        return f"{', '.join(turned[: MOST - 1])}, … {turned[-1]}"
    return _and(turned, comma_for_two=True)


def _turned(name: str) -> str:
    who = person(name)
    return ", ".join(part for part in (who.family, who.initials, who.suffix) if part)


def _straight(name: str) -> str:
    """Return an editor's name as it stands within a reference: initials first."""
    who = person(name)
    plain = " ".join(part for part in (who.initials, who.family) if part)
    return f"{plain}, {who.suffix}" if who.suffix else plain


def _and(names: Sequence[str], *, comma_for_two: bool) -> str:
    if len(names) < 2:
        return "".join(names)
    comma = "," if comma_for_two or len(names) > 2 else ""
    return f"{', '.join(names[:-1])}{comma} & {names[-1]}"


def _role(editors: Sequence[str]) -> str:
    return "Ed." if len(editors) == 1 and OTHERS not in editors else "Eds."


def _title(work: Reference) -> str:
    title = sentence_case(work.title)
    fields = work.fields
    if work.kind in THESES:
        return f"{title} [{', '.join(filter(None, (THESES[work.kind], fields.get('school'))))}]"
    if work.kind == "techreport" and fields.get("number"):
        number = fields["number"]
        return f"{title} ({f'Report No. {number}' if number[:1].isdigit() else number})"
    if work.kind == "book":
        parts = [_edition(fields.get("edition", "")), _volume(fields.get("volume", ""))]
        within = ", ".join(part for part in parts if part)
        return f"{title} ({within})" if within else title
    if _is_preprint(work):
        return f"{title} (arXiv:{work.eprint})"
    return title


def _where(work: Reference) -> list[str]:
    """Return the sentences on where a work appeared."""
    fields = work.fields
    if _is_preprint(work):
        return ["arXiv"]
    if work.kind == "article":
        issue = f"({fields['number']})" if fields.get("number") else ""
        volume = f"{fields.get('volume', '')}{issue}"
        pages = fields.get("pages", "")
        if pages and "–" not in pages and "-" not in pages and len(pages) > 4:
            pages = f"Article {pages}"
        return [", ".join(part for part in (work.venue, volume, pages) if part)]
    if work.kind in IN_A_BOOK:
        return [_book(work), _publisher(work)]
    if work.kind in THESES:
        return []
    publisher = _publisher(work) or work.venue
    return [] if publisher in work.authors else [publisher]  # its own publisher is not named twice


def _is_preprint(work: Reference) -> bool:
    unpublished = work.kind in ("misc", "unpublished", "online") or work.venue in ("", "arXiv")
    return bool(work.eprint) and unpublished


def _book(work: Reference) -> str:
    """Return the book or the proceedings that a work stands in."""
    fields = work.fields
    editors = split_people(fields.get("editor", ""))
    named = _and([_straight(name) for name in editors], comma_for_two=False)
    by = f"{named} ({_role(editors)}), " if editors else ""
    pages = fields.get("pages", "")
    within = ", ".join(
        part
        for part in (
            _edition(fields.get("edition", "")),
            _volume(fields.get("volume", "")),
            f"{'pp.' if '–' in pages or '-' in pages else 'p.'} {pages}" if pages else "",
        )
        if part
    )
    title = fields.get("booktitle", "")
    if work.kind in ("incollection", "inbook"):
        title = sentence_case(title)
    return f"In {by}{title}{f' ({within})' if within else ''}"


def _publisher(work: Reference) -> str:
    return work.fields.get("publisher", "") or work.fields.get("institution", "")


def _edition(edition: str) -> str:
    """Return an edition as APA has it, unless it is the first.

    >>> _edition("2"), _edition("Third"), _edition("12"), _edition("1"), _edition("revised")
    ('2nd ed.', '3rd ed.', '12th ed.', '', 'Rev. ed.')
    """
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
    bare = edition.lower().removesuffix("edition").removesuffix("ed.").strip(" .")
    if bare in words:
        bare = str(words.index(bare) + 1)
    bare = bare[:-2] if bare[-2:] in ("st", "nd", "rd", "th") and bare[:-2].isdigit() else bare
    if bare == "revised":
        return "Rev. ed."
    if not bare.isdigit():
        return f"{edition} ed." if bare else ""
    number = int(bare)
    if number == 1:
        return ""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} ed."


def _volume(volume: str) -> str:
    return f"Vol. {volume}" if volume else ""


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
