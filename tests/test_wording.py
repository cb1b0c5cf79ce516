from __future__ import annotations

import pytest

from alignlab.wording import joined, shortened


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a, b", "c", "d"], "a, b, c and d"),
        ((each for each in "xyz"), "x, y and z"),
    ],
)
def test_the_last_two_are_joined_by_and(parts, text):
    assert joined(parts) == text


@pytest.mark.parametrize("most", [4, 5, 9, 13])
def test_a_shortened_text_keeps_whole_words_and_its_length(most):
    text = "one two three"
    told = shortened(text, most)
    assert len(told) <= most
    assert told == text or text.startswith(told.removesuffix(" …"))
