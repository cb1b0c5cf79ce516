"""Where two texts differ: by hand, against the plain table, and letter for letter."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.web.differences import LITTLE, _subsequence, text_differences


def marked(parts) -> str:
    return "".join(f"[{part.text}]" if part.differs else part.text for part in parts)


@pytest.mark.parametrize(
    ("first", "second", "one", "two"),
    [
        ("It is safe.", "It is not safe.", "It is safe.", "It is [not] safe."),
        ("a b c d", "a x c d", "a [b] c d", "a [x] c d"),
        (
            "the loan was 3.5 %",
            "the loan was 3.6 %",
            "the loan was [3.5] %",
            "the loan was [3.6] %",
        ),
        ("I don't think so", "I do think so", "I [don't] think so", "I [do] think so"),
        (
            "今日は天気がいい。",
            "今日は天気が悪い。",
            "今日は天気が[い]い。",
            "今日は天気が[悪]い。",
        ),
        (
            "we go 👨‍👩‍👧 now ok",
            "we go 👨‍👩‍👦 now ok",
            "we go [👨‍👩‍👧] now ok",
            "we go [👨‍👩‍👦] now ok",
        ),
        ("yes!", "yes?", "yes[!]", "yes[?]"),
    ],
)
def test_by_hand(first, second, one, two):
    found = text_differences(first, second)
    assert (found.outcome, found.places) == ("marked", 1)
    assert (marked(found.first), marked(found.second)) == (one, two)


def test_common_words_between_long_differences_do_not_break_them():
    found = text_differences(
        "Rest is what you need and the pain will go within the next three days, be sure.",
        "Call them now since the pain will grow worse after the next three days, be sure.",
    )
    assert marked(found.first).count("[") == found.places == 2
    assert "[go within]" in marked(found.first)
    assert "[Rest is what you need and]" in marked(found.first)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("a b", "a b", "same"),
        ("", "", "same"),
        ("a b", "a\n\nb ", "spaces"),
        ("  a", "a", "spaces"),
        ("", " ", "spaces"),
        ("今日 は", "今日は", "spaces"),
        ("one two three", "four five six", "unlike"),
        ("", "word", "unlike"),
        ("a " * 9_000, "b " * 9_000, "long"),
    ],
)
def test_what_is_not_marked_is_said(first, second, outcome):
    found = text_differences(first, second)
    assert found.outcome == outcome
    assert not any(part.differs for part in found.first + found.second)
    assert found.places == 0
    assert found.words.startswith("The texts ")


def test_the_share_of_words_in_common():
    # 4 words and 6, of which 3 are in both: 2 * 3 / 10.
    found = text_differences("a b c d", "a b c x y z")
    assert found.shared == pytest.approx(0.6)
    assert found.shared > LITTLE


def test_long_texts_are_compared_line_by_line():
    lines = [f"line {number} of a text that goes on and on" for number in range(2_000)]
    changed = [*lines[:900], "another line", *lines[901:]]
    found = text_differences("\n".join(lines), "\n".join(["begin", *changed]))
    assert found.places == 2
    assert "[another line]" in marked(found.second)


words = st.lists(st.sampled_from(["a", "b", "c", "the", "x,", "\n", "  "]), max_size=12).map(
    " ".join
)


@given(first=words | st.text(max_size=30), second=words | st.text(max_size=30))
def test_the_parts_joined_are_the_texts(first, second):
    found = text_differences(first, second)
    assert "".join(part.text for part in found.first) == first
    assert "".join(part.text for part in found.second) == second
    for parts in (found.first, found.second):
        assert all(one.differs != two.differs for one, two in itertools.pairwise(parts))


@given(first=words, second=words)
def test_without_its_marks_each_text_has_the_same_words(first, second):
    found = text_differences(first, second)
    if found.outcome == "marked":
        kept = [
            "".join(part.text for part in parts if not part.differs).split()
            for parts in (found.first, found.second)
        ]
        assert kept[0] == kept[1]


letters = st.lists(st.sampled_from("abc"), max_size=14)


@given(one=letters, two=letters)
def test_the_subsequence_is_as_long_as_the_plain_table_says(one, two):
    table = [[0] * (len(two) + 1)]
    for a in one:
        row = [0]
        for j, b in enumerate(two):
            row.append(table[-1][j] + 1 if a == b else max(row[-1], table[-1][j + 1]))
        table.append(row)
    pairs = _subsequence(one, two)
    assert len(pairs) == table[-1][-1]
    assert all(one[i] == two[j] for i, j in pairs)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(pairs))
