import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.paper.formula_forms import formula_latex
from alignlab.study.paper.formulas import (
    Array,
    Fenced,
    Fraction,
    Row,
    Scripts,
    Sign,
    Words,
    read_formula,
)

X, ONE = Sign("x", "x", "letter"), Sign("1", "1", "number")


def test_one_digit_is_raised_where_braces_are_left_out():
    """LaTeX reads x^10 as x to the 1, then 0; a formula must not change on its way."""
    tree = read_formula("x^10").tree
    assert tree == Row((Scripts(X, None, ONE), Sign("0", "0", "number")))
    assert read_formula(r"\frac12").tree == Fraction(ONE, Sign("2", "2", "number"))
    assert read_formula("x^{10}").tree == Scripts(X, None, Sign("10", "10", "number"))


def test_fences_environments_and_words():
    assert read_formula(r"\left(x\right.").tree == Fenced("(", ".", X)
    cases = read_formula(r"\begin{cases} 1 & \text{if so} \\ x \end{cases}").tree
    assert cases == Array("cases", ((ONE, Words("if so")), (X, Row(()))))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (r"\fract{1}{2}", r"uses \\fract, .* Did you mean frac\?"),
        (r"\input{secrets}", r"uses \\input"),
        (r"\left(x", r"without its \\right"),
        (r"\left x", "not by a fence"),
        ("x^", "ends where"),
        ("x_1_2", "two '_' at one place"),
        ("x}", "where nothing is open"),
        ("{x", "never closed"),
        (r"\text x", "words in braces"),
        (r"\text{\alpha}", "plain"),
        (r"\sqrt[3", "bracket"),
        (r"\begin{matrx} 1 \end{matrx}", "Did you mean 'matrix'"),
        (r"\begin{cases} 1", "never ends it"),
        ("a & b", "where nothing is open"),
        ("#", "means nothing"),
        ("", "empty"),
        ("{" * 40 + "x" + "}" * 40, "more than 30"),
    ],
)
def test_what_is_not_in_the_subset_is_refused_by_name(source, said):
    with pytest.raises(InputError, match=said) as caught:
        read_formula(source)
    assert "\n" not in str(caught.value)


PIECES = st.recursive(
    st.sampled_from(["x", "12", r"\alpha ", r"\le ", "+", r"\max ", r"\sum ", r"\text{a b}"]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: rf"\frac{{{a}}}{{{b}}}", inner, inner),
        st.builds(lambda a, b: f"{{{a}}}_{{{b}}}", inner, inner),
        st.builds(lambda a: rf"\left( {a} \right]", inner),
        st.builds(lambda a: rf"\hat{{{a}}}\mathbf{{x}}", inner),
        st.builds(lambda a, b: rf"\begin{{pmatrix}} {a} & {b} \end{{pmatrix}}", inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_latex_read_back_is_the_same_formula(source):
    once = formula_latex(read_formula(source))
    assert formula_latex(read_formula(once)) == once
