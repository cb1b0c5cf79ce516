"""What each scene draws, by hand: where a cart stands, a walker goes, a number lies."""

from __future__ import annotations

import math
import re

import pytest

from alignlab.web.scenery import GROUND, SCALE, TRACK, WIDTH, Course, cartpole, grid, series, short

CART = {"scene": "cartpole", "action_names": ["push left", "push right"]}
LAKE = ["SFFF", "FHFH", "FFFH", "HFFG"]


def course(**told) -> Course:
    return Course.read({"actions": [], **told})


def move(drawing, part, attribute):
    (found,) = [m for m in drawing.moves if (m.part, m.attribute) == (part, attribute)]
    return found.values


def test_a_cart_by_hand():
    lean = math.radians(10)
    states = [[0, 0, 0, 0], [1.2, 0, lean, 0], [-2.5, 0, -lean, 0]]
    (drawn,) = cartpole([course(**CART, states=states, actions=[1, 0])])
    assert move(drawn, "cart", "transform") == (
        f"translate({WIDTH / 2:g} {GROUND:g})",
        f"translate({WIDTH / 2 + 1.2 * SCALE:g} {GROUND:g})",
        f"translate({WIDTH / 2 - 2.5 * SCALE:g} {GROUND:g})",
    )
    # Positive is clockwise, both in the task and in SVG.
    assert move(drawn, "pole", "transform") == ("rotate(0)", "rotate(10)", "rotate(-10)")
    assert move(drawn, "push", "visibility") == ("visible", "visible", "hidden")
    right, left, _ = move(drawn, "push", "transform")
    assert "scale(-1 1)" in left
    assert "scale" not in right
    assert move(drawn, "flag", "text") == ("", "", "off the track")
    assert drawn.seen == (
        "cart in the middle, pole upright",
        "cart 1.20 m right, pole leaning 10.0° right",
        "cart 2.50 m left, pole leaning 10.0° left, off the track",
    )


@pytest.mark.parametrize(("degrees", "fallen"), [(11.9, False), (12.1, True), (-12.1, True)])
def test_a_pole_has_fallen_beyond_twelve_degrees(degrees, fallen):
    (drawn,) = cartpole([course(**CART, states=[[0, 0, math.radians(degrees), 0]])])
    assert move(drawn, "flag", "text") == ("fallen" if fallen else "",)


def test_a_cart_far_off_stays_in_the_picture():
    (drawn,) = cartpole([course(**CART, states=[[1e9, 0, 0, 0]])])
    assert move(drawn, "cart", "transform") == (f"translate({WIDTH:g} {GROUND:g})",)
    assert WIDTH / 2 + TRACK * SCALE < WIDTH


def test_an_action_that_pushes_nowhere_has_no_arrow():
    (drawn,) = cartpole([course(scene="cartpole", states=[[0] * 4] * 3, actions=[0, 1])])
    assert set(move(drawn, "push", "visibility")) == {"hidden"}


def test_a_walk_by_hand():
    (drawn,) = grid([course(states=[0, 1, 5, 5], actions=[2, 1, 0], grid=LAKE)])
    # Four cells of 80 in a width of 360 leave 20 on either side.
    assert move(drawn, "walker", "transform") == (
        "translate(60 40)", "translate(140 40)", "translate(140 120)", "translate(140 120)",
    )  # fmt: skip
    # The way is shown as far as it was gone: 80, 160, and standing still adds nothing.
    assert move(drawn, "way", "stroke-dasharray") == ("0 161", "80 161", "160 161", "160 161")
    assert drawn.seen[0] == "row 1, column 1 (start)"
    assert drawn.seen[2] == "row 2, column 2 (hole)"
    assert drawn.svg.count('class="cell') == 6


def test_rows_and_columns_say_the_same_as_numbers_of_cells():
    one, two = (
        course(states=states, grid=LAKE) for states in ([0, 5, 15], [[0, 0], [1, 1], [3, 3]])
    )
    assert one.cells() == two.cells() == [(0, 0), (1, 1), (3, 3)]


@pytest.mark.parametrize(
    ("states", "lake"),
    [([16], LAKE), ([-1], LAKE), ([0.5], LAKE), ([0], []), ([0], ["SF", "F"]), ([[0, 4]], LAKE)],
)
def test_what_is_not_on_the_map_has_no_cell(states, lake):
    assert course(states=states, grid=lake).cells() is None


def test_numbers_over_time_lie_on_one_scale_in_both_courses():
    one = course(states=[[0.0], [1.0], [2.0]], names=["speed"])
    two = course(states=[[4.0], [0.0]], names=["speed"])
    drawn = series([one, two])
    heights = [
        [float(re.search(r" ([\d.]+)\)", value)[1]) for value in move(each, "dot0", "transform")]
        for each in drawn
    ]
    # 0 is at the foot, 4 at the top; 2 is in the middle.
    assert heights[0][0] == heights[1][1] > heights[0][2] > heights[1][0]
    assert heights[0][2] == pytest.approx((heights[0][0] + heights[1][0]) / 2)
    times = [[value.split()[0] for value in move(each, "now", "transform")] for each in drawn]
    assert times[0][:2] == times[1]
    assert move(drawn[0], "value0", "text") == ("0", "1", "2")


def test_a_number_that_never_changes_is_a_line_in_the_middle():
    (drawn,) = series([course(states=[[3.0], [3.0]])])
    assert "nan" not in drawn.svg
    assert drawn.seen == ("state 1 3", "state 1 3")


def test_many_numbers_are_cut_and_said_to_be():
    (drawn,) = series([course(states=[list(range(30))] * 2)])
    assert drawn.svg.count("<polyline") == 12
    assert drawn.seen[0].endswith("and 26 more")


def test_names_of_others_are_escaped():
    bad = "</svg><script>alert(1)</script>\"'"
    (numbers,) = series([course(states=[[1.0], [2.0]], names=[bad])])
    (walk,) = grid([course(states=[0, 1], grid=["<&"])])
    for drawn in (numbers, walk):
        assert "<script" not in drawn.svg
        assert "<&" not in drawn.svg
    assert "&lt;/svg&gt;" in numbers.svg


@pytest.mark.parametrize(
    ("action", "names", "said"),
    [(1, ["a", "b"], "b"),
     (1.0, ["a", "b"], "b"), (2, ["a", "b"], "2"), ([0.5, -1.0], [], "0.5, -1"),
     (-1, ["a", "b"], "-1"), ("up", [], "up"), (0.25, ["a"], "0.25")],
)  # fmt: skip
def test_an_action_is_named_where_it_has_a_name(action, names, said):
    told = course(states=[[0.0], [0.0]], actions=[action], action_names=names)
    assert told.done(0) == said


def test_numbers_are_short():
    assert [short(each) for each in (0, -0.0, 1 / 3, 12.0, 1e-9, 123456.0)] == [
        "0", "0", "0.3333", "12", "1e-09", "1.235e+05",
    ]  # fmt: skip
