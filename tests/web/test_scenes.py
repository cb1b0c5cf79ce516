"""Behaviours made ready to be shown: what is said of each state, and the table."""

from __future__ import annotations

import json

import pytest

from alignlab.web.scenes import FASTEST, SLOWEST, drawn_scenes

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


@pytest.mark.parametrize(("states", "rate"), [(2, SLOWEST), (41, 10.0), (2_000, FASTEST)])
def test_the_rate_is_one_that_can_be_followed(states, rate):
    told = {"scene": "series", "states": [[0.0]] * states, "actions": [0] * (states - 1)}
    assert drawn_scenes([told])[0].rate == rate
