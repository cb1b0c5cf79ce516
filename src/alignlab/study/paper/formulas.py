r"""Formulas written in LaTeX's mathematics, read into a tree that three renderers can set.

The subset: letters, numbers, Greek and common signs; `^`, `_` and primes; `\frac`, `\sqrt[n]{}`,
`\binom`; `\left … \right`; accents; `\mathbf` and its kin; `\text` and `\operatorname`; matrices,
`cases` and `aligned`; spaces. What is not in it is refused by name, never guessed: a converter that
skips what it does not know prints another formula than the author's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from alignlab.errors import InputError, nearest
from alignlab.study.paper.symbols import (
    ACCENTS,
    ALPHABETS,
    BIG,
    FENCES,
    FUNCTIONS,
    LETTERS,
    OPERATORS,
    SPACES,
)

__all__ = [
    "Accent",
    "Array",
    "Fenced",
    "Formula",
    "Fraction",
    "Piece",
    "Root",
    "Row",
    "Scripts",
    "Sign",
    "Space",
    "Styled",
    "Words",
    "read_formula",
]

DEEPEST = 30
"""Braces within braces; a formula has a few."""

WORDS = ("text", "textrm", "operatorname", "mbox", "textbf", "textit")

ARRAYS = {
    "matrix": ("", ""),
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "vmatrix": ("|", "|"),
    "cases": ("{", ""),
    "aligned": ("", ""),
}
"""Environments, and what fences them."""

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: what it looks like, how LaTeX writes it, and what it is."""

    sign: str
    latex: str
    kind: Literal["letter", "number", "operator", "big", "function", "fence"]


@dataclass(frozen=True, slots=True)
class Words:
    """Upright words; `name` where they name an operator."""

    text: str
    name: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """A space of so many em."""

    em: float
    latex: str


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces side by side."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """One over the other; with `binomial`, in parentheses and without a bar."""

    above: Piece
    below: Piece
    binomial: bool = False


@dataclass(frozen=True, slots=True)
class Root:
    """A square root, or the root with an index."""

    of: Piece
    index: Piece | None = None


@dataclass(frozen=True, slots=True)
class Scripts:
    """A piece with something below and above it."""

    base: Piece
    below: Piece | None
    above: Piece | None


@dataclass(frozen=True, slots=True)
class Accent:
    """A mark above a piece."""

    name: str
    of: Piece


@dataclass(frozen=True, slots=True)
class Styled:
    """Letters of another alphabet."""

    name: str
    of: Piece


@dataclass(frozen=True, slots=True)
class Fenced:
    """A piece between fences as high as it."""

    left: str
    right: str
    of: Piece


@dataclass(frozen=True, slots=True)
class Array:
    """Rows of cells: a matrix, cases, or aligned lines."""

    name: str
    rows: tuple[tuple[Piece, ...], ...]


Piece = Sign | Words | Space | Row | Fraction | Root | Scripts | Accent | Styled | Fenced | Array


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as its author wrote it, and read."""

    source: str
    tree: Piece


def read_formula(source: str) -> Formula:
    r"""Read a formula.

    Parameters
    ----------
    source
        What stands between the dollar signs.

    Raises
    ------
    InputError
        If a command is not in the subset, or a brace or a fence is left open; the message says
        which, and names the nearest command.

    Examples
    --------
    >>> read_formula(r"\frac{1}{n}").tree
    Fraction(above=Sign(sign='1', latex='1', kind='number'), below=Sign(...), binomial=False)
    >>> read_formula(r"\fract{1}{n}")
    Traceback (most recent call last):
    alignlab.errors.InputError: the formula uses \fract, which is not in the part of LaTeX that ...
    """
    tokens = [token for token in TOKEN.findall(source) if token not in ("\\!", "\\limits")]
    reader = _Reader(tokens)
    tree = reader.row(())
    if reader.at < len(tokens):
        raise InputError(f"the formula has {reader.tokens[reader.at]!r} where nothing is open.")
    if isinstance(tree, Row) and not tree.pieces:
        raise InputError("the formula between the dollar signs is empty.")
    return Formula(" ".join(source.split()), tree)


class _Reader:
    """Tokens, and how far they are read."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, ends: tuple[str, ...]) -> Piece:
        """Read pieces up to one of `ends`, which stays."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise InputError(f"the formula has more than {DEEPEST} braces within each other.")
        pieces: list[Piece] = []
        while (token := self.peek()) and token not in ends and token not in ("}", "\\right"):
            if token in ("&", "\\\\", "\\end"):
                break
            pieces.append(self.scripted())
        self.depth -= 1
        return pieces[0] if len(pieces) == 1 else Row(tuple(pieces))

    def scripted(self) -> Piece:
        base: Piece = Row(()) if self.peek() in ("^", "_") else self.piece()
        below: Piece | None = None
        above: Piece | None = None
        while self.peek() in ("^", "_", "'"):
            mark = self.next()
            if mark == "'":
                count = 1
                while self.peek() == "'":
                    self.next()
                    count += 1
                primes: Piece = Sign("′" * count, "'" * count, "operator")
                above = primes if above is None else Row((primes, above))
                continue
            part = self.argument(mark)
            if (below if mark == "_" else above) is not None and not (
                mark == "^" and isinstance(above, Sign) and above.sign.startswith("′")
            ):
                raise InputError(f"the formula has two {mark!r} at one place: put them in braces.")
            if mark == "_":
                below = part
            else:
                above = part if above is None else Row((above, part))
        return base if below is None and above is None else Scripts(base, below, above)

    def argument(self, of: str) -> Piece:
        """Read what a command takes: a group in braces, or one piece."""
        token = self.peek()
        if token in ("", "}", "&", "^", "_"):
            raise InputError(f"the formula ends where {of} needs something.")
        if token[0].isdigit() and len(token) > 1:
            # Without braces LaTeX takes one digit: x^10 is x to the 1, then 0.
            self.tokens[self.at : self.at + 1] = [token[0], token[1:]]
        return self.piece()

    def words(self, of: str) -> str:
        """Read words in braces, as they stand."""
        if self.next() != "{":
            raise InputError(f"in the formula, {of} needs its words in braces.")
        parts: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            token = self.tokens[self.at]
            if token == "{" or (token.startswith("\\") and token[1:].isalpha()):
                raise InputError(f"the words of {of} in a formula are plain: {token!r} is not.")
            parts.append(token[1:] if token.startswith("\\") else token)
            self.at += 1
        self.closed(of)
        return re.sub(r"\s+", " ", "".join(parts))

    def closed(self, of: str) -> None:
        if self.next() != "}":
            raise InputError(f"the formula opens a brace after {of} that is never closed.")

    def piece(self) -> Piece:
        token = self.next()
        if token == "{":
            inner = self.row(())
            self.closed("'{'")
            return inner
        if not token.startswith("\\"):
            return _sign(token)
        name = token[1:]
        simple = _command(name, token)
        if simple is not None:
            return simple
        if name in ("frac", "dfrac", "tfrac", "binom"):
            above = self.argument(token)
            return Fraction(above, self.argument(token), binomial=name == "binom")
        if name == "sqrt":
            index = None
            if self.peek() == "[":
                self.next()
                index = self.row(("]",))
                if self.next() != "]":
                    raise InputError(
                        r"the formula opens a bracket after \sqrt and never closes it."
                    )
            return Root(self.argument(token), index)
        if name in ACCENTS:
            return Accent(name, self.argument(token))
        if name in ALPHABETS:
            return Styled(name, self.argument(token))
        if name in WORDS:
            return Words(self.words(token), name == "operatorname")
        if name == "left":
            left = self.fence(token)
            inner = self.row(())
            if self.next() != "\\right":
                raise InputError(r"the formula has a \left without its \right.")
            return Fenced(left, self.fence("\\right"), inner)
        if name == "begin":
            return self.array()
        known = [*LETTERS, *OPERATORS, *BIG, *FUNCTIONS, *ACCENTS, *ALPHABETS, *WORDS]
        known += ["frac", "sqrt", "binom", "left", "right", "begin", "end", "quad", "qquad"]
        near = nearest(name, known).replace("'", "")
        raise InputError(
            f"the formula uses {token}, which is not in the part of LaTeX that alignlab "
            f"reads.{near} Write it otherwise, or the section in Typst (.typ)."
        )

    def fence(self, after: str) -> str:
        token = self.next()
        if token not in FENCES:
            raise InputError(f"in the formula, {after} is followed by {token!r}, not by a fence.")
        return token

    def array(self) -> Piece:
        name = self.words("\\begin")
        if name not in ARRAYS:
            raise InputError(
                f"the formula begins {name!r}, which is none of {', '.join(ARRAYS)}."
                f"{nearest(name, ARRAYS)}"
            )
        rows: list[tuple[Piece, ...]] = []
        cells: list[Piece] = []
        while True:
            cells.append(self.row(()))
            end = self.next()
            if end == "&":
                continue
            rows.append(tuple(cells))
            cells = []
            if end == "\\\\" and self.peek() != "\\end":
                continue
            if end == "\\\\":
                end = self.next()
            if end != "\\end" or self.words("\\end") != name:
                raise InputError(rf"the formula begins {name!r} and never ends it.")
            width = max(map(len, rows))
            empty = Row(())
            return Array(name, tuple((*row, *([empty] * (width - len(row)))) for row in rows))


def _command(name: str, token: str) -> Piece | None:
    """Return what a command without arguments stands for."""
    if name in LETTERS:
        return Sign(LETTERS[name], token, "letter")
    if name in OPERATORS:
        return Sign(OPERATORS[name], token, "operator")
    if name in BIG:
        return Sign(BIG[name], token, "big")
    if name in FUNCTIONS:
        return Sign(name, token, "function")
    if token in SPACES:
        return Space(SPACES[token], token)
    if token in FENCES:
        return Sign(FENCES[token], token, "fence")
    if token in ("\\%", "\\$", "\\&", "\\#", "\\_"):
        return Sign(name, token, "operator")
    return None


def _sign(token: str) -> Sign:
    """Return what a character stands for."""
    if token in ("&", "#", "%", "~", "}", "$", "\\"):
        raise InputError(f"the formula has {token!r} where it means nothing; write \\{token}.")
    if token[0].isdigit():
        return Sign(token, token, "number")
    if token == "-":
        return Sign("−", "-", "operator")
    if token == "*":
        return Sign("∗", "*", "operator")
    if token in "()[]|":
        return Sign(token, token, "fence")
    return Sign(token, token, "letter" if token.isalpha() else "operator")
