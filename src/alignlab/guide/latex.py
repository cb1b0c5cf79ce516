r"""LaTeX's markup to plain text and back: accents, special letters, dashes, braces.

    plain_text(r"Kr{\"u}ger \& {S{\o}n}, pp. 1--9")  ->  Krüger & Søn, pp. 1–9

Mathematics between dollar signs and commands that are not known stay as they are: a wrong guess
would be worse than what the author typed.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["folded", "plain_text", "to_latex"]

ACCENTS = {
    "'": "\N{COMBINING ACUTE ACCENT}",
    "`": "\N{COMBINING GRAVE ACCENT}",
    '"': "\N{COMBINING DIAERESIS}",
    "^": "\N{COMBINING CIRCUMFLEX ACCENT}",
    "~": "\N{COMBINING TILDE}",
    "=": "\N{COMBINING MACRON}",
    ".": "\N{COMBINING DOT ABOVE}",
    "c": "\N{COMBINING CEDILLA}",
    "v": "\N{COMBINING CARON}",
    "u": "\N{COMBINING BREVE}",
    "H": "\N{COMBINING DOUBLE ACUTE ACCENT}",
    "k": "\N{COMBINING OGONEK}",
    "r": "\N{COMBINING RING ABOVE}",
    "d": "\N{COMBINING DOT BELOW}",
    "b": "\N{COMBINING MACRON BELOW}",
}
LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ",
    "TH": "Þ", "dj": "đ", "DJ": "Đ", "textquoteright": "’", "textquoteleft": "‘",
    "textendash": "–", "textemdash": "—", "textasciitilde": "~", "textbackslash": "\\",
    "ldots": "…", "dots": "…", "copyright": "©", "S": "§",
}  # fmt: skip
STYLES = "emph|textit|textbf|textsc|textrm|texttt|textsf|textup|textsuperscript|textsubscript|mbox"

_ACCENT = re.compile(
    r"\\(?:(?P<sign>['`\"^~=.])|(?P<name>[cvuHkrdb])(?=[{\s]))\s*"
    r"(?:\{\s*(?P<braced>\\?[^\W\d_])\s*\}|(?P<bare>\\[ij](?![A-Za-z])|[^\W\d_]))"
)
_LETTER = re.compile(
    rf"\\({'|'.join(sorted(LETTERS, key=len, reverse=True))})(?![A-Za-z])(?:\{{\}}|\s+)?"
)
_STYLE = re.compile(rf"\\(?:{STYLES})\s*(?=\{{)")
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_HIDDEN = {sign: chr(0xE000 + number) for number, sign in enumerate("&%$#_{}~\\")}
_SHOWN = {ord(hidden): sign for sign, hidden in _HIDDEN.items()}
# Letters that Unicode does not take for a letter with an accent.
_ALIKE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe"})
_MATHS = re.compile(r"\$[^$]*\$")


def plain_text(value: str, *, braces: bool = False) -> str:
    r"""Return a BibTeX value without its markup, on one line.

    Parameters
    ----------
    value
        As it stands between the braces of a field.
    braces
        Whether braces stay, as in a list of people, where they hold a name together.

    Examples
    --------
    >>> plain_text(r"Dud{\'\i}k, {\L}ukasz  \& {AI}: 1--9")
    'Dudík, Łukasz & AI: 1–9'
    """
    if "\\" not in value and "$" not in value and "~" not in value:
        value = value.replace("---", "—").replace("--", "–")
        return " ".join((value if braces else _without_braces(value)).split())

    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\ue0ff{len(kept) - 1}\ue0ff"

    value = _ESCAPED.sub(lambda found: _HIDDEN[found[1]], value)
    value = _MATHS.sub(keep, value)
    value = _ACCENT.sub(_accented, value)
    value = _LETTER.sub(_letter, value)
    value = _STYLE.sub("", value)
    value = value.replace("---", "—").replace("--", "–").replace("~", " ")
    value = value if braces else _without_braces(value)
    value = re.sub("\ue0ff(\\d+)\ue0ff", lambda found: kept[int(found[1])], value)
    return " ".join(value.translate(_SHOWN).split())


def to_latex(value: str, *, braces: bool = False) -> str:
    r"""Return plain text such that LaTeX, and `plain_text`, read it back as it is.

    Letters with accents stay: LaTeX has read UTF-8 since 2018. Mathematics stays, too.

    Parameters
    ----------
    value
        Plain text.
    braces
        Whether its braces are markup already, as in a list of people.

    Examples
    --------
    >>> to_latex("A & B, 50% of $x_1$")
    'A \\& B, 50\\% of $x_1$'
    """
    parts = re.split(r"(\$[^$]*\$)", value)
    signs = r"([&%#_$])" if braces else r"([&%#_${}])"
    for at in range(0, len(parts), 2):
        part = re.sub(signs, r"\\\1", parts[at])
        parts[at] = part.replace("~", r"\textasciitilde{}")
    return "".join(parts)


def folded(text: str) -> str:
    """Return a text without accents and in lower case, as people look it up.

    Examples
    --------
    >>> folded("Wäldchen"), folded("Łukasz"), folded("Bröcker")
    ('waldchen', 'lukasz', 'brocker')
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text.casefold().translate(_ALIKE))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _accented(found: re.Match[str]) -> str:
    letter = (found["braced"] or found["bare"]).removeprefix("\\")
    return unicodedata.normalize("NFC", letter + ACCENTS[found["sign"] or found["name"]])


def _letter(found: re.Match[str]) -> str:
    letter = LETTERS[found[1]]
    return _HIDDEN.get(letter, letter)  # a tilde that was spelt out is no space


def _without_braces(value: str) -> str:
    return value.replace("{", "").replace("}", "")
