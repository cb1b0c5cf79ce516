"""The commands of LaTeX mathematics that a paper's formulas may use, and the signs they stand for.

Typst and MathML take the sign itself; LaTeX takes the command back.
"""

from __future__ import annotations

__all__ = [
    "ACCENTS",
    "ALPHABETS",
    "BIG",
    "FENCES",
    "FUNCTIONS",
    "LETTERS",
    "LIMITS",
    "OPERATORS",
    "SPACES",
]


def _words(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _named(names: str, signs: str) -> dict[str, str]:
    return dict(zip(_words(names), signs, strict=True))


LETTERS = _named(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu "
    "xi pi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma "
    "Upsilon Phi Psi Omega ell infty emptyset partial nabla hbar top bot",
    "αβγδϵεζηθϑικλμνξπρστυϕφχψωΓΔΘΛΞΠΣΥΦΨΩℓ∞∅∂∇ℏ⊤⊥",
)
"""Commands that stand for a letter."""

OPERATORS = _named(
    "le leq ge geq ne neq approx equiv sim simeq propto ll gg in notin ni subset subseteq "
    "supset supseteq cup cap setminus times cdot div pm mp ast star circ oplus otimes to "
    "rightarrow leftarrow Rightarrow Leftarrow leftrightarrow Leftrightarrow mapsto implies "
    "iff forall exists neg land lor wedge vee mid parallel perp succ prec succeq preceq "
    "ldots cdots dots vdots ddots colon triangleq models vdash",
    "≤≤≥≥≠≠≈≡∼≃∝≪≫∈∉∋⊂⊆⊃⊇∪∩∖×⋅÷±∓∗⋆∘⊕⊗→→←⇒⇐↔⇔↦⟹⟺∀∃¬∧∨∧∨∣∥⊥≻≺⪰⪯…⋯…⋮⋱:≜⊨⊢",
)
"""Commands that stand for an operator or a relation."""

BIG = _named(
    "sum prod int bigcup bigcap iint oint",
    "∑∏∫⋃⋂∬∮",
)
"""Large operators; what stands over and under sums goes above and below them on a line alone."""

FUNCTIONS = _words(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf "
    "limsup ln log max min Pr sec sin sinh sup tan tanh"
)
"""Functions that are named upright."""

LIMITS = ("lim", "liminf", "limsup", "max", "min", "sup", "inf", "det", "gcd", "Pr")
"""Functions that carry what stands under them below, not beside."""

ACCENTS = {
    "hat": "\u005e",
    "widehat": "\u005e",
    "bar": "\u203e",
    "overline": "\u203e",
    "tilde": "\u02dc",
    "widetilde": "\u02dc",
    "dot": "\u02d9",
    "ddot": "\u00a8",
    "vec": "\u2192",
}
"""Marks above."""

ALPHABETS = {
    "mathbf": "bold",
    "boldsymbol": "bold",
    "mathbb": "double-struck",
    "mathcal": "script",
    "mathrm": "upright",
    "mathsf": "sans",
    "mathtt": "mono",
    "mathit": "italic",
}
"""Alphabets that letters may be set in."""

FENCES = {
    "(": "(",
    ")": ")",
    "[": "[",
    "]": "]",
    "|": "|",
    ".": "",
    "\\{": "{",
    "\\}": "}",
    "\\lbrace": "{",
    "\\rbrace": "}",
    "\\langle": "⟨",
    "\\rangle": "⟩",
    "\\lvert": "|",
    "\\rvert": "|",
    "\\lVert": "‖",
    "\\rVert": "‖",
    "\\|": "‖",
    "\\lfloor": "⌊",
    "\\rfloor": "⌋",
    "\\lceil": "⌈",
    "\\rceil": "⌉",
}
"""What `\\left` and `\\right` may be followed by."""

SPACES = {"\\,": 1 / 6, "\\:": 2 / 9, "\\;": 5 / 18, "\\ ": 1 / 4, "\\quad": 1.0, "\\qquad": 2.0}
"""Spaces, in em; `\\!` is left out, since each renderer spaces for itself."""
