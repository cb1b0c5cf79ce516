"""A section's Markdown, read into nodes: names become numbers here, and every error names its line.

A name without a number, a table, a figure or a work stops the reading: what a paper says of the
results is said by the results or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError
from alignlab.study.paper.citing import Library
from alignlab.study.paper.formulas import read_formula
from alignlab.study.paper.markdown import markdown_parser
from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Cited,
    Code,
    CodeBlock,
    Display,
    Emphasis,
    Grid,
    Heading,
    Inline,
    Items,
    LineBreak,
    Link,
    Mathematics,
    Note,
    Paragraph,
    Quote,
    See,
    Strong,
    Text,
    Value,
    plain_text,
)
from alignlab.study.paper.pictures import placed_figure, placed_picture
from alignlab.study.paper.placed_tables import placed_table
from alignlab.study.paper.values import Findings

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["TYPED", "Reader", "resolve"]

TYPED = re.compile(
    r"(?<![\w.])(?<!Section )(?<!§)(?<!§ )(?<![A-Za-z]-)(?!10\.\d{4,9}/)"
    r"(?:(?:\d*[.·．])?\d+\s*(?:\\?%|‰|per ?cent|pp\b)|\d*[.·．]\d+|\d+[eE][-+−]?\d+)|[¼-¾⅐-⅞]"
)
"""A number that only results can know: with decimals or a percentage; not a section's or a DOI."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass
class Reader:
    """Reads the sections of one paper.

    Attributes
    ----------
    findings
        The results.
    library
        The works that may be cited.
    """

    findings: Findings
    library: Library

    def read(self, text: str, *, name: str, folder: Path, typed: bool = True) -> tuple[Block, ...]:
        """Read one section.

        Parameters
        ----------
        text
            Its Markdown.
        name
            The file, as an error names it.
        folder
            Where its pictures are.
        typed
            Whether numbers with decimals may be typed by hand.

        Raises
        ------
        InputError
            "name:line: what is wrong".
        """
        tokens = markdown_parser().parse(text)
        return _Section(self, name, folder, typed).blocks(tokens)


def resolve(reader: Reader, said: str) -> Inline | Block:
    """Return what a placeholder stands for.

    Parameters
    ----------
    reader
        Knows the results.
    said
        What stands between the braces.

    Raises
    ------
    InputError
        If there is no such thing.
    """
    words = said.split()
    if len(words) == 2 and words[0] == "table":
        return placed_table(reader.findings.table(words[1]), name=words[1])
    if len(words) == 2 and words[0] == "figure":
        return placed_figure(reader.findings, words[1])
    if len(words) == 3 and words[0] == "see" and words[1] in ("table", "figure"):
        getattr(reader.findings, words[1])(words[2])
        return See("table" if words[1] == "table" else "figure", words[2])
    if words[:1] == ["typed"] and len(words) > 1:
        return Text(said.removeprefix("typed").strip())
    name, _, form = (part.strip() for part in said.partition("|"))
    if not re.fullmatch(r"[\w.=-]+", name):
        raise InputError(
            f"{{{{ {said} }}}} is no placeholder: write {{{{ H1.difference }}}}, {{{{ table main "
            "}}, {{ figure H1 }}, {{ see table main }} or {{ typed 0.05 }}."
        )
    return Value(reader.findings.said(name, form), name)


@dataclass
class _Section:
    """One file, and where in it we are."""

    reader: Reader
    name: str
    folder: Path
    typed: bool
    line: int = 1
    tokens: list[Token] = field(default_factory=list)
    at: int = 0

    def wrong(self, message: str, line: int | None = None) -> InputError:
        return InputError(f"{self.name}:{line or self.line}: {message}")

    def checked(self, make: Callable[[], Any], line: int | None = None) -> Any:
        """Return what is made; an error then names the file and the line."""
        try:
            return make()
        except InputError as error:
            raise self.wrong(str(error), line) from error

    def blocks(self, tokens: list[Token]) -> tuple[Block, ...]:
        self.tokens, self.at = tokens, 0
        return self.until("")

    def until(self, end: str) -> tuple[Block, ...]:
        """Read blocks up to a closing token, and past it."""
        found: list[Block] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.type == end:
                break
            if token.map:
                self.line = token.map[0] + 1
            block = self.block(token)
            caption = self.caption(found, block)
            if caption is not None:
                found[-1] = caption
            elif block is not None:
                found.append(block)
        return tuple(found)

    def block(self, token: Token) -> Block | None:
        kind = token.type
        if kind == "heading_open":
            children = self.inline_here("heading_close")
            return Heading(int(token.tag[1]), children)
        if kind == "paragraph_open":
            return self.paragraph()
        if kind in ("bullet_list_open", "ordered_list_open"):
            return self.items(kind.replace("open", "close"), token)
        if kind == "blockquote_open":
            return Quote(self.until("blockquote_close"))
        if kind in ("fence", "code_block"):
            self.refuse_typed(token.content)
            return CodeBlock(token.content.rstrip("\n"))
        if kind == "display":
            if not token.meta["closed"]:
                raise self.wrong("a formula opens with $$ and is never closed.")
            return Display(self.checked(lambda: read_formula(self.filled(token.content))))
        if kind == "table_open":
            return self.grid()
        if kind == "html_block":
            if _COMMENT.sub("", token.content).strip():
                raise self.wrong(
                    "HTML is not read; write Markdown, and a comment on lines of its own."
                )
            return None
        if kind == "hr":
            raise self.wrong("a rule between sections has no place in a paper; use a heading.")
        raise self.wrong(f"{kind!r} has no place in a paper.")

    def inline_here(self, end: str) -> tuple[Inline, ...]:
        """Read the inline token that comes next, and its block's end."""
        children: tuple[Inline, ...] = ()
        while self.tokens[self.at].type != end:
            token = self.tokens[self.at]
            if token.type == "inline":
                children = self.inline(token.children or [])
            self.at += 1
        self.at += 1
        return children

    def paragraph(self) -> Block | None:
        inner = self.tokens[self.at].children or []
        alone = inner[0] if len(inner) == 1 else None
        if alone is not None and alone.type == "placeholder":
            said = self.checked(lambda: resolve(self.reader, alone.content))
            if not isinstance(said, Inline):
                self.at += 2
                return said
        if alone is not None and alone.type == "image":
            self.at += 2
            caption = self.inline(alone.children or [])
            source, title = str(alone.attrs["src"]), str(alone.attrs.get("title", ""))
            return self.checked(
                lambda: placed_picture(
                    self.folder,
                    source,
                    root=self.reader.findings.folder,
                    caption=caption,
                    description=title or plain_text(caption),
                )
            )
        children = self.inline_here("paragraph_close")
        return Paragraph(children) if children else None

    def items(self, end: str, token: Token) -> Block:
        found = []
        while self.tokens[self.at].type != end:
            self.at += 1
            found.append(self.until("list_item_close"))
        self.at += 1
        start = int(token.attrs.get("start", 1)) if "ordered" in token.type else None
        return Items(tuple(found), start)

    def grid(self) -> Block:
        rows: list[list[tuple[Inline, ...]]] = []
        align: list[str] = []
        while (token := self.tokens[self.at]).type != "table_close":
            if token.type == "tr_open":
                self.line = token.map[0] + 1 if token.map else self.line
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if token.type == "th_open":
                    side = str(token.attrs.get("style", "")).rpartition(":")[2]
                    align.append(side or "left")
                self.at += 1
                rows[-1].append(self.inline(self.tokens[self.at].children or []))
            self.at += 1
        self.at += 1
        head, *body = (tuple(row) for row in rows)
        return Grid("", (), head, tuple(body), tuple(align))

    @staticmethod
    def caption(found: Sequence[Block], block: Block | None) -> Block | None:
        """Return the table before with a paragraph as its caption, if that begins with a colon."""
        if not (found and isinstance(found[-1], Grid) and isinstance(block, Paragraph)):
            return None
        first = block.children[0] if block.children else None
        if not (isinstance(first, Text) and re.match(r":\s", first.text)):
            return None
        table = found[-1]
        caption = (Text(first.text[1:].lstrip()), *block.children[1:])
        return Grid(table.name, caption, table.columns, table.rows, table.align)

    def inline(self, tokens: Sequence[Token], top: int | None = None) -> tuple[Inline, ...]:
        """Return inline pieces; `top` is the line on which the tokens begin."""
        top = self.line if top is None else top
        line = top
        stack: list[tuple[Token | None, list[Inline]]] = [(None, [])]
        for token in tokens:
            kind, held = token.type, stack[-1][1]
            if kind in ("softbreak", "hardbreak"):
                line += 1
                held.append(Text(" ") if kind == "softbreak" else LineBreak())
            elif kind in ("em_open", "strong_open", "link_open"):
                stack.append((token, []))
            elif kind in ("em_close", "strong_close", "link_close"):
                opened, children = stack.pop()
                stack[-1][1].append(_wrapped(opened, tuple(children)))
            elif kind == "text":
                if token.content:
                    self.refuse_typed(token.content, line)
                    held.append(Text(_dashes(token.content)))
            elif kind == "code_inline":
                self.refuse_typed(token.content, line)
                held.append(Code(token.content))
            elif kind != "html_inline" or not _COMMENT.fullmatch(token.content):
                here = top + token.meta["line"] if "line" in token.meta else line
                held.append(self.ours(token, here))
                line += token.content.count("\n")
        return tuple(stack[0][1])

    def ours(self, token: Token, line: int) -> Inline:
        """Return a piece that CommonMark does not have."""
        kind, content = token.type, token.content
        if kind == "wrong":
            raise self.wrong(content, line)
        if kind == "formula":
            self.refuse_typed(content, line)
            filled = self.filled(content, line)
            return Mathematics(self.checked(lambda: read_formula(filled), line))
        if kind == "citation":
            works = tuple(Cited(*each) for each in token.meta["works"])
            for each in works:
                self.checked(partial(self.reader.library.require, each.key), line)
            return Citation(works, token.meta["narrative"])
        if kind == "footnote":
            return Note(self.inline(token.meta["children"], line))
        if kind == "placeholder":
            said = self.checked(lambda: resolve(self.reader, content), line)
            if not isinstance(said, Inline):
                raise self.wrong(
                    f"{{{{ {content} }}}} stands on a line of its own, between empty lines.", line
                )
            return said
        if kind == "image":
            raise self.wrong("a picture stands on a line of its own, between empty lines.", line)
        raise self.wrong(f"HTML is not read: {content[:40]!r}. Write Markdown.", line)

    def filled(self, formula: str, line: int | None = None) -> str:
        """Return a formula with its placeholders replaced by their numbers."""

        def number(found: re.Match[str]) -> str:
            said = self.checked(lambda: resolve(self.reader, found[1].strip()), line)
            if not isinstance(said, Text | Value):
                raise self.wrong(f"{found[0]} has no place in a formula.", line)
            words = re.sub(r"([%$&#_{}])", r"\\\1", said.text)
            return rf"\text{{{words}}}"

        return re.sub(r"\{\{\s+([^{}]*?)\s+\}\}", number, formula)

    def refuse_typed(self, text: str, line: int | None = None) -> None:
        """Raise where a number is typed that the results should say."""
        found = None if self.typed else TYPED.search(re.sub(r"\{\{.*?\}\}", "", text))
        if found:
            raise self.wrong(
                f"the number {found[0]!r} is typed by hand. Name the result, such as "
                f"{{{{ H1.difference }}}}, or write {{{{ typed {found[0]} }}}} if it is none.",
                line,
            )


def _wrapped(opened: Token | None, children: tuple[Inline, ...]) -> Inline:
    kind = opened.type if opened is not None else ""
    if opened is not None and kind == "link_open":
        return Link(str(opened.attrs["href"]), children)
    return Emphasis(children) if kind == "em_open" else Strong(children)


def _dashes(text: str) -> str:
    return text.replace("---", "—").replace("--", "–").replace("...", "…")
