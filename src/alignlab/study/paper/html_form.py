"""A paper as one page of HTML: nothing to load, no script, light and dark, read out in order.

Citations and the list of works are Typst's, so that they are the PDF's own. A content security
policy forbids every request and every script, whatever a text may say.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

from alignlab.plain import printable
from alignlab.study.paper.formula_forms import formula_mathml
from alignlab.study.paper.manuscript import Manuscript
from alignlab.study.paper.nodes import (
    Block,
    Citation,
    Cited,
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
from alignlab.study.paper.pictures import drawn_safely
from alignlab.study.paper.typesetting import html_of
from alignlab.study.paper.typst_form import bibliography_yaml, cited_typst, quoted

__all__ = ["html_page"]

IMAGES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def html_page(paper: Manuscript) -> str:
    """Return a paper as one HTML page.

    Parameters
    ----------
    paper
        Without sections in Typst.
    """
    style = files("alignlab.study.paper").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    page = _Page(_cited(paper))
    page.number(paper)
    body = page.blocks(paper.sections)
    people = "".join(
        "<li>"
        + "".join(
            f'<span class="{kind}">{escape(said)}</span>'
            for kind, said in (
                ("name", each.name),
                ("more", each.affiliation),
                ("more", each.email),
            )
            if said
        )
        + "</li>"
        for each in paper.authors
    )
    authors = (
        f'<ul class="authors">{people}</ul>'
        if people
        else f'<p class="who">{escape(paper.byline)}</p>'
    )
    abstract = ""
    if paper.abstract:
        abstract = (
            '<section class="abstract" aria-labelledby="abstract"><h2 id="abstract">Abstract</h2>'
            f"{page.blocks(paper.abstract)}{_keywords(paper)}</section>"
        )
    works = ""
    if paper.works:
        works = (
            '<section class="works" aria-labelledby="references">'
            f'<h2 id="references">References</h2>{page.cited.works}</section>'
        )
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title in page.contents)
    return printable(
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(paper.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#text">Skip to the text</a>\n'
        f"<header>\n<h1>{escape(paper.title)}</h1>\n{authors}\n</header>\n"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n'
        f'<main id="text">\n{abstract}\n{body}\n{page.notes_list()}\n{works}\n</main>\n'
        "</body>\n</html>\n"
    )


def _keywords(paper: Manuscript) -> str:
    if not paper.keywords:
        return ""
    return f"<p><strong>Keywords:</strong> {escape(', '.join(paper.keywords))}</p>"


@dataclass
class _Citations:
    """What Typst made of each citation, and of the list of works."""

    texts: Mapping[Citation, str]
    works: str


@dataclass
class _Page:
    """A page as it is written: numbers handed out, notes gathered."""

    cited: _Citations
    contents: list[tuple[str, str]] = field(default_factory=list)
    sections: list[int] = field(default_factory=lambda: [0] * 6)
    counts: dict[str, int] = field(default_factory=lambda: {"table": 0, "figure": 0})
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def number(self, paper: Manuscript) -> None:
        """Give tables and figures their numbers, so that a text may point ahead."""
        counts = {"table": 0, "figure": 0}
        for each in walk(paper.sections):
            kind = "table" if isinstance(each, Grid) else "figure"
            if isinstance(each, Grid | Figure) and (each.caption or each.name):
                counts[kind] += 1
                if each.name:
                    self.numbers[kind, each.name] = counts[kind]

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "\n".join(map(self.block, blocks))

    def block(self, block: Block) -> str:
        match block:
            case Heading(level, children):
                return self.heading(level, children)
            case Paragraph(children):
                return f"<p>{self.inline(children)}</p>"
            case Items(items, start):
                bodies = "".join(f"<li>{self.item(item)}</li>" for item in items)
                if start is None:
                    return f"<ul>{bodies}</ul>"
                first = f' start="{start}"' if start != 1 else ""
                return f"<ol{first}>{bodies}</ol>"
            case Quote(blocks):
                return f"<blockquote>{self.blocks(blocks)}</blockquote>"
            case CodeBlock(text):
                return f'<pre tabindex="0"><code>{escape(text, quote=False)}</code></pre>'
            case Display(formula):
                inner = formula_mathml(formula, display=True)
                return f'<div class="display" tabindex="0">{inner}</div>'
            case Grid():
                return self.grid(block)
            case Figure():
                return self.figure(block)
            case Source(file):
                return f"<p>{escape(file)}</p>"

    def item(self, blocks: tuple[Block, ...]) -> str:
        if len(blocks) == 1 and isinstance(blocks[0], Paragraph):
            return self.inline(blocks[0].children)
        return self.blocks(blocks)

    def heading(self, level: int, children: tuple[Inline, ...]) -> str:
        self.sections[level - 1] += 1
        self.sections[level:] = [0] * (6 - level)
        number = ".".join(map(str, self.sections[:level]))
        key = f"section-{number.replace('.', '-')}"
        title = self.inline(children)
        if level == 1:
            self.contents.append((key, f"{number} {escape(plain_text(children))}"))
        tag = f"h{min(level + 1, 6)}"
        return f'<{tag} id="{key}"><span class="number">{number}</span> {title}</{tag}>'

    def caption(self, kind: str, name: str, caption: tuple[Inline, ...]) -> tuple[str, str]:
        """Return an id's attribute and the caption with its number."""
        self.counts[kind] += 1
        said = f"{kind.capitalize()} {self.counts[kind]}"
        key = f' id="{kind}-{_anchor(name)}"' if name else ""
        return key, f"<strong>{said}</strong> {self.inline(caption)}"

    def grid(self, grid: Grid) -> str:
        key, caption = "", ""
        if grid.caption or grid.name:
            key, words = self.caption("table", grid.name, grid.caption)
            caption = f"<caption>{words}</caption>"
        sides = grid.align
        head = "".join(
            f'<th scope="col" class="{side}">{self.inline(cell)}</th>'
            for cell, side in zip(grid.columns, sides, strict=True)
        )
        rows = "".join(
            "<tr>"
            + "".join(
                f'<th scope="row" class="{side}">{self.inline(cell)}</th>'
                if at == 0 and side == "left"
                else f'<td class="{side}">{self.inline(cell)}</td>'
                for at, (cell, side) in enumerate(zip(row, sides, strict=True))
            )
            + "</tr>\n"
            for row in grid.rows
        )
        label = escape(plain_text(grid.caption)) or "Table"
        return (
            f'<div class="scroll" tabindex="0" role="group" aria-label="{label}"><table{key}>'
            f"{caption}<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
        )

    def figure(self, figure: Figure) -> str:
        key, caption = self.caption("figure", figure.name, figure.caption)
        words = escape(figure.description or plain_text(figure.caption))
        suffix = f".{figure.file.rpartition('.')[2]}"
        prefix = f"figure{self.counts['figure']}-"
        drawn = drawn_safely(figure.content, prefix=prefix) if suffix == ".svg" else None
        if drawn is None:
            data = base64.b64encode(figure.content).decode()
            picture = f'<img alt="{words}" src="data:{IMAGES[suffix]};base64,{data}">'
        else:
            picture = drawn.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)
        return (
            f'<figure{key}><div class="drawing" tabindex="0" role="group" aria-label="{words}">'
            f"{picture}</div><figcaption>{caption}</figcaption></figure>"
        )

    def inline(self, children: tuple[Inline, ...]) -> str:
        return "".join(map(self.piece, children))

    def piece(self, piece: Inline) -> str:
        match piece:
            case Text(text):
                return escape(text, quote=False)
            case Value(text, name):
                return f'<data value="{escape(name)}">{escape(text, quote=False)}</data>'
            case Emphasis(children):
                return f"<em>{self.inline(children)}</em>"
            case Strong(children):
                return f"<strong>{self.inline(children)}</strong>"
            case Code(text):
                return f"<code>{escape(text, quote=False)}</code>"
            case Link(address, children):
                return f'<a href="{escape(address)}">{self.inline(children)}</a>'
            case Mathematics(formula):
                return formula_mathml(formula)
            case Citation():
                return self.cited.texts[piece]
            case Note(children):
                self.notes.append("")
                number = len(self.notes)
                self.notes[number - 1] = self.inline(children)
                return (
                    f'<sup><a id="noted-{number}" href="#note-{number}" role="doc-noteref">'
                    f"{number}</a></sup>"
                )
            case See(kind, name):
                number = self.numbers[kind, name]
                return f'<a href="#{kind}-{_anchor(name)}">{kind.capitalize()} {number}</a>'
            case LineBreak():
                return "<br>"

    def notes_list(self) -> str:
        if not self.notes:
            return ""
        items = "".join(
            f'<li id="note-{at}">{words} <a href="#noted-{at}" role="doc-backlink" '
            f'aria-label="Back to the text">↩</a></li>'
            for at, words in enumerate(self.notes, start=1)
        )
        return (
            f'<section class="notes" role="doc-endnotes"><h2>Notes</h2><ol>{items}</ol></section>'
        )


def _anchor(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)


def _cited(paper: Manuscript) -> _Citations:
    """Let Typst make all citations in the order of the text, and the list of works."""
    pieces = (*walk(paper.abstract), *walk(paper.sections))
    citations = list(dict.fromkeys(each for each in pieces if isinstance(each, Citation)))
    if not citations:
        return _Citations({}, "")
    keys = [each.key for each in paper.works]
    asked = [*map(cited_typst, citations)]
    # One more citation a work tells which entry of the list is whose.
    asked += [cited_typst(Citation((Cited(key),))) for key in keys]
    lines = [
        f'#html.elem("div", attrs: (class: "piece{at}."))[{call}]' for at, call in enumerate(asked)
    ]
    lines.append(f'#bibliography("references.yaml", title: none, style: {quoted(paper.style)})')
    made = html_of({"main.typ": "\n".join(lines).encode(),
                    "references.yaml": bibliography_yaml(paper).encode()})  # fmt: skip
    # The page's policy takes no style from an attribute.
    made = re.sub(r' style="[^"]*"', "", made)
    found = re.findall(r'<div class="piece\d+\.">(.*?)</div>', made, re.DOTALL)
    places = {}
    for key, call in zip(keys, found[len(citations) :], strict=True):
        target = re.search(r'href="#([\w-]+)"', call)
        if target:
            places[target[1]] = f"work-{_anchor(key)}"

    def placed(text: str) -> str:
        text = re.sub(r' id="(?!work-)(loc-\d+)"', lambda m: _id(m, places), text)
        return re.sub(r'href="#(loc-\d+)"', lambda m: f'href="#{places.get(m[1], "text")}"', text)

    works = made.partition('<section role="doc-bibliography"')[2].partition(">")[2]
    works = works.partition("</section>")[0]
    works = re.sub(r'<a [^>]*role="doc-backlink">(.*?)</a>', r"\1", works)
    texts = zip(citations, map(placed, found), strict=False)
    return _Citations(dict(texts), placed(works))


def _id(found: re.Match[str], places: Mapping[str, str]) -> str:
    key = places.get(found[1])
    return f' id="{key}"' if key else ""
