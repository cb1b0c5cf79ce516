import json
from pathlib import Path


def test_where_a_study_stands(alignlab):
    alignlab("study new mine")
    alignlab("study register mine")
    path = Path("mine/study.yaml")
    path.write_text(path.read_text().replace("seeds: 5", "seeds: 7"))
    code, out, err = alignlab("study status mine")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "mine"
    assert [line[2] for line in lines[1:] if line[2:3].isdigit()] == list("12345678")
    assert "- The number of seeds was changed from 5 to 7." in lines
    assert lines[-1] == "Next: alignlab study literature import FILE --study mine"


def test_a_program_reads_the_same(alignlab):
    alignlab("study new mine")
    code, out, _ = alignlab("study status mine --json")
    held = json.loads(out)
    assert code == 0
    assert held["study"] == "mine"
    assert [each["number"] for each in held["steps"]] == list(range(1, 9))
    assert {each["state"] for each in held["steps"]} <= {"done", "begun", "open"}


def test_no_study_and_a_broken_one_are_one_line(alignlab):
    code, out, err = alignlab("study status")
    assert (code, out) == (2, "")
    assert err == "alignlab: No study.yaml in .; alignlab study new NAME makes one.\n"
    alignlab("study new mine")
    Path("mine/study.yml").touch()
    code, _, err = alignlab("study status mine")
    assert code == 2
    assert err.count("\n") == 1
    assert "mine holds two studies, study.yaml and study.yml" in err
