"""A paper as Typst: one main file in our template, its figures, and the works it cites.

Every text is escaped sign by sign, so that no title, level or name can be markup, let alone run.
"""

from __future__ import annotations

import re
from importlib.resources import files

from alignlab.guide import Reference
from alignlab.guide.citing import cite
from alignlab.plain import printable
from alignlab.study.paper.formula_forms import formula_typst
from alignlab.study.paper.manuscript import Manuscript
from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Code,
    CodeBlock,
    Display,
    Emphasis,
    Figure,
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
    Source,
    Strong,
    Text,
    Value,
    plain_text,
    walk,
)
from alignlab.wording import shortened

__all__ = ["bibliography_yaml", "by_key", "cited_typst", "escaped", "quoted", "typst_files"]

COLUMN_POINTS = 241.0
"""Width of one of two columns; the page's text is 499 wide, or 414 in one column."""

RUNNING = 84
"""Letters of the title that a page's head has room for."""

POINTS = 0.75
"""Of a CSS pixel."""

SMALLEST = 0.72
"""A figure that would be drawn smaller than this spans both columns: its letters stay readable."""

IMPORT = '#import "/template.typ": display, paper, ruled, wide'

SPECIAL = re.compile(
    r"""[\\#$*_`<>@~\[\]/"+=-]|(?<![^\W\d_])'|'(?![^\W\d_])|:(?=/)"""
    r"""|(?<=\d)\.(?=\s|$)|\.(?=\.)|(?<=\.)\.|^\."""
)
"""Signs that Typst's markup would take for something else; an apostrophe within a word is one."""

BREAKS = re.compile(r"[\s\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")


def typst_files(paper: Manuscript) -> dict[str, bytes]:
    """Return the files from which Typst sets a paper, by name; `main.typ` is the first to read.

    Parameters
    ----------
    paper
        The paper.
    """
    held: dict[str, bytes] = {"template.typ": _template()}
    for each in walk(paper.sections):
        if isinstance(each, Figure):
            held[each.file] = _readable(each)
        elif isinstance(each, Source):
            held[each.file] = each.text.encode()
            for file, block in each.placed:
                held[file] = f"{IMPORT}\n\n{_block(block, paper)}\n".encode()
    if paper.works:
        held["references.yaml"] = bibliography_yaml(paper).encode()
    held["main.typ"] = _main(paper).encode()
    return held


def bibliography_yaml(paper: Manuscript) -> str:
    """Return the works that a paper cites as Typst reads them."""
    return cite([each.key for each in paper.works], "typst", works=by_key(paper))


def by_key(paper: Manuscript) -> dict[str, Reference]:
    """Return the works that a paper cites by their keys."""
    return {each.key: each for each in paper.works}


def escaped(text: str) -> str:
    r"""Return words as Typst's markup writes them.

    Examples
    --------
    >>> print(escaped("a #let in [b] // c"))
    a \#let in \[b\] \/\/ c
    """
    return SPECIAL.sub(r"\\\g<0>", BREAKS.sub(" ", printable(text)))


def quoted(text: str) -> str:
    r"""Return words as a string of Typst's code.

    Examples
    --------
    >>> print(quoted('say "a\\b"'))
    "say \"a\\b\""
    """
    clean = BREAKS.sub(" ", printable(text)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean}"'


def _template() -> bytes:
    return files("alignlab.study.paper").joinpath("template.typ").read_bytes()


def _readable(figure: Figure) -> bytes:
    """Return a picture; an SVG's letters are those of the page, which are the same everywhere."""
    if not figure.file.endswith(".svg"):
        return figure.content
    text = figure.content.decode("utf-8", "replace")
    return re.sub(r'font-family="[^"]*"', 'font-family="Libertinus Serif"', text).encode()


def _main(paper: Manuscript) -> str:
    people = [
        f"(name: {quoted(each.name)}, family: {quoted(each.name.split()[-1])}, more: "
        f"({''.join(f'{quoted(more)}, ' for more in (each.affiliation, each.email) if more)})),"
        for each in paper.authors
    ] or [f"(name: {quoted(paper.byline)}, family: {quoted(paper.byline)}, more: ()),"]
    lines = [
        IMPORT,
        "",
        "#show: paper.with(",
        f"  title: {quoted(paper.title)},",
        f"  short: {quoted(shortened(paper.title, RUNNING))},",
        f"  authors: ({' '.join(people)}),",
        f"  columns: {paper.columns},",
        f"  keywords: ({''.join(f'{quoted(word)}, ' for word in paper.keywords)}),",
        f"  abstract: {f'[{_blocks(paper.abstract, paper)}]' if paper.abstract else 'none'},",
        ")",
        "",
        _blocks(paper.sections, paper),
    ]
    if paper.works:
        lines += ["", "#place.flush()", "#set par(justify: false)", "#set text(size: 0.92em)"]
        style = quoted(paper.style)
        lines.append(f'#bibliography("references.yaml", title: "References", style: {style})')
    return "\n".join(lines) + "\n"


def _blocks(blocks: tuple[Block, ...], paper: Manuscript) -> str:
    return "\n\n".join(_block(each, paper) for each in blocks)


def _block(block: Block, paper: Manuscript) -> str:
    match block:
        case Heading(level, children):
            return f"#heading(level: {level})[{_inline(children)}]"
        case Paragraph(children):
            return _inline(children)
        case Items(items, start):
            bodies = "".join(f"[{_blocks(item, paper)}], " for item in items)
            tight = "true" if all(len(item) < 2 for item in items) else "false"
            if start is None:
                return f"#list(tight: {tight}, {bodies})"
            return f"#enum(tight: {tight}, start: {start}, {bodies})"
        case Quote(blocks):
            return f"#quote(block: true)[{_blocks(blocks, paper)}]"
        case CodeBlock(text):
            lines = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'#raw(block: true, "{lines}")'
        case Display(formula):
            return f"#display[$ {formula_typst(formula)} $]"
        case Grid():
            return _grid(block, paper)
        case Figure():
            return _figure(block, paper)
        case Source(file):
            return f"#include {quoted(file)}"


def _figure(figure: Figure, paper: Manuscript) -> str:
    natural = figure.width * POINTS
    room = COLUMN_POINTS if paper.columns == 2 else 414.0
    spans = paper.columns == 2 and (not natural or room < SMALLEST * natural)
    width = "100%" if not natural or natural > (499.0 if spans else room) else f"{natural:.1f}pt"
    image = f"image({quoted(figure.file)}, width: {width}, alt: {quoted(figure.description)})"
    return _labelled(image, "figure", figure.name, figure.caption, "image", spans=spans)


def _grid(grid: Grid, paper: Manuscript) -> str:
    longest = [
        max((len(plain_text(row[at])) for row in (grid.columns, *grid.rows)), default=0)
        for at in range(len(grid.columns))
    ]
    letters = sum(min(each, 44) for each in longest) + 2 * len(longest)
    spans = paper.columns == 2 and letters > 62
    room = 62 if paper.columns == 2 and not spans else 118
    # Where the words do not fit beside each other, the longest columns share what is left.
    tight = sum(longest) + 2 * len(longest) > room
    widths = [
        f"{min(each, 80)}fr" if tight and each > 24 and side != "right" else "auto"
        for each, side in zip(longest, grid.align, strict=True)
    ]
    sides = grid.align

    def cells(row: tuple[tuple[Inline, ...], ...], *, fixed: bool = True) -> str:
        return " ".join(
            f"[{_inline(cell, fixed=fixed and side == 'right')}],"
            for cell, side in zip(row, sides, strict=True)
        )

    table = (
        f"ruled(columns: ({', '.join(widths)},), align: ({', '.join(sides)},), "
        f"head: ({cells(grid.columns, fixed=False)}),\n  "
        + "\n  ".join(map(cells, grid.rows))
        + "\n)"
    )
    if not grid.caption and not grid.name:
        return f"#align(center, {table})"
    return _labelled(table, "table", grid.name, grid.caption, "table", spans=spans)


def _labelled(
    body: str, kind: str, name: str, caption: tuple[Inline, ...], of: str, *, spans: bool
) -> str:
    label = f" #label({quoted(f'{kind}:{name}')})" if name else ""
    figure = f"#figure({body}, kind: {of}, caption: [{_inline(caption)}]){label}"
    return f"#wide[{figure}]" if spans else figure


def _inline(children: tuple[Inline, ...], *, fixed: bool = False) -> str:
    return "".join(_piece(each, fixed) for each in children)


def _piece(piece: Inline, fixed: bool = False) -> str:
    match piece:
        case Text(text) | Value(text, _):
            return escaped(text).replace(" ", "~") if fixed else escaped(text)
        case Emphasis(children):
            return f"#emph[{_inline(children)}];"
        case Strong(children):
            return f"#strong[{_inline(children)}];"
        case Code(text):
            return f"#raw({quoted(text)});"
        case Link(address, children):
            return f"#link({quoted(address)})[{_inline(children)}];"
        case Mathematics(formula):
            return f"${formula_typst(formula)}$"
        case Citation():
            return cited_typst(piece)
        case Note(children):
            return f"#footnote[{_inline(children)}];"
        case See(kind, name):
            return f"#ref(label({quoted(f'{kind}:{name}')}));"
        case LineBreak():
            return "#linebreak();"


def cited_typst(citation: Citation) -> str:
    """Return a citation as Typst's calls."""
    form = ', form: "prose"' if citation.narrative else ""
    return "".join(
        f"#cite(label({quoted(each.key)})"
        + (f", supplement: [{escaped(each.place)}]" if each.place else "")
        + f"{form});"
        for each in citation.works
    )
