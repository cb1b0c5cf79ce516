r"""A paper as LaTeX: `paper.tex`, `references.bib` and figures in PDF, for venues that ask for it.

It is an article with natbib, booktabs and graphicx, which every distribution has; a venue's own
class replaces the first line. Every text is escaped sign by sign, so that no title is a command.
"""

from __future__ import annotations

import re

from alignlab.guide.citing import cite
from alignlab.plain import printable
from alignlab.study.paper.formula_forms import formula_latex
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
from alignlab.study.paper.typesetting import pdf_of
from alignlab.study.paper.typst_form import by_key

__all__ = ["latex_escaped", "latex_files"]

SPECIALS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "…": r"\ldots{}",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "→": r"$\rightarrow$",
    "\u00a0": "~",
}
"""What LaTeX would read as something else, and signs that its usual letters lack."""

RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))

SECTIONS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph", "subparagraph")


def latex_files(paper: Manuscript) -> dict[str, bytes]:
    """Return a paper's LaTeX source, its bibliography and its figures, by name.

    Parameters
    ----------
    paper
        Without sections in Typst.
    """
    held: dict[str, bytes] = {"paper.tex": _document(paper).encode()}
    if paper.works:
        works = cite([each.key for each in paper.works], "bibtex", works=by_key(paper))
        held["references.bib"] = works.encode()
    for each in walk(paper.sections):
        if isinstance(each, Figure):
            held[_graphic(each)] = _as_pdf(each)
    return held


def latex_escaped(text: str) -> str:
    r"""Return words as LaTeX writes them.

    Examples
    --------
    >>> print(latex_escaped("50% of $x_1$ & \\input{a}"))
    50\% of \$x\_1\$ \& \textbackslash{}input\{a\}
    """
    words = re.sub(r"\s+", " ", printable(text).replace("\u00a0", "\ue000")).replace(
        "\ue000", "\u00a0"
    )
    words = "".join(_sign(words, at) for at in range(len(words)))
    return re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"$^{{{''.join(RAISED[c] for c in m[0])}}}$", words)


def _sign(words: str, at: int) -> str:
    sign = words[at]
    if sign == "-" and words[at + 1 : at + 2] != "-" and words[at - 1 : at] != "-":
        return "-"
    if sign == "'" and words[at - 1 : at].isalpha() and words[at + 1 : at + 2].isalpha():
        return sign
    return SPECIALS.get(sign, sign)


def _document(paper: Manuscript) -> str:
    two = "twocolumn," if paper.columns == 2 else ""
    numeric = paper.style == "ieee"
    authors = r" \and ".join(
        r"\\ ".join(map(latex_escaped, filter(None, (each.name, each.affiliation, each.email))))
        for each in paper.authors
    )
    lines = [
        rf"\documentclass[{two}10pt,a4paper]{{article}}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage{textcomp}",
        r"\usepackage{amsmath,amssymb}",
        r"\usepackage{booktabs}",
        r"\usepackage{graphicx}",
        r"\usepackage{hyperref}",
        rf"\usepackage[{'numbers,sort&compress' if numeric else 'round,authoryear'}]{{natbib}}",
        "",
        rf"\title{{{latex_escaped(paper.title)}}}",
        rf"\author{{{authors or latex_escaped(paper.byline)}}}",
        r"\date{}",
        "",
        r"\begin{document}",
        r"\maketitle",
        "",
    ]
    if paper.abstract:
        lines += [r"\begin{abstract}", _blocks(paper.abstract, paper), r"\end{abstract}", ""]
    if paper.keywords:
        words = latex_escaped(", ".join(paper.keywords))
        lines += [rf"\noindent\textbf{{Keywords:}} {words}", ""]
    lines.append(_blocks(paper.sections, paper))
    if paper.works:
        style = "unsrtnat" if numeric else "plainnat"
        lines += ["", rf"\bibliographystyle{{{style}}}", r"\bibliography{references}"]
    return "\n".join([*lines, "", r"\end{document}", ""])


def _blocks(blocks: tuple[Block, ...], paper: Manuscript) -> str:
    return "\n\n".join(_block(each, paper) for each in blocks)


def _block(block: Block, paper: Manuscript) -> str:
    match block:
        case Heading(level, children):
            return rf"\{SECTIONS[level - 1]}{{{_inline(children)}}}"
        case Paragraph(children):
            return _inline(children)
        case Items(items, start):
            name = "itemize" if start is None else "enumerate"
            first = rf"\setcounter{{enumi}}{{{start - 1}}}" if start not in (None, 1) else ""
            # An item that begins with a bracket would be taken for its label.
            bodies = "\n".join(rf"\item {{}}{_blocks(item, paper)}" for item in items)
            return f"\\begin{{{name}}}{first}\n{bodies}\n\\end{{{name}}}"
        case Quote(blocks):
            return f"\\begin{{quote}}\n{_blocks(blocks, paper)}\n\\end{{quote}}"
        case CodeBlock(text):
            rows = [latex_escaped(line).replace(" ", "~") for line in text.split("\n")]
            inner = "\\\\\n".join(rf"\texttt{{{row}}}\mbox{{}}" for row in rows)
            return f"\\begin{{flushleft}}\\small\n{inner}\n\\end{{flushleft}}"
        case Display(formula):
            return rf"\[ {formula_latex(formula)} \]"
        case Grid():
            return _grid(block, paper)
        case Figure():
            return _figure(block, paper)
        case Source(file):
            return latex_escaped(file)


def _grid(grid: Grid, paper: Manuscript) -> str:
    longest = [
        max((len(plain_text(row[at])) for row in (grid.columns, *grid.rows)), default=0)
        for at in range(len(grid.columns))
    ]
    wide = paper.columns == 2 and sum(longest) + 2 * len(longest) > 62
    tight = sum(longest) > 90
    long = [each > 24 and side != "right" for each, side in zip(longest, grid.align, strict=True)]
    share = 0.7 / max(1, sum(long))
    kinds = "".join(
        rf"p{{{share:.2f}\linewidth}}" if tight and wrapped else side[0]
        for wrapped, side in zip(long, grid.align, strict=True)
    )

    def row(cells: tuple[tuple[Inline, ...], ...]) -> str:
        return " & ".join(f"{{}}{_inline(cell)}" for cell in cells) + r" \\"

    table = "\n".join(
        [
            rf"\begin{{tabular}}{{{kinds}}}",
            r"\toprule",
            row(grid.columns),
            r"\midrule",
            *map(row, grid.rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )
    if not grid.caption and not grid.name:
        return f"\\begin{{center}}\n{table}\n\\end{{center}}"
    return _floating("table", "\\small\n" + table, grid.name, grid.caption, wide=wide, above=True)


def _figure(figure: Figure, paper: Manuscript) -> str:
    wide = paper.columns == 2 and figure.width > 450
    graphic = rf"\includegraphics[width=\linewidth]{{{_graphic(figure)}}}"
    return _floating("figure", graphic, figure.name, figure.caption, wide=wide, above=False)


def _floating(
    kind: str, body: str, name: str, caption: tuple[Inline, ...], *, wide: bool, above: bool
) -> str:
    environment = f"{kind}*" if wide else kind
    words = rf"\caption{{{_inline(caption)}}}"
    label = rf"\label{{{kind}:{_safe(name)}}}" if name else ""
    inner = [words + label, body] if above else [body, words + label]
    return "\n".join(
        [rf"\begin{{{environment}}}[tb]", r"\centering", *inner, rf"\end{{{environment}}}"]
    )


def _inline(children: tuple[Inline, ...]) -> str:
    return "".join(map(_piece, children))


def _piece(piece: Inline) -> str:
    match piece:
        case Text(text) | Value(text, _):
            return latex_escaped(text)
        case Emphasis(children):
            return rf"\emph{{{_inline(children)}}}"
        case Strong(children):
            return rf"\textbf{{{_inline(children)}}}"
        case Code(text):
            return rf"\texttt{{{latex_escaped(text)}}}"
        case Link(address, children):
            target = re.sub(r"[%#&\\{}~^_$]", lambda m: f"\\{m[0]}", address)
            return rf"\href{{{target}}}{{{_inline(children)}}}"
        case Mathematics(formula):
            return f"${formula_latex(formula)}$"
        case Citation():
            return _cited(piece)
        case Note(children):
            return rf"\footnote{{{_inline(children)}}}"
        case See(kind, name):
            return rf"{kind.capitalize()}~\ref{{{kind}:{_safe(name)}}}"
        case LineBreak():
            return r"\newline{}"


def _cited(citation: Citation) -> str:
    command = "citet" if citation.narrative else "citep"
    if not any(each.place for each in citation.works):
        return rf"\{command}{{{','.join(each.key for each in citation.works)}}}"
    if len(citation.works) == 1:
        (work,) = citation.works
        return rf"\{command}[{{{latex_escaped(work.place)}}}]{{{work.key}}}"
    # natbib takes one place a command.
    inner = "; ".join(
        rf"\citealp[{{{latex_escaped(each.place)}}}]{{{each.key}}}"
        if each.place
        else rf"\citealp{{{each.key}}}"
        for each in citation.works
    )
    return f"[{inner}]"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", name)


def _graphic(figure: Figure) -> str:
    stem, _, suffix = figure.file.rpartition(".")
    return f"{stem}.pdf" if suffix == "svg" else figure.file


def _as_pdf(figure: Figure) -> bytes:
    if not figure.file.endswith(".svg"):
        return figure.content
    text = re.sub(rb'font-family="[^"]*"', b'font-family="Libertinus Serif"', figure.content)
    width = f"{figure.width * 0.75:.2f}pt" if figure.width else "480pt"
    page = (
        "#set page(width: auto, height: auto, margin: 0pt)\n"
        f'#set document(date: none)\n#image("drawing.svg", width: {width})\n'
    )
    return pdf_of({"main.typ": page.encode(), "drawing.svg": text})
