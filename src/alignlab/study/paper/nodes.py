"""What a paper is made of, whatever it is set in: blocks of inline pieces, all frozen values.

Every renderer takes these and escapes the texts in them; nothing in a text is markup any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alignlab.study.paper.formulas import Formula

__all__ = [
    "Block",
    "Citation",
    "Cited",
    "Code",
    "CodeBlock",
    "Display",
    "Emphasis",
    "Figure",
    "Grid",
    "Heading",
    "Inline",
    "Items",
    "LineBreak",
    "Link",
    "Mathematics",
    "Note",
    "Paragraph",
    "Quote",
    "See",
    "Source",
    "Strong",
    "Text",
    "Value",
    "as_text",
    "plain_text",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Text:
    """Words, verbatim."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A number or a sentence from the results, and the name it stands under there."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Stressed words."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strong:
    """Words in bold."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A program's words."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address."""

    address: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Mathematics:
    """A formula within a line."""

    formula: Formula


@dataclass(frozen=True, slots=True)
class Cited:
    """One work of a citation, and the place in it ("p. 3")."""

    key: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Works cited together; `narrative` where the authors' names are part of the sentence."""

    works: tuple[Cited, ...]
    narrative: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class See:
    """A pointer to a table or a figure: "Table 1"."""

    kind: Literal["table", "figure"]
    name: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A line ends here."""


Inline = (
    Text | Value | Emphasis | Strong | Code | Link | Mathematics | Citation | Note | See | LineBreak
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's title; level 1 is a section of the paper."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `start` is the first number of an ordered one."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody else's words."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines of a program."""

    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """A formula on a line of its own."""

    formula: Formula


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Attributes
    ----------
    name
        What `{{ see table NAME }}` says; empty where nothing can point to it.
    caption
        Above the table; empty for none.
    columns, rows
        Cells as inline pieces.
    align
        "left", "center" or "right" for each column.
    """

    name: str
    caption: tuple[Inline, ...]
    columns: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    align: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption below.

    Attributes
    ----------
    name
        What `{{ see figure NAME }}` says; empty where nothing can point to it.
    caption
        Below the figure.
    description
        What it shows, for those who do not see it.
    file
        The picture's name among the paper's files, ending in `.svg`, `.png` or `.jpg`.
    content
        Its bytes.
    width, height
        In CSS pixels; 0 where unknown.
    """

    name: str
    caption: tuple[Inline, ...]
    description: str
    file: str
    content: bytes
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """A section written in Typst.

    Attributes
    ----------
    file, text
        Its name among the paper's files, and what it says, placeholders replaced.
    placed
        The tables and figures that it reads, by the file that each is read from.
    cites
        The keys of the works that it may cite.
    """

    file: str
    text: str
    placed: tuple[tuple[str, Block], ...] = ()
    cites: tuple[str, ...] = ()


Block = Heading | Paragraph | Items | Quote | CodeBlock | Display | Grid | Figure | Source


def as_text(text: str) -> tuple[Inline, ...]:
    """Return words as inline pieces."""
    return (Text(text),) if text else ()


def plain_text(children: tuple[Inline, ...]) -> str:
    """Return the words of inline pieces, without markup, citations and notes.

    Examples
    --------
    >>> plain_text((Text("so "), Emphasis((Text("it"),)), Text(" is")))
    'so it is'
    """
    parts = []
    for each in children:
        if isinstance(each, Text | Value | Code):
            parts.append(each.text)
        elif isinstance(each, Emphasis | Strong | Link):
            parts.append(plain_text(each.children))
        elif isinstance(each, LineBreak):
            parts.append(" ")
        elif isinstance(each, Mathematics):
            parts.append(each.formula.source)
    return "".join(parts)


def walk(blocks: tuple[Block, ...]) -> tuple[Block | Inline, ...]:
    """Return every block and inline piece, in the order in which a reader meets them."""
    found: list[Block | Inline] = []

    def inline(children: tuple[Inline, ...]) -> None:
        for each in children:
            found.append(each)
            if isinstance(each, Emphasis | Strong | Link | Note):
                inline(each.children)

    def block(each: Block) -> None:
        found.append(each)
        if isinstance(each, Heading | Paragraph):
            inline(each.children)
        elif isinstance(each, Items):
            for item in each.items:
                for inner in item:
                    block(inner)
        elif isinstance(each, Quote):
            for inner in each.blocks:
                block(inner)
        elif isinstance(each, Source):
            for _, inner in each.placed:
                block(inner)
        elif isinstance(each, Figure):
            inline(each.caption)
        elif isinstance(each, Grid):
            inline(each.caption)
            for cells in (each.columns, *each.rows):
                for cell in cells:
                    inline(cell)

    for each in blocks:
        block(each)
    return tuple(found)
