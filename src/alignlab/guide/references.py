"""The references that alignlab's methods are taken from, read from `data/references.bib`.

A citation in the source is the entry's key in brackets, such as `[guo2017calibration, eq. 3]`.
The reader knows as much of BibTeX as that file uses: braced fields, accents, `--` for a dash.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from alignlab.errors import InputError

__all__ = ["Reference", "parse_bibtex", "references"]

_ACCENTS = {
    "'": "\N{COMBINING ACUTE ACCENT}",
    "`": "\N{COMBINING GRAVE ACCENT}",
    '"': "\N{COMBINING DIAERESIS}",
    "^": "\N{COMBINING CIRCUMFLEX ACCENT}",
    "~": "\N{COMBINING TILDE}",
    "c": "\N{COMBINING CEDILLA}",
    "v": "\N{COMBINING CARON}",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One work that the field stands on.

    Attributes
    ----------
    key
        What a citation names, such as "guo2017calibration".
    authors
        Their names as "Family, Given", in the order of the title page.
    title
        The title, without markup.
    year
        The year of publication.
    venue
        The journal, the proceedings, the publisher or the institution; empty if there is none.
    doi, eprint, url
        Where to find it; empty where there is none.
    keywords
        The subjects that it is filed under.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    year: int
    venue: str = ""
    doi: str = ""
    eprint: str = ""
    url: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def link(self) -> str:
        """The address of the work: by its DOI, else its preprint, else as given."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://arxiv.org/abs/{self.eprint}" if self.eprint else self.url

    def __str__(self) -> str:
        """Return the work as a line of a reference list.

        >>> print(references()["clopper1934use"])  # doctest: +ELLIPSIS
        Clopper & Pearson (1934). The Use of Confidence or Fiducial Limits ...
        """
        families = [name.partition(",")[0] for name in self.authors]
        names = f"{families[0]} et al." if len(families) > 2 else " & ".join(families)
        where = f" {self.venue}." if self.venue else ""
        return f"{names} ({self.year}). {self.title}.{where}"


@cache
def references() -> Mapping[str, Reference]:
    """Return every reference by its key, in the order of the file.

    Examples
    --------
    >>> references()["guo2017calibration"].year
    2017
    """
    text = files("alignlab.guide").joinpath("data/references.bib").read_text(encoding="utf-8")
    return MappingProxyType(parse_bibtex(text))


def parse_bibtex(text: str) -> dict[str, Reference]:
    r"""Return the entries of a BibTeX file by key.

    Parameters
    ----------
    text
        Entries whose fields are braced; text outside the entries is a comment.

    Raises
    ------
    InputError
        If a key stands twice, a brace is open, or an entry has no title, author or year.

    Examples
    --------
    >>> entry = r"@book{a2020b, author = {Dud{\'i}k, M. and Li, K.}, title = {T}, year = {2020}}"
    >>> parse_bibtex(entry)["a2020b"].authors
    ('Dudík, M.', 'Li, K.')
    """
    found: dict[str, Reference] = {}
    for key, body in _entries(text):
        if key in found:
            raise InputError(f"The reference {key!r} stands twice. Keep one of the two.")
        found[key] = _reference(key, dict(_fields(body)))
    return found


def _reference(key: str, fields: Mapping[str, str]) -> Reference:
    absent = [name for name in ("author", "title", "year") if not fields.get(name)]
    if absent:
        raise InputError(f"The reference {key!r} has no {absent[0]}. Add the field.")
    venues = ("journal", "booktitle", "publisher", "institution", "school", "howpublished")
    keywords = fields.get("keywords", "").split(",")
    return Reference(
        key=key,
        authors=tuple(name.strip() for name in re.split(r"\s+and\s+", fields["author"])),
        title=fields["title"],
        year=int(fields["year"]),
        venue=next((fields[name] for name in venues if name in fields), ""),
        doi=fields.get("doi", ""),
        eprint=fields.get("eprint", ""),
        url=fields.get("url", ""),
        keywords=tuple(word.strip() for word in keywords if word.strip()),
    )


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield each entry's key and what stands between the key and its closing brace."""
    for start in re.finditer(r"^@\w+\{\s*([^,\s]+)\s*,", text, re.MULTILINE):
        yield start[1], _until_closed(text, start.end(), start[1])


def _fields(body: str) -> Iterator[tuple[str, str]]:
    """Yield each field's name and its plain text."""
    at = 0
    while start := re.compile(r"(\w+)\s*=\s*\{").search(body, at):
        value = _until_closed(body, start.end(), start[1])
        yield start[1].lower(), _plain(value)
        at = start.end() + len(value) + 1


def _until_closed(text: str, start: int, name: str) -> str:
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    raise InputError(f"The brace that {name!r} opens in the references is never closed.")


def _plain(value: str) -> str:
    """Return a field without BibTeX's markup: accents composed, braces gone, dashes drawn."""

    def accented(match: re.Match[str]) -> str:
        return unicodedata.normalize("NFC", match[2] + _ACCENTS[match[1]])

    value = re.sub(r"\\(['`\"^~]|[cv](?=[{ ]))\s*\{?([A-Za-z])\}?", accented, value)
    value = value.replace("--", "–").replace(r"\&", "&").replace("{", "").replace("}", "")
    return " ".join(value.split())
