"""Markdown whose cells cannot break out: what comes from data is text and nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

__all__ = ["escaped", "table"]

_ESCAPED = re.compile(r"([\\`*_{}\[\]|#])")

_AS_ENTITY = {ord("~"): "&#126;", ord("$"): "&#36;"}
"""Struck-out text and formulas of some dialects, where a backslash does not help."""


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> print(escaped("a|b <script>"))
    a\|b &lt;script&gt;
    """
    one_line = " ".join(str(text).split())
    return _ESCAPED.sub(r"\\\1", html.escape(one_line, quote=False)).translate(_AS_ENTITY)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table.

    Examples
    --------
    >>> table(("a", "b"), [("1", "2")])
    ['| a | b |', '| --- | --- |', '| 1 | 2 |']
    """
    lines = [head, ["---"] * len(head), *([escaped(cell) for cell in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]
