from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.literature.matrix import theme_matrix
from alignlab.study.literature.themes import Theme
from alignlab.study.literature.works import Work

NAMES = ("red", "green", "blue")
THEMES = [Theme(name, (name,)) for name in NAMES]


def papers(held):
    return [
        Work(key=f"p{n}", title=" ".join(["paper", *each]), year=2000)
        for n, each in enumerate(held)
    ]


def test_by_hand():
    found = theme_matrix(
        papers([["red", "green"], ["red"], [], ["red"]]), [*THEMES, Theme("x", ("x", "red"))]
    )
    assert found.table.columns == ("key", "title", "year", "red", "green", "blue", "x")
    assert found.table.rows[0][3:] == ("words", "words", "", "words")
    gaps = found.gaps()
    assert [each.themes for each in gaps.themes] == [("blue",)]
    assert gaps.pairs == ()
    assert gaps.unplaced == ("p2",)
    assert gaps.silent == {"blue": ("blue",), "x": ("x",)}
    few = found.gaps(few=1)
    assert [each.themes for each in few.themes] == [("blue",), ("green",)]


@given(st.lists(st.lists(st.sampled_from(NAMES), unique=True), min_size=1, max_size=12))
def test_gaps_are_what_a_count_says(held):
    gaps = theme_matrix(papers(held), THEMES).gaps()
    empty = {name for name in NAMES if not any(name in each for each in held)}
    assert {each.themes[0] for each in gaps.themes} == empty
    apart = {
        pair for pair in combinations(NAMES, 2)
        if not set(pair) & empty and not any(set(pair) <= set(each) for each in held)
    }  # fmt: skip
    assert {each.themes for each in gaps.pairs} == apart


def test_the_picture_has_a_dot_for_each_mark_and_is_the_same_each_time():
    matrix = theme_matrix(papers([["red"], ["red", "blue"]]), THEMES)
    assert matrix.chart().svg() == matrix.chart().svg()
    assert len([row for row in matrix.chart().spec["data"]["values"] if row["by"]]) == 3
    assert "1 more paper is" in str(theme_matrix(papers([["red"]] * 61), THEMES).chart().spec)


def test_nothing_to_lay_out():
    with pytest.raises(InputError, match="needs papers"):
        theme_matrix([], THEMES)
