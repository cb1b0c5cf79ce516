import json

import pytest

from alignlab.errors import InputError
from alignlab.lessons import (
    Held,
    Progress,
    begin,
    check_step,
    exercise,
    step_folder,
)
from alignlab.lessons.form import Exercise
from alignlab.lessons.progress import STEPS

GOOD, BAD = Held("a", True, "1"), Held("b", False, "2", "Try.")


def test_a_step_goes_from_begun_to_whole_and_remembers_the_day(tmp_path):
    assert Progress.read(tmp_path).state(5) == ""
    begin(5, tmp_path)
    before = Progress.read(tmp_path)
    assert (before.state(5), before.next_step) == ("begun", 1)
    half = before.with_check(5, (GOOD, BAD))
    assert half.state(5) == "1 of 2 hold"
    whole = half.with_check(5, (GOOD,))
    day = whole.steps[5].whole[:10]
    assert whole.state(5) == f"whole, {day}"
    again = whole.with_check(5, (BAD,))
    assert again.state(5) == f"0 of 1 hold, was whole on {day}"
    assert Progress.read(tmp_path) == again


def test_nothing_that_a_learner_wrote_is_written_over(tmp_path):
    (path,) = begin(1, tmp_path)
    path.write_text("mine")
    assert begin(1, tmp_path) == ()
    assert path.read_text() == "mine"
    path.unlink()
    assert begin(1, tmp_path) == (path,)


def test_all_ten_are_whole_at_the_end(tmp_path):
    done = Progress.read(tmp_path)
    for step in STEPS:
        assert done.next_step == step
        done = done.with_check(step, (GOOD,))
    assert done.next_step is None


def test_nothing_asked_for_is_not_whole(tmp_path):
    assert not Progress.read(tmp_path).with_check(1, ()).steps[1].holds


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"format": "alignlab path 9", "steps": {}}', '{"format": "alignlab path 1"}',
     '{"format": "alignlab path 1", "steps": {"one": {}}}'],
)  # fmt: skip
def test_a_damaged_file_is_told_in_one_line(tmp_path, text):
    (tmp_path / "path.json").write_text(text)
    with pytest.raises(InputError, match=r"path.json is damaged: .*Take it away") as told:
        Progress.read(tmp_path)
    assert "\n" not in str(told.value)


def test_a_step_of_another_version_is_passed_over(tmp_path):
    done = Progress.read(tmp_path).with_check(1, (GOOD,))
    told = done.to_dict()
    told["steps"]["99"] = told["steps"]["1"]
    (tmp_path / "path.json").write_text(json.dumps(told))
    assert list(Progress.read(tmp_path).steps) == [1]


@pytest.mark.parametrize("step", [0, 11, -1])
def test_there_are_ten(step, tmp_path):
    with pytest.raises(InputError, match="is not one of the ten: 1 to 10"):
        begin(step, tmp_path)


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        begin(1, tmp_path / "file")
    with pytest.raises(InputError, match="is a file"):
        Progress.read(tmp_path / "file")
    (tmp_path / "01-planning").write_text("")
    with pytest.raises(InputError, match="01-planning is a file"):
        begin(1, tmp_path)


def test_a_step_that_was_not_begun_is_not_checked(tmp_path):
    with pytest.raises(InputError, match="Step 3 is not begun"):
        check_step(3, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_room_that_is_not_there_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(Exercise, "absent", lambda _: "It is not there.")
    assert begin(2, tmp_path) == ()
    assert check_step(2, tmp_path) == (Held("step 2", False, "It is not there."),)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", STEPS)
def test_every_exercise_begins_with_files_that_are_readable(step, tmp_path):
    assert exercise(step).do
    written = begin(step, tmp_path)
    assert written
    for path in written:
        assert path.is_relative_to(step_folder(tmp_path, step))
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            compile(text, path.name, "exec")
            assert max(map(len, text.splitlines())) <= 100
            assert "lank" in text
