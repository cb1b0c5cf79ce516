"""Behaviours made ready to be shown: what is said of each state, and the table."""

from __future__ import annotations

import json

import pytest

from alignlab.web.scenes import COLUMNS, FASTEST, MOST_STATES, SLOWEST, drawn_scenes

LAKE = ["SFFF", "FHFH", "FFFH", "HFFG"]
NAMES = ["left", "down", "right", "up"]


def walk(states, *, ended=False):
    actions = [1] * (len(states) - 1)
    return {
        "scene": "grid", "states": states, "actions": actions, "grid": LAKE, "ended": ended,
        "names": ["cell"], "action_names": NAMES,
    }  # fmt: skip


def test_every_state_has_its_words_and_its_row():
    (scene,) = drawn_scenes([walk([0, 4, 5], ended=True)])
    assert scene.words == (
        "Step 0 of 2: row 1, column 1 (start). Then: down",
        "Step 1 of 2: row 2, column 1. Then: down",
        "Step 2 of 2: row 2, column 2 (hole). It ended here.",
    )
    assert scene.table.columns == ("step", "then", "cell")
    assert scene.table.rows == (("0", "down", "0"), ("1", "down", "4"), ("2", "ended", "5"))
    assert scene.about == "2 steps. At the end: row 2, column 2 (hole)"


def test_what_was_cut_off_is_said_to_be():
    (scene,) = drawn_scenes([walk([0, 4])])
    assert scene.words[-1].endswith("What followed was not recorded.")
    assert scene.table.rows[-1] == ("1", "cut off", "4")
    assert scene.about == "1 step. At the end: row 2, column 1 (cut off there)"


def test_each_move_has_a_value_for_each_state_and_a_part_in_the_drawing():
    cart = {"scene": "cartpole", "states": [[0.1 * at] * 4 for at in range(7)], "actions": [0] * 6}
    numbers = {"scene": "series", "states": [[1.0, 2.0], [2.0, 1.0]], "actions": [0]}
    for told in (walk([0, 4, 8]), cart, numbers):
        (scene,) = drawn_scenes([told])
        for move in scene.moves:
            assert len(move.values) == len(told["states"])
            assert f'data-part="{move.part}"' in scene.svg
            assert move.attribute in ("transform", "visibility", "stroke-dasharray", "text")
        assert json.loads(json.dumps(scene.script()))["words"] == list(scene.words)


@pytest.mark.parametrize(
    "told",
    [
        {"scene": "cartpole", "states": [[0.0, 1.0]], "actions": []},
        {"scene": "grid", "states": [99], "actions": [], "grid": LAKE},
        {"scene": "hovercraft", "states": [[0.0]], "actions": []},
    ],
)
def test_what_does_not_fit_its_scene_is_numbers_over_time(told):
    (scene,) = drawn_scenes([told])
    assert 'class="scene series"' in scene.svg


def test_a_pair_is_drawn_as_one_kind_of_scene():
    other = {"scene": "series", "states": [[0.0], [1.0]], "actions": [0]}
    assert all('class="scene series"' in each.svg for each in drawn_scenes([walk([0, 1]), other]))


def test_of_a_very_long_behaviour_some_steps_are_left_out_but_not_the_last():
    states = [[float(at)] * 100 for at in range(2_501)]
    told = {"scene": "series", "states": states, "actions": list(range(2_500)), "ended": True}
    brief = {**told, "states": states[:11], "actions": list(range(10))}
    long, short = drawn_scenes([told, brief])
    assert [row[0] for row in long.table.rows[:3]] == ["0", "3", "6"]
    assert [row[1] for row in long.table.rows[:3]] == ["0", "3", "6"]
    assert len(long.table.rows) <= MOST_STATES
    assert long.table.rows[-1][:3] == ("2500", "ended", "2500")
    assert [row[0] for row in short.table.rows] == ["0", "3", "6", "9", "10"]
    assert long.words[1].startswith("Step 3 of 2500: state 1 3, ")
    assert "2,500 steps, of which one in 3 is shown." in long.about
    assert all(len(row) == 2 + COLUMNS for row in long.table.rows)


@pytest.mark.parametrize(("states", "rate"), [(2, SLOWEST), (41, 10.0), (900, FASTEST)])
def test_the_rate_is_one_that_can_be_followed(states, rate):
    told = {"scene": "series", "states": [[0.0]] * states, "actions": [0] * (states - 1)}
    assert drawn_scenes([told])[0].rate == rate
