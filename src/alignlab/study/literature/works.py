"""A work that somebody else wrote, as a review of the literature holds it, wherever it came from.

Identifiers are brought to one form, so that the same work is seen to be the same: a DOI in small
letters without its address, an arXiv number without its version; a DOI that arXiv gave is that
number. A title is compared by its letters and digits alone.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Work", "citation_key", "clean", "doi_of", "eprint_of", "family", "title_letters"]

DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)", re.IGNORECASE)
ARXIV = re.compile(
    r"(?:^|arxiv\.org/(?:abs|pdf)/|arxiv:\s*)(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})"
    r"(?:v\d+)?(?:\.pdf)?(?!\d)",
    re.IGNORECASE,
)
MARKUP = re.compile(
    r"</?(?:jats:|mml:)?(?:i|b|u|em|strong|italic|bold|sub|sup|sc|scp|p|br|div|span|sec|title|list|"
    r"list-item|inline-formula|math|mi|mo|mn|mrow|msub|msup|h[1-6])(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Tags that publishers leave in titles and abstracts; "n<m and k>2" is none."""
KEY = re.compile(r"[A-Za-z][\w:.+-]*")
FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at by can do does for from how in into is it of on or the to "
        "towards via what when why with ",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A paper, a book or whatever else can be cited.

    Attributes
    ----------
    key
        What a citation names; empty until it is given one.
    kind
        BibTeX's word for it, such as "article".
    title, abstract
        Plain text on one line.
    authors
        As "Family, Given" where that is known, in the order of the title page.
    year
        Of publication; `None` where the source names none.
    venue
        The journal, the proceedings, the publisher or the institution.
    doi, eprint, url
        See `doi_of` and `eprint_of`; empty where there is none.
    more
        Other fields by BibTeX's names: volume, number, pages, keywords.
    source
        The file and line that it was read from.
    """

    key: str = ""
    kind: str = "misc"
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    venue: str = ""
    abstract: str = ""
    doi: str = ""
    eprint: str = ""
    url: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def __str__(self) -> str:
        """Return the work on one line.

        >>> print(Work(title="On Calibration", authors=("Guo, Chuan",), year=2017))
        Guo (2017). On Calibration.
        """
        names = [family(name) for name in self.authors]
        who = f"{names[0]} et al." if len(names) > 2 else " & ".join(names) or "Anonymous"
        return f"{who} ({self.year or 'no year'}). {self.title}."

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def clean(text: str) -> str:
    r"""Return text on one line, without the markup of the web or of LaTeX's braces.

    Examples
    --------
    >>> clean("<i>Fair</i> &amp; {Robust}\n  learning")
    'Fair & Robust learning'
    """
    text = MARKUP.sub("", html.unescape(text))
    text = re.sub(r"\\([&%$#_{}])", r"\1", text)
    text = re.sub(r"[{}\\]", "", text).replace("--", "–")
    text = "".join(" " if unicodedata.category(each) == "Cc" else each for each in text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def doi_of(text: str) -> str:
    """Return the DOI in a text, in small letters; empty where there is none or arXiv gave it.

    Examples
    --------
    >>> doi_of("https://doi.org/10.1145/3287560.3287596"), doi_of("10.48550/arXiv.1706.04599")
    ('10.1145/3287560.3287596', '')
    """
    found = DOI.search(text.replace("\\_", "_"))
    if found is None or ARXIV_DOI.fullmatch(found[0]):
        return ""
    return found[0].rstrip(".,;})]").lower()


def eprint_of(text: str) -> str:
    """Return the arXiv number in a text, without its version; empty where there is none.

    Examples
    --------
    >>> eprint_of("arXiv:1706.04599v2"), eprint_of("10.48550/arXiv.1706.04599"), eprint_of("n/a")
    ('1706.04599', '1706.04599', '')
    """
    given = ARXIV_DOI.search(text)
    found = ARXIV.search(given[1].strip() if given else text.strip())
    return found[1].lower() if found else ""


def title_letters(title: str) -> str:
    """Return a title's letters and digits in small letters, accents and markup gone.

    Examples
    --------
    >>> title_letters("Über-fitting: A {Survey}") == title_letters("uber fitting a survey")
    True
    """
    # A letter in bold is a letter of its own to Unicode, and has no small form until it is plain.
    plain = unicodedata.normalize("NFKD", clean(title)).casefold()
    split = unicodedata.normalize("NFKD", plain)
    return "".join(each for each in split if each.isalnum())


def family(author: str) -> str:
    """Return an author's family name; an institution keeps its whole name.

    Examples
    --------
    >>> family("Guo, Chuan"), family("Chuan Guo"), family("World Health Organization")
    ('Guo', 'Guo', 'World Health Organization')
    """
    before, comma, _ = author.partition(",")
    words = author.split()
    return before.strip() if comma else words[-1] if len(words) == 2 else " ".join(words)


def citation_key(work: Work, taken: Collection[str]) -> str:
    """Return a work's own key if it can be cited and is free; otherwise one made for it.

    Examples
    --------
    >>> work = Work(title="On the Calibration of Networks", authors=("Guo, C.",), year=2017)
    >>> citation_key(work, ()), citation_key(work, {"guo2017calibration"})
    ('guo2017calibration', 'guo2017calibrationb')
    """
    base = work.key if KEY.fullmatch(work.key) else _made(work)
    # Files on some disks, and some readers of BibTeX, do not tell capitals apart.
    held = {key.casefold() for key in taken}
    endings = ["", *"bcdefghijklmnopqrstuvwxyz", *(f"-{n}" for n in range(27, len(held) + 28))]
    return next(base + end for end in endings if (base + end).casefold() not in held)


def _made(work: Work) -> str:
    words = [_ascii(word) for word in re.findall(r"\w+", work.title.casefold())]
    telling = [word for word in words if word and word not in FILLERS and not word.isdigit()]
    first = family(work.authors[0]).casefold() if work.authors else ""
    name = _ascii(first if "," in "".join(work.authors[:1]) else first.partition(" ")[0])
    made = f"{name or 'anonymous'}{work.year or ''}{telling[0] if telling else ''}"
    return made if made[0].isalpha() else f"work{made}"


def _ascii(text: str) -> str:
    split = unicodedata.normalize("NFKD", text)
    return "".join(each for each in split if each.isascii() and each.isalnum())
