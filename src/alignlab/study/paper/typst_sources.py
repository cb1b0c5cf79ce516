"""A section that its author wrote in Typst: placeholders become numbers, lines stay where they are.

A number is set in as escaped words, a table or a figure as a call that reads its own file, so that
what Typst says of line 12 is about line 12. Typst itself looks the citations up.
"""

from __future__ import annotations

import re

from alignlab.errors import InputError
from alignlab.study.paper.citing import Library
from alignlab.study.paper.nodes import Block, Figure, Grid, See, Source, Text, Value
from alignlab.study.paper.reading import TYPED, Reader, resolve
from alignlab.study.paper.typst_form import escaped, quoted

__all__ = ["read_typst"]

COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
PLACEHOLDER = re.compile(r"\{\{([^{}\n]*)\}\}")
LENGTH = re.compile(r"\b\w+:\s*\d+(?:\.\d+)?%|\d*\.?\d+(?:pt|em|cm|mm|in|fr|deg)\b")
"""Numbers of the layout, which no result knows."""


def read_typst(reader: Reader, text: str, *, name: str, typed: bool = True) -> Source:
    """Read one section.

    Parameters
    ----------
    reader
        Knows the results.
    text
        Its Typst.
    name
        The file, as an error names it.
    typed
        Whether numbers with decimals may be typed by hand.

    Raises
    ------
    InputError
        "name:line: what is wrong".
    """
    placed: dict[str, Block] = {}
    lines = _blanked(text).split("\n")
    made = text.split("\n")
    for at, line in enumerate(lines):
        where = f"{name}:{at + 1}: "
        if re.search(r"[\"']@\w+/", line):
            raise InputError(f"{where}a paper is set offline; packages of Typst are not read.")
        bare = LENGTH.sub("", PLACEHOLDER.sub("", line))
        found = None if typed else TYPED.search(bare)
        if found:
            raise InputError(
                f"{where}the number {found[0]!r} is typed by hand. Name the result, such as "
                f"{{{{ H1.difference }}}}, or write {{{{ typed {found[0]} }}}} if it is none."
            )

        def number(match: re.Match[str], where: str = where) -> str:
            try:
                said = resolve(reader, match[1].strip())
            except InputError as error:
                raise InputError(f"{where}{error}") from error
            if isinstance(said, Text | Value):
                return escaped(said.text)
            if isinstance(said, See):
                return f"#ref(label({quoted(f'{said.kind}:{said.name}')}));"
            if not isinstance(said, Grid | Figure):
                raise InputError(f"{where}{match[0]} has no place in Typst.")
            kind = "table" if isinstance(said, Grid) else "figure"
            file = f"placed-{kind}-{re.sub(r'[^A-Za-z0-9._-]', '-', said.name)}.typ"
            placed[file] = said
            return f"#include {quoted('/' + file)};"

        if PLACEHOLDER.search(line):
            made[at] = PLACEHOLDER.sub(number, made[at])
    cites = _cited(text, reader.library)
    return Source(name, "\n".join(made), tuple(placed.items()), tuple(sorted(cites)))


def _cited(text: str, library: Library) -> frozenset[str]:
    """Return the keys that a section may cite: whatever looks like a label and is one."""
    seen = re.findall(r"[@<\"]([\w:./+-]*\w)", COMMENTS.sub("", text))
    return frozenset(seen) & {*library.own, *library.guide}


def _blanked(text: str) -> str:
    """Return the text with comments as spaces; every line stays."""
    return COMMENTS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
