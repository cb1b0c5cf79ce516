import json
from pathlib import Path

import pytest
from typer.main import get_command

from alignlab import guide
from alignlab.cli.app import app
from alignlab.cli.guide.path import SEE
from alignlab.lessons import Held, exercise
from alignlab.lessons.progress import STEPS


def test_the_ten_steps_and_how_far_one_is(alignlab):
    code, shown, _ = alignlab("guide path")
    assert code == 0
    lines = [line.strip() for line in shown.splitlines()]
    assert [line.split()[0] for line in lines[2:12]] == [str(step) for step in STEPS]
    assert lines[-1] == "Next: alignlab guide path --step 1"
    assert not Path("alignlab-path").exists()
    alignlab("guide path --step 5 --folder 'my path'")
    _, shown, _ = alignlab("guide path --folder 'my path'")
    assert "(begun)" in shown
    assert "--step 1 --folder 'my path'" in shown


@pytest.mark.parametrize("step", STEPS)
def test_a_step_says_what_to_read_and_what_to_do(alignlab, step):
    code, shown, error = alignlab(f"guide path --step {step}")
    assert (code, error) == (0, "")
    for part in ("Read\n", "Do\n", "Done when\n", "Written: ", f"--step {step} --check"):
        assert part in shown
    assert "{" not in shown.partition("Do\n")[2]
    assert max(map(len, shown.partition("Written")[0].splitlines())) <= 80


def test_what_a_step_says_to_type_exists():
    whole = get_command(app)
    for step in guide.path():
        for part in step.see:
            _, room, name = SEE[part].partition(",")[0].split()
            assert name in whole.commands[room].commands, part


def test_starter_files_are_written_once(alignlab):
    alignlab("guide path --step 4")
    path = Path("alignlab-path/04-risk/risk.py")
    path.write_text("mine")
    _, shown, _ = alignlab("guide path --step 4")
    assert "Written" not in shown
    assert path.read_text() == "mine"


def test_a_check_says_what_holds_and_what_does_not(alignlab, monkeypatch):
    held = (
        Held("one", True, "1.0"),
        Held("two", False, "blank", "Fill."),
        Held("three", False, "blank", "Fill."),
    )
    monkeypatch.setattr(type(exercise(5)), "check", property(lambda _: lambda _: held))
    alignlab("guide path --step 5")
    code, shown, _ = alignlab("guide path --step 5 --check")
    assert code == 1
    assert shown.splitlines() == [
        "✓ one: 1.0", "✗ two: blank. Fill.", "✗ three: the same.", "", "1 of 3 hold: not yet.",
    ]  # fmt: skip
    monkeypatch.setattr(type(exercise(5)), "check", property(lambda _: lambda _: held[:1]))
    code, shown, _ = alignlab("guide path --step 5 --check")
    assert (code, shown.splitlines()[-1]) == (0, "Step 5 is whole.")
    assert "(whole, 20" in alignlab("guide path")[1]


def test_a_blank_is_not_yet(alignlab):
    alignlab("guide path --step 5")
    code, shown, error = alignlab("guide path --step 5 --check")
    assert (code, error) == (1, "")
    assert shown.startswith("✗ 30 papers screened by two people: 0 screened twice")


def test_programs_read_json(alignlab):
    steps = json.loads(alignlab("guide path --json")[1])
    assert [each["step"] for each in steps] == list(STEPS)
    told = json.loads(alignlab("guide path --step 5 --json")[1])
    assert told["folder"] == "alignlab-path/05-screening"
    assert len(told["written"]) == 2
    checked = json.loads(alignlab("guide path --step 5 --check --json")[1])
    assert checked["whole"] is False
    assert {"what", "holds", "found", "advice"} == checked["held"][0].keys()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--step 11", "--step 11 is not one of the ten: 1 to 10."),
        ("--step two", "--step 'two' is not a whole number."),
        ("--check", "--check is about one step: say which with --step N."),
        ("--step 3 --check", "Step 3 is not begun"),
        ("--folder p.csv", "p.csv is a file."),
        ("--step 3 --folder p.csv", "p.csv is a file."),
        ("--stepp 3", "there is no option --stepp. Did you mean '--step'?"),
    ],
)
def test_misuse_is_one_line(alignlab, words, says):
    code, shown, error = alignlab(f"guide path {words}")
    assert (code, shown) == (2, "")
    assert says in error
    assert error.count("\n") == 1


def test_a_room_that_is_not_there_is_one_line(alignlab, monkeypatch):
    monkeypatch.setattr(type(exercise(2)), "absent", lambda _: "It needs the package typst.")
    code, shown, _ = alignlab("guide path --step 2")
    assert code == 0
    assert "  It needs the package typst." in shown
    code, shown, _ = alignlab("guide path --step 2 --check")
    assert code == 1
    assert shown.startswith("✗ step 2: It needs the package typst.")


@pytest.mark.slow
def test_a_learner_s_program_is_run_for_real(alignlab):
    alignlab("guide path --step 3")
    path = Path("alignlab-path/03-fair-scores/fair_scores.py")
    identity = "return base_rate / (1 - base_rate) * (1 - ppv) / ppv * (1 - fnr)"
    text = path.read_text(encoding="utf-8")
    text = text.replace('raise NotImplementedError("the identity")', identity)
    path.write_text(
        text.replace("CONTRADICTIONS = ...", "CONTRADICTIONS = {(2, 3), (4, 6), (5, 6)}")
    )
    code, shown, _ = alignlab("guide path --step 3 --check")
    assert (code, shown.splitlines()[-1]) == (0, "Step 3 is whole."), shown
