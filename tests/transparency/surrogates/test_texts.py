"""Words found in a text, and left out of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.transparency.surrogates.texts import neighbourhood_of_two, text_subject, tokens_of


def words(text):
    return [text[a:b] for a, b in tokens_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a well-made plan, isn’t it?", ["It's", "a", "well-made", "plan", "isn’t", "it"]),
        ("a - b 'c' x_1 3.5", ["a", "b", "c", "x_1", "3", "5"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("Привет, мир", ["Привет", "мир"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("東京へ行く", ["東", "京", "へ", "行", "く"]),
        ("ok 👍🏽👨\u200d👩\u200d👧!", ["ok", "👍🏽", "👨\u200d👩\u200d👧"]),
        ("שלום עולם", ["שלום", "עולם"]),
        (" .,;\n", []),
    ],
)
def test_tokens(text, expected):
    assert words(text) == expected


@given(st.text(max_size=60))
def test_tokens_do_not_overlap_and_hold_no_space(text):
    end = 0
    for start, stop in tokens_of(text):
        assert end <= start < stop
        assert not any(letter.isspace() for letter in text[start:stop])
        end = stop


def test_a_word_goes_with_all_its_occurrences_and_nothing_else():
    about = text_subject("bad, bad plot. Bad?")
    assert [(each.name, each.given) for each in about.features] == [
        ("bad", "2 times"),
        ("plot", "once"),
        ("Bad", "once"),
    ]
    made = about.rows(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1]]))
    assert made.tolist() == ["bad, bad plot. Bad?", ",  plot. Bad?", "bad, bad . ?", ",  . ?"]
    assert about.row.tolist() == ["bad, bad plot. Bad?"]
    filled = text_subject("bad, bad plot.", fill="[MASK]").rows(np.array([[1, 0]]))
    assert filled.tolist() == ["[MASK], [MASK] plot."]


@given(st.text(max_size=40))
def test_leaving_nothing_out_gives_the_text_back(text):
    if not tokens_of(text):
        with pytest.raises(InputError, match="no words"):
            text_subject(text)
        return
    about = text_subject(text)
    assert about.rows(np.zeros((1, len(about.features)), dtype=int)).tolist() == [text]


def test_tokens_of_ones_own():
    about = text_subject("a b-c", tokens=lambda text: [(0, 1), (2, 5)])
    assert [each.name for each in about.features] == ["a", "b-c"]
    with pytest.raises(InputError, match=r"the span \(0, 3\) after one that ends at 2"):
        text_subject("a b-c", tokens=lambda text: [(0, 2), (0, 3)])


@pytest.mark.parametrize("text", ["", "   ", "?!"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(InputError, match="no words"):
        text_subject(text)


def test_the_neighbourhood_leaves_out_as_often_as_it_says():
    place = neighbourhood_of_two(3, 1.0)
    assert (place.design == 1 - place.choice).all()
    assert place.choice.mean() == pytest.approx(1 / (1 + np.exp(0.5)), abs=1e-3)
