r"""Formulas set in Typst, in MathML and in LaTeX, each from the same tree.

Every sign is written so that it can mean nothing else: Typst's punctuation is escaped, LaTeX gets
its own command back, MathML is escaped as XML.
"""

from __future__ import annotations

import unicodedata
from html import escape

from alignlab.study.paper.formulas import (
    ARRAYS,
    Accent,
    Array,
    Fenced,
    Formula,
    Fraction,
    Piece,
    Root,
    Row,
    Scripts,
    Sign,
    Space,
    Styled,
    Words,
)
from alignlab.study.paper.symbols import ACCENTS, ALPHABETS, FENCES, LIMITS

__all__ = ["formula_latex", "formula_mathml", "formula_typst"]

TYPST_ACCENTS = {
    "hat": "hat",
    "widehat": "hat",
    "bar": "macron",
    "overline": "overline",
    "tilde": "tilde",
    "widetilde": "tilde",
    "dot": "dot",
    "ddot": "dot.double",
    "vec": "arrow",
}
TYPST_ALPHABETS = {
    "bold": "bold",
    "double-struck": "bb",
    "script": "cal",
    "upright": "upright",
    "sans": "sans",
    "mono": "mono",
    "italic": "italic",
}
MATHML_VARIANTS = {
    "bold": "BOLD",
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "sans": "SANS-SERIF",
    "mono": "MONOSPACE",
}
"""The alphabets as Unicode names them."""


def formula_typst(formula: Formula) -> str:
    r"""Return a formula as Typst writes it, without the dollar signs.

    Examples
    --------
    >>> from alignlab.study.paper.formulas import read_formula
    >>> formula_typst(read_formula(r"\frac{1}{n}\sum_{i=1}^n x_i"))
    'frac(1, n) attach(∑, b: i \\= 1, t: n) attach(x, b: i)'
    """
    return _typst(formula.tree)


def _typst(piece: Piece) -> str:
    match piece:
        case Sign(sign, _, kind):
            if kind == "function":
                return f'op("{sign}", limits: #{"true" if sign in LIMITS else "false"})'
            if kind == "fence" and sign in "|‖":
                # One bar alone would be spaced like a relation.
                return f'class("normal", {_typst_sign(sign)})'
            return "".join(map(_typst_sign, sign)) if kind != "number" else sign
        case Words(text, name):
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            return f'op("{quoted}")' if name else f'"{quoted}"'
        case Space(em, _):
            return f"#h({em:.3g}em)"
        case Row(pieces):
            return " ".join(map(_typst, pieces)) or '""'
        case Fraction(above, below, binomial):
            return f"{'binom' if binomial else 'frac'}({_typst(above)}, {_typst(below)})"
        case Root(of, index):
            inner = _typst(of)
            return f"sqrt({inner})" if index is None else f"root({_typst(index)}, {inner})"
        case Scripts(base, below, above):
            parts = [_typst(base)]
            parts += [f"b: {_typst(below)}"] if below is not None else []
            parts += [f"t: {_typst(above)}"] if above is not None else []
            return f"attach({', '.join(parts)})"
        case Accent(name, of):
            return f"{TYPST_ACCENTS[name]}({_typst(of)})"
        case Styled(name, of):
            inner = f"{TYPST_ALPHABETS[ALPHABETS[name]]}({_typst(of)})"
            return f"upright({inner})" if name == "mathbf" else inner
        case Fenced(left, right, of):
            ends = ["".join(map(_typst_sign, FENCES[each])) for each in (left, right)]
            return f"lr({ends[0]} {_typst(of)} {ends[1]})"
        case Array(name, rows):
            if name == "aligned":
                return " \\ ".join(" & ".join(map(_typst, row)) for row in rows)
            if name == "cases":
                return f"cases({', '.join(' & '.join(map(_typst, row)) for row in rows)})"
            left = ARRAYS[name][0]
            delimiter = f'"{left}"' if left else "#none"
            body = "; ".join(", ".join(map(_typst, row)) for row in rows)
            return f"mat(delim: {delimiter}, {body})"


def _typst_sign(sign: str) -> str:
    delimits = sign in "⌊⌋⌈⌉⟨⟩"  # which Typst wants in pairs
    return f"\\{sign}" if delimits or (sign.isascii() and not sign.isalnum()) else sign


def formula_mathml(formula: Formula, *, display: bool = False) -> str:
    r"""Return a formula as MathML.

    Parameters
    ----------
    formula
        The formula.
    display
        Whether it stands on a line of its own.

    Examples
    --------
    >>> from alignlab.study.paper.formulas import read_formula
    >>> formula_mathml(read_formula("x_1"))
    '<math><msub><mi>x</mi><mn>1</mn></msub></math>'
    """
    block = ' display="block"' if display else ""
    return f"<math{block}>{_mathml(formula.tree, display)}</math>"


def _mathml(piece: Piece, display: bool, variant: str = "") -> str:
    def inner(each: Piece) -> str:
        return _mathml(each, display, variant)

    match piece:
        case Sign(sign, _, kind):
            return _mathml_sign(sign, kind, variant)
        case Words(text, name):
            tag = "mi" if name else "mtext"
            return f"<{tag}>{escape(text, quote=False)}</{tag}>"
        case Space(em, _):
            return f'<mspace width="{em:.3g}em"/>'
        case Row(pieces):
            parts = []
            for each, after in zip(pieces, (*pieces[1:], None), strict=False):
                parts.append(inner(each))
                # MathML leaves no room between a function's name and what it is of.
                if _names(each) and not (isinstance(after, Sign) and after.kind == "fence"):
                    parts.append('<mspace width="0.167em"/>' if after is not None else "")
            return f"<mrow>{''.join(parts)}</mrow>"
        case Fraction(above, below, binomial):
            bar = ' linethickness="0"' if binomial else ""
            over = f"<mfrac{bar}>{inner(above)}{inner(below)}</mfrac>"
            return f"<mrow><mo>(</mo>{over}<mo>)</mo></mrow>" if binomial else over
        case Root(of, index):
            if index is None:
                return f"<msqrt>{inner(of)}</msqrt>"
            return f"<mroot>{inner(of)}{inner(index)}</mroot>"
        case Scripts(base, below, above):
            large = isinstance(base, Sign) and (
                (base.kind == "big" and base.sign not in "∫∬∮")
                or (base.kind == "function" and base.sign in LIMITS)
            )
            names = ("munder", "mover", "munderover") if large and display else (
                "msub", "msup", "msubsup"
            )  # fmt: skip
            tag = names[(below is None) + 2 * (below is not None and above is not None)]
            parts = [inner(each) for each in (base, below, above) if each is not None]
            return f"<{tag}>{''.join(parts)}</{tag}>"
        case Accent(name, of):
            return f'<mover accent="true">{inner(of)}<mo>{ACCENTS[name]}</mo></mover>'
        case Styled(name, of):
            return _mathml(of, display, ALPHABETS[name])
        case Fenced(left, right, of):
            ends = [
                f"<mo>{escape(FENCES[each])}</mo>" if FENCES[each] else "" for each in (left, right)
            ]
            return f"<mrow>{ends[0]}{inner(of)}{ends[1]}</mrow>"
        case Array(name, rows):
            body = "".join(
                f"<mtr>{''.join(f'<mtd>{inner(cell)}</mtd>' for cell in row)}</mtr>" for row in rows
            )
            traits = f' class="{name}"' if name in ("cases", "aligned") else ""
            left, right = ARRAYS[name]
            ends = [f"<mo>{each}</mo>" if each else "" for each in (left, right)]
            return f"<mrow>{ends[0]}<mtable{traits}>{body}</mtable>{ends[1]}</mrow>"


def _names(piece: Piece) -> bool:
    """Return whether a piece names a function, as `max` and `max` with something below do."""
    base = piece.base if isinstance(piece, Scripts) else piece
    return (isinstance(base, Sign) and base.kind == "function") or (
        isinstance(base, Words) and base.name
    )


def _mathml_sign(sign: str, kind: str, variant: str) -> str:
    text = escape(sign, quote=False)
    if kind in ("letter", "number") and variant:
        text = escape("".join(_varied(each, variant) for each in sign), quote=False)
    if kind == "letter":
        upright = ' mathvariant="normal"' if variant in ("upright", *MATHML_VARIANTS) else ""
        return f"<mi{upright}>{text}</mi>"
    if kind == "number":
        return f"<mn>{text}</mn>"
    if kind == "function":
        return f"<mi>{text}</mi>"
    fixed = ' stretchy="false"' if kind == "fence" else ""
    return f"<mo{fixed}>{text}</mo>"


def _varied(letter: str, variant: str) -> str:
    """Return a letter of another alphabet, as Unicode has it."""
    kind = MATHML_VARIANTS.get(variant)
    if kind is None or not letter.isascii():
        return letter
    name = unicodedata.name(letter).removeprefix("LATIN ").replace("LETTER ", "")
    # Unicode had some of them, such as the real numbers' R, before it had the alphabets.
    for full in (f"MATHEMATICAL {kind} {name}", f"{kind} {name}"):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    return letter


def formula_latex(formula: Formula) -> str:
    r"""Return a formula as LaTeX, without the dollar signs.

    Examples
    --------
    >>> from alignlab.study.paper.formulas import read_formula
    >>> print(formula_latex(read_formula(r"\frac1n x_1")))
    \frac{1}{n} x_{1}
    """
    return _latex(formula.tree)


def _latex(piece: Piece) -> str:
    match piece:
        case Sign():
            return piece.latex
        case Words(text, name):
            plain = "".join(f"\\{each}" if each in "%$&#_" else each for each in text)
            return rf"\{'operatorname' if name else 'text'}{{{plain}}}"
        case Space():
            return piece.latex
        case Row(pieces):
            return " ".join(map(_latex, pieces))
        case Fraction(above, below, binomial):
            return rf"\{'binom' if binomial else 'frac'}{{{_latex(above)}}}{{{_latex(below)}}}"
        case Root(of, index):
            return rf"\sqrt{'' if index is None else f'[{{{_latex(index)}}}]'}{{{_latex(of)}}}"
        case Scripts(base, below, above):
            held = _latex(base) if isinstance(base, Sign) else f"{{{_latex(base)}}}"
            if isinstance(above, Sign) and above.latex.startswith("'"):
                held, above = held + above.latex, None
            held += f"_{{{_latex(below)}}}" if below is not None else ""
            return held + (f"^{{{_latex(above)}}}" if above is not None else "")
        case Accent(name, of) | Styled(name, of):
            return rf"\{name}{{{_latex(of)}}}"
        case Fenced(left, right, of):
            return rf"\left{left} {_latex(of)} \right{right}"
        case Array(name, rows):
            body = r" \\ ".join(" & ".join(map(_latex, row)) for row in rows)
            return rf"\begin{{{name}}} {body} \end{{{name}}}"
