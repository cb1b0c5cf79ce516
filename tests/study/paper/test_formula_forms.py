from xml.etree import ElementTree

import pytest

from alignlab.study.paper.formula_forms import formula_latex, formula_mathml, formula_typst
from alignlab.study.paper.formulas import read_formula
from alignlab.study.paper.typesetting import html_of, pdf_of

FORMULAS = [
    r"\frac{1}{n}\sum_{i=1}^n x_i^2, \quad a = (b, c; d)",
    r"\mathbb{E}\left[\hat\theta\mid \frac{x}{y}\right] \in \mathcal{F}",
    r"f''(x)^2 + x'_1 + \mathbf{x}^\top \neq \mathrm{e}^{-\lambda}",
    r"\begin{cases}1 & \text{if } x>0\\0 & \text{else}\end{cases}",
    r"\sqrt[3]{x}+\sqrt{2} < 5\%",
    r"\begin{aligned} a &= b\\ &= c \end{aligned}",
    r"\max_{\|\delta\|_\infty \le \epsilon} L(x+\delta)",
    r"\binom{n}{k} \operatorname{logit}(p) \bar x a:b \vec v \ddot u",
    r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix} \begin{matrix}1, & 2\end{matrix} \ldots",
    r"\left\| x \right\|_2 \left\lfloor x \right. /",
]


def test_the_hand_made_ones():
    fraction = read_formula(r"\frac{a}{2}^2")
    assert formula_typst(fraction) == "attach(frac(a, 2), t: 2)"
    assert formula_latex(fraction) == r"{\frac{a}{2}}^{2}"
    assert formula_mathml(fraction) == (
        "<math><msup><mfrac><mi>a</mi><mn>2</mn></mfrac><mn>2</mn></msup></math>"
    )


def test_limits_stand_below_in_a_line_of_its_own_and_beside_within_one():
    limits = read_formula(r"\sum_i")
    assert "<munder>" in formula_mathml(limits, display=True)
    assert "<msub>" in formula_mathml(limits)
    assert "<msub>" in formula_mathml(read_formula(r"\int_i"), display=True)


def test_a_function_stands_apart_from_what_it_is_of():
    made = formula_mathml(read_formula(r"\log x + \log(x)"))
    assert made.count("<mspace") == 1
    assert '<mi>log</mi><mspace width="0.167em"/><mi>x</mi>' in made


def test_letters_of_other_alphabets_are_unicodes_own():
    made = formula_mathml(read_formula(r"\mathbb{R}\mathbb{E}\mathcal{L}\mathbf{x1}"))
    assert [letter in made for letter in "ℝ𝔼ℒ𝐱𝟏"] == [True] * 5


@pytest.mark.parametrize("source", FORMULAS)
def test_mathml_is_well_formed(source):
    ElementTree.fromstring(formula_mathml(read_formula(source), display=True))


def test_typst_sets_all_of_them_without_a_warning():
    formulas = [formula_typst(read_formula(each)) for each in FORMULAS]
    lines = [f"${each}$\n\n$ {each} $\n" for each in formulas]
    assert pdf_of({"main.typ": "\n".join(lines).encode()}).startswith(b"%PDF")


def test_words_in_a_formula_run_nothing():
    formula = formula_typst(read_formula(r'\text{"#read(1) \\ $x$}'))
    made = html_of({"main.typ": f"${formula}$".encode()})
    assert "#read(1) \\ $x$" in made.replace("&quot;", '"')
