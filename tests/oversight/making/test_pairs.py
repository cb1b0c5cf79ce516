from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.datasets import PreferenceDataset, Trajectory, write_preferences
from alignlab.errors import InputError
from alignlab.oversight.content import checked_item
from alignlab.oversight.making import pair_items, read_pairs


def test_the_same_two_are_one_pair_whichever_way_they_stood():
    said = PreferenceDataset.from_pairs(
        ["a", "b", "c"], [0, 1, 0], [1, 0, 2], [1, 0, 0.5], annotators=["ana", "ben", "ana"]
    )
    first, second = pair_items(said)
    assert first.content["first"] == {"text": "a"}
    assert (first.truth, first.worth) == ("second", 0.0)
    assert (second.truth, second.worth) == ("tie", 1.0)
    assert first.source["answers"] == {"second": 2}


def test_what_people_disagree_about_is_worth_more_and_has_no_truth():
    said = PreferenceDataset.from_pairs(["a", "b"], [0] * 4, [1] * 4, [1, 1, 1, 0])
    (item,) = pair_items(said)
    assert item.truth is None
    assert item.worth == pytest.approx(4 * 0.75 * 0.25)


def test_rankings_are_their_pairs():
    said = PreferenceDataset.from_rankings(["a", "b", "c"], [[2, 0, 1]])
    assert [(each.key, each.truth) for each in pair_items(said)] == [
        ("2-0", "first"), ("2-1", "first"), ("0-1", "first"),
    ]  # fmt: skip


def test_trajectories_come_with_how_they_are_drawn_and_without_rewards():
    walks = [Trajectory([[0.0] * 4] * 3, [0, 1], [1.0, 1.0]), Trajectory([[0.1] * 4] * 2, [1])]
    said = PreferenceDataset.from_pairs(walks, [0], [1], [0])
    (item,) = pair_items(said, scene="cartpole", action_names=["left", "right"])
    checked_item(item)
    shown = item.content["first"]["trajectory"]
    assert item.content["form"] == "trajectory"
    assert (shown["scene"], shown["actions"], shown["action_names"]) == (
        "cartpole", [0, 1], ["left", "right"],
    )  # fmt: skip
    assert "rewards" not in shown


def test_rows_of_numbers_are_told_by_their_names():
    said = PreferenceDataset.from_pairs(np.array([[1.5, 1987], [0.25, 2]]), [0], [1], [0])
    (item,) = pair_items(said, names=["speed", "year"])
    checked_item(item)
    assert item.content["first"] == {"text": "speed: 1.5\nyear: 1,987"}
    with pytest.raises(InputError, match="1 names for rows of 2 numbers"):
        pair_items(said, names=["speed"])


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_pairs_that_wait_for_an_answer(tmp_path, ending):
    file = tmp_path / f"pairs{ending}"
    record = {"prompt": "2 + 2?", "first": "4", "second": "5", "gold": "first", "worth": 2}
    rest = {"prompt": "", "first": "x", "second": "<script>"}
    if ending == ".csv":
        file.write_text("prompt,first,second,gold,worth\n2 + 2?,4,5,first,2\n,x,<script>,,\n")
    else:
        file.write_text(f"{json.dumps(record)}\n{json.dumps(rest)}\n", encoding="utf-8")
    one, two = read_pairs(file)
    checked_item(one)
    assert one.content["prompt"] == "2 + 2?"
    assert (one.key, one.gold, one.worth) == ("0", "first", 2.0)
    assert two.content["second"] == {"text": "<script>"}
    assert two.source == {"pairs": file.name, "row": 1}


def test_answered_preferences_are_read_as_they_are_elsewhere(tmp_path):
    file = tmp_path / "said.jsonl"
    said = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1])
    write_preferences(said, file)
    assert read_pairs(file)[0].truth == "second"
    chosen = tmp_path / "chosen.jsonl"
    chosen.write_text('{"prompt": "p", "chosen": "good", "rejected": "bad"}\n', encoding="utf-8")
    (item,) = read_pairs(chosen)
    assert (item.content["prompt"], item.truth) == ("p", "first")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"first": "a", "second": ""}, "Line 1 of pairs.jsonl has no text as 'second'"),
        ({"first": "a", "second": 3}, "has no text as 'second'"),
        ({"first": "a", "second": "a"}, "compares a text with itself"),
        ({"first": "a", "second": "b", "gold": "b"}, "has the right answer 'b'"),
        ({"first": "a", "second": "b", "worth": "x"}, "has the worth 'x'"),
    ],
)
def test_what_is_no_pair_is_refused_by_its_line(tmp_path, line, told):
    file = tmp_path / "pairs.jsonl"
    file.write_text(f"{json.dumps(line)}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_pairs(file)
    assert told in str(error.value)


def test_keys_are_each_pairs_own(tmp_path):
    file = tmp_path / "pairs.jsonl"
    line = json.dumps({"key": "k", "first": "a", "second": "b"})
    file.write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Line 2 of pairs\.jsonl has the key 'k' again"):
        read_pairs(file)
    file.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds texts, which have no scene"):
        read_pairs(file, scene="cartpole")


def test_scenes_and_sizes():
    said = PreferenceDataset.from_pairs(["a", "b"], [0], [1], [1])
    with pytest.raises(InputError, match="Did you mean 'series'"):
        pair_items(said, scene="serie")
    with pytest.raises(InputError, match="needs the rows of its map"):
        pair_items(said, scene="grid")
    with pytest.raises(InputError, match="worth is 1 finite numbers"):
        pair_items(said, worth=[1, 2])
    with pytest.raises(InputError, match="0 comparisons"):
        pair_items(said.at([]))
