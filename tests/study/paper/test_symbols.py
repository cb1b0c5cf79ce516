import unicodedata

import pytest

from alignlab.study.paper.symbols import ALPHABETS, BIG, FUNCTIONS, LETTERS, LIMITS, OPERATORS


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("alpha", "GREEK SMALL LETTER ALPHA"),
        ("omega", "GREEK SMALL LETTER OMEGA"),
        ("Omega", "GREEK CAPITAL LETTER OMEGA"),
        ("infty", "INFINITY"),
        ("nabla", "NABLA"),
        ("le", "LESS-THAN OR EQUAL TO"),
        ("neq", "NOT EQUAL TO"),
        ("in", "ELEMENT OF"),
        ("cap", "INTERSECTION"),
        ("times", "MULTIPLICATION SIGN"),
        ("to", "RIGHTWARDS ARROW"),
        ("iff", "LONG LEFT RIGHT DOUBLE ARROW"),
        ("forall", "FOR ALL"),
        ("ddots", "DOWN RIGHT DIAGONAL ELLIPSIS"),
        ("vdash", "RIGHT TACK"),
        ("sum", "N-ARY SUMMATION"),
        ("oint", "CONTOUR INTEGRAL"),
    ],
)
def test_a_command_is_the_sign_that_unicode_names(name, called):
    sign = {**LETTERS, **OPERATORS, **BIG}[name]
    assert unicodedata.name(sign) == called


def test_no_command_means_two_things():
    kinds = [set(LETTERS), set(OPERATORS), set(BIG), set(FUNCTIONS), set(ALPHABETS)]
    assert len(set.union(*kinds)) == sum(map(len, kinds))
    assert set(LIMITS) <= set(FUNCTIONS)
