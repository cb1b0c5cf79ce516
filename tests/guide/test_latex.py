from __future__ import annotations

import pytest

from alignlab.guide.latex import folded, plain_text, to_latex


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (r"M{\"u}ller, B{\'{e}}la, \'Etienne, Dud{\'\i}k", "Müller, Béla, Étienne, Dudík"),
        (r"Bu{\c{c}}inca, {\v S}imon, \v{c}, Nystr\"{o}m", "Buçinca, Šimon, č, Nyström"),
        (r"{\L}ukasz S{\o}n stra{\ss}e \AA ngstr\"om", "Łukasz Søn straße Ångström"),
        (r"{A {B} C}--D---E", "A B C–D—E"),
        (r"50\% of $x_{1}$ \& \emph{all} \textit{it}", "50% of $x_{1}$ & all it"),
        (r"a~b  c", "a b c"),
        (r"\unknown{x}", r"\unknownx"),
    ],
)
def test_markup_becomes_text(given, plain):
    assert plain_text(given) == plain


def test_braces_stay_where_they_hold_names():
    assert plain_text(r"{World Bank} and K{\"u}hl", braces=True) == "{World Bank} and K{ü}hl"


@pytest.mark.parametrize("text", ["A & B_2: 50%", "cost of $5", "#1 {x}", "plain", "~100"])
def test_it_comes_back(text):
    assert plain_text(to_latex(text)) == text


def test_folding_is_for_looking_up():
    assert folded("WÄLDCHEN Øyvind ß") == "waldchen oyvind ss"
