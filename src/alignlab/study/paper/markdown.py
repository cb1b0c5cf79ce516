"""Markdown as papers need it: CommonMark and tables, formulas, citations, footnotes, placeholders.

    $x^2$   $$ … $$   [@key; @other, p. 3]   @key   ^[a footnote]   {{ H1.difference }}

markdown-it-py reads CommonMark; what is here are the rules for the rest. A token of ours carries in
`meta` how many lines below the beginning of its block it stands, so that an error can name a line.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from alignlab.errors import MissingExtraError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

__all__ = ["markdown_parser"]

KEY = r"[A-Za-z0-9_](?:[\w:./+-]*\w)?"

_PLACEHOLDER = re.compile(r"\{\{([^{}\n]*)\}\}")
_CITED = re.compile(rf"\s*@({KEY})\s*(?:,\s*([^;\]]*?)\s*)?")
_NARRATIVE = re.compile(rf"@({KEY})")
_GROUP = re.compile(r"\[([^\[\]]*)\]")
_SEEMS_CITED = re.compile(r"(?:^|[\s;\[-])@\w")
_FORMULA = re.compile(r"\$(?![\s$])((?:\\.|[^\\$])+?)(?<![\s\\])\$(?!\d)", re.DOTALL)


@cache
def markdown_parser() -> MarkdownIt:
    """Return the parser; it holds no state between texts.

    Raises
    ------
    MissingExtraError
        If markdown-it-py is not installed.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtraError("markdown-it-py", "study", "Reading a paper's Markdown") from error
    parser = MarkdownIt("commonmark", {"typographer": True}).enable(["table", "smartquotes"])
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "citation", _citation)
    parser.inline.ruler.before("link", "footnote", _footnote)
    parser.inline.ruler.before("link", "placeholder", _placeholder)
    parser.block.ruler.before("fence", "display", _display, {"alt": ["paragraph", "list"]})
    return parser


def _push(
    state: StateInline, silent: bool, kind: str, content: str, end: int, **meta: object
) -> bool:
    """Move on to `end`; leave a token unless the parser only looks ahead."""
    if silent:
        state.pos = end
        return True
    token = state.push(kind, "", 0)
    token.content = content
    token.meta = {"line": state.src.count("\n", 0, state.pos), **meta}
    state.pos = end
    return True


def _placeholder(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("{{", state.pos):
        return False
    found = _PLACEHOLDER.match(state.src, state.pos)
    if found is None:
        rest = state.src[state.pos :].partition("\n")[0]
        wrong = f"{rest[:40]!r} opens two braces that are never closed on their line."
        return _push(state, silent, "wrong", wrong, state.pos + 2)
    return _push(state, silent, "placeholder", found[1].strip(), found.end())


def _formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$":
        return False
    found = _FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    return _push(state, silent, "formula", found[1], found.end())


def _citation(state: StateInline, silent: bool) -> bool:
    character = state.src[state.pos]
    if character == "@":
        before = state.src[state.pos - 1] if state.pos else " "
        found = _NARRATIVE.match(state.src, state.pos)
        if found is None or before.isalnum():
            return False
        return _push(
            state, silent, "citation", found[0], found.end(), works=[(found[1], "")], narrative=True
        )
    group = _GROUP.match(state.src, state.pos) if character == "[" else None
    if group is None or not _SEEMS_CITED.search(group[1]):
        return False
    works = [_CITED.fullmatch(part) for part in group[1].split(";")]
    read = [(each[1], each[2] or "") for each in works if each]
    if len(read) < len(works):
        wrong = (
            f"{group[0]} is not a citation: write [@key], [@key, p. 3] or [@key; @other], words "
            "around it, and \\@ where no work is meant."
        )
        return _push(state, silent, "wrong", wrong, group.end())
    return _push(state, silent, "citation", group[0], group.end(), works=read, narrative=False)


def _footnote(state: StateInline, silent: bool) -> bool:
    if state.src.startswith("[^", state.pos):
        wrong = "a footnote is written where it belongs: ^[its text]."
        return _push(state, silent, "wrong", wrong, state.pos + 2)
    if not state.src.startswith("^[", state.pos):
        return False
    end = state.md.helpers.parseLinkLabel(state, state.pos + 1)
    if end < 0:
        return False
    if silent:
        return _push(state, silent, "", "", end + 1)
    inner: list[object] = []
    state.md.inline.parse(state.src[state.pos + 2 : end], state.md, state.env, inner)  # type: ignore[arg-type]
    return _push(state, silent, "footnote", "", end + 1, children=inner)


def _display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    begins = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("$$", begins) or state.is_code_block(start):
        return False
    line = start
    while True:
        first = begins + 2 if line == start else state.bMarks[line] + state.tShift[line]
        text = state.src[first : state.eMarks[line]].rstrip()
        if text.endswith("$$"):
            break
        line += 1
        if line >= end:
            break
    if silent:
        return True
    closed = line < end
    last = state.eMarks[line] if closed else state.eMarks[end - 1]
    token = state.push("display", "", 0)
    token.block = True
    token.map = [start, min(line + 1, end)]
    token.content = state.src[begins + 2 : last].rstrip().removesuffix("$$")
    token.meta = {"closed": closed}
    state.line = min(line + 1, end)
    return True
