r"""BibTeX read and written: entries with a kind, a key, and fields as plain text.

    file   = anything but "@", and commands
    command = @kind{key, name = value, ...} | @string{name = value} | @preamble{…} | @comment…
    value  = part # part # …,  part = {braced} | "quoted" | number | name of a string

As BibTeX does, names of fields and kinds are read in any case, parentheses may stand for the outer
braces, and a comma may follow the last field. Unlike it, what cannot be read stops the reading,
with the file and the line. The reader is our own because the guide is opened by each of its
commands: pybtex takes five times as long for it, and tells no line of what it read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from alignlab.errors import InputError
from alignlab.guide.latex import plain_text, to_latex

__all__ = ["Entry", "bibtex_entry", "read_entries"]

MONTHS = {
    name[:3].lower(): name
    for name in (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    )
}  # fmt: skip

AS_THEY_ARE = frozenset({"doi", "url", "eprint", "file", "crossref"})
"""Fields that no reader takes markup from: a percent sign in an address means itself."""

_SPACE = re.compile(r"(?:\s+|%[^\n]*)*")
_NAME = re.compile(r"[^\s{}\"#%,=()@]+")
_KEY = re.compile(r"[^\s{}\"%,=]+")
_BRACES = re.compile(r"(?<!\\)[{}]")
_QUOTES = re.compile(r"(?<!\\)[{}\"]")
_USUAL = re.compile(r"\s*([^\W\d][\w-]*)\s*=\s*\{((?:[^{}\\]|\{[^{}\\]*\})*)\}\s*(?:,|(?=[})]))")
"""A field as most are: braced, braces no deeper than one within; others are read sign by sign."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in a file.

    Attributes
    ----------
    kind
        Such as "article", in lower case.
    key
        What a citation names.
    fields
        Plain text by field name in lower case; lists of people (`author`, `editor`) keep their
        braces, which hold a name together.
    line
        Where it begins, from 1.
    """

    kind: str
    key: str
    fields: Mapping[str, str]
    line: int


def read_entries(text: str, *, name: str = "BibTeX") -> list[Entry]:
    """Return the entries of a BibTeX file in their order.

    Parameters
    ----------
    text
        The file's content; text outside the entries is a comment.
    name
        The file, as an error names it.

    Raises
    ------
    InputError
        If the text cannot be read, or a key stands twice: "name:line: what is wrong".

    Examples
    --------
    >>> (entry,) = read_entries('@string{j = "Journal"} @article{a, journal = j # " of X"}')
    >>> entry.kind, entry.key, entry.fields["journal"]
    ('article', 'a', 'Journal of X')
    """
    reader = _Reader(text, name)
    found: dict[str, Entry] = {}
    at = 0
    while (at := text.find("@", at)) >= 0:
        if _in_a_comment(text, at):
            at += 1
            continue
        entry, at = reader.command(at)
        if entry is not None:
            if (first := found.get(entry.key)) is not None:
                raise InputError(
                    f"{name}:{entry.line}: the key {entry.key!r} stands twice, first in line "
                    f"{first.line}. Keep one of the two, or rename one."
                )
            found[entry.key] = entry
    return list(found.values())


def bibtex_entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    r"""Return an entry as BibTeX that reads back as the same fields, without a newline at its end.

    Examples
    --------
    >>> print(bibtex_entry("book", "a2020b", {"title": "AI & Us", "year": "2020"}))
    @book{a2020b,
      title = {{AI \& Us}},
      year = {2020}
    }
    """
    lines = []
    for name, value in fields.items():
        written = value
        if name not in AS_THEY_ARE:
            written = to_latex(value, braces=name in ("author", "editor"))
        if name == "title":
            written = f"{{{written}}}"  # so that no style takes its capitals
        lines.append(f"  {name} = {{{written}}}")
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _in_a_comment(text: str, at: int) -> bool:
    """Return whether a line begins with a percent sign, or the sign is within a word of mail."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before.lstrip().startswith("%") or before[-1:].isalnum()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.strings = dict(MONTHS)
        self.opened = 0
        self.counted = (0, 1)

    def command(self, at: int) -> tuple[Entry | None, int]:
        """Read what begins with the "@" at a place; return the entry, if it is one, and its end."""
        self.opened = at
        start = at
        kind, at = self._word(at + 1, "the kind of the entry, such as article")
        kind = kind.lower()
        at = self._space(at)
        if kind == "comment":
            return None, self._braced(at + 1)[1] if self.text[at : at + 1] == "{" else at
        if self.text[at : at + 1] not in ("{", "("):
            self._fail(at, f"@{kind} is not followed by a brace")
        closing = "}" if self.text[at] == "{" else ")"
        at = self._space(at + 1)
        if kind == "preamble":
            _, at = self._value(at)
            return None, self._close(at, closing)
        if kind == "string":
            pairs, at = self._fields(at, closing)
            self.strings |= pairs
            return None, at
        found = _KEY.match(self.text, at)
        if found is None:
            self._fail(at, f"the @{kind} has no key")
        at = self._space(found.end())
        if self.text[at : at + 1] == "=":
            self._fail(at, f"the @{kind} has no key before its first field")
        fields: dict[str, str] = {}
        if self.text[at : at + 1] == closing:
            at += 1
        else:
            at = self._expect(at, ",", f"after the key {found[0]!r}")
            fields, at = self._fields(at, closing)
        plain = {
            name: _people(value)
            if name in ("author", "editor")
            else " ".join(value.split())
            if name in AS_THEY_ARE
            else plain_text(value)
            for name, value in fields.items()
        }
        return Entry(kind, found[0], plain, self._line(start)), at

    def _fields(self, at: int, closing: str) -> tuple[dict[str, str], int]:
        fields: dict[str, str] = {}
        while True:
            at = self._space(at)
            if self.text[at : at + 1] == closing:
                return fields, at + 1
            start = at
            if (usual := _USUAL.match(self.text, at)) is not None:
                name, value = usual.groups()
                at = usual.end()
            else:
                name, at = self._word(at, "the name of a field")
                at = self._expect(self._space(at), "=", f"after the field {name!r}")
                value, at = self._value(at)
                at = self._space(at)
                if self.text[at : at + 1] == ",":
                    at += 1
                elif self.text[at : at + 1] != closing:
                    self._fail(at, f"after the field {name!r} stands neither a comma nor the end")
            if name.lower() in fields:
                self._fail(start, f"the field {name!r} stands twice")
            fields[name.lower()] = value

    def _value(self, at: int) -> tuple[str, int]:
        parts = []
        while True:
            at = self._space(at)
            first = self.text[at : at + 1]
            if first == "{":
                part, at = self._braced(at + 1)
            elif first == '"':
                part, at = self._quoted(at + 1)
            else:
                part, at = self._word(at, 'a value: {text}, "text", a number or a name')
                if not part.isdigit():
                    if part.lower() not in self.strings:
                        self._fail(at - 1, f"no @string has the name {part!r}")
                    part = self.strings[part.lower()]
            parts.append(part)
            at = self._space(at)
            if self.text[at : at + 1] != "#":
                return "".join(parts), at
            at += 1

    def _braced(self, at: int) -> tuple[str, int]:
        depth, start = 1, at
        for found in _BRACES.finditer(self.text, at):
            depth += 1 if found[0] == "{" else -1
            if depth == 0:
                return self.text[start : found.start()], found.end()
        return self._unclosed(start, "brace")

    def _quoted(self, at: int) -> tuple[str, int]:
        depth, start = 0, at
        for found in _QUOTES.finditer(self.text, at):
            depth += {"{": 1, "}": -1}.get(found[0], 0)
            if depth == 0 and found[0] == '"':
                return self.text[start : found.start()], found.end()
        return self._unclosed(start, "quotation mark")

    def _word(self, at: int, what: str) -> tuple[str, int]:
        at = self._space(at)
        found = _NAME.match(self.text, at)
        if found is None:
            self._fail(at, f"here should stand {what}")
        return found[0], found.end()

    def _space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return at if found is None else found.end()

    def _expect(self, at: int, sign: str, where: str) -> int:
        if self.text[at : at + 1] != sign:
            self._fail(at, f"{sign!r} is missing {where}")
        return at + 1

    def _close(self, at: int, closing: str) -> int:
        return self._expect(self._space(at), closing, "at the end")

    def _line(self, at: int) -> int:
        known, line = self.counted
        if at < known:
            return self.text.count("\n", 0, at) + 1
        self.counted = (at, line + self.text.count("\n", known, at))
        return self.counted[1]

    def _unclosed(self, at: int, what: str) -> NoReturn:
        begun = self.text[self.opened : self.opened + 60].partition(",")[0].split("\n")[0]
        raise InputError(
            f"{self.name}:{self._line(at)}: the {what} that opens here, in the entry {begun!r} of "
            f"line {self._line(self.opened)}, is never closed."
        )

    def _fail(self, at: int, what: str) -> NoReturn:
        ahead = self.text[at : at + 30].split("\n")[0]
        shown = f", but {ahead!r}" if ahead else ", at the end of the line or the file"
        raise InputError(
            f"{self.name}:{self._line(at)}: {what}{shown} (the entry begins in line "
            f"{self._line(self.opened)})."
        )


def _people(value: str) -> str:
    """Return a list of people as plain text in which braces still hold names together."""
    return " ".join(plain_text(value, braces=True).split())
