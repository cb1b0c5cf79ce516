import json
from pathlib import Path


def test_what_a_study_can_show(alignlab):
    alignlab("study new mine")
    code, out, err = alignlab("study plan mine --workers 2")
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    assert "mine: 4 configurations × 5 seeds = 20 runs; the chance of showing" in told
    assert "H1 accuracy: people 3 against 1" in told
    assert "0.025 90% 5 0.0375" in told
    assert told.endswith("Cost: 20 runs of 0.01 s each (as stated), 2 at a time: 0.1 s.")


def test_other_seeds_and_no_spread(alignlab):
    alignlab("study new mine")
    path = Path("mine/study.yaml")
    path.write_text(path.read_text().replace("    spread: 0.025\n", ""))
    out = " ".join(alignlab("study plan mine --seeds 3")[1].split())
    assert "× 3 seeds = 12 runs; the chance of showing anything is unknown." in out
    assert "H1: how much pairs differ (spread) is not stated" in out
    assert "0.0075 >99% 3" in out
    out = " ".join(alignlab("study plan mine --seeds 1")[1].split())
    assert "× 1 seed = 4 runs" in out
    assert ", 1 seed, 2 tasks" in out


def test_files_and_json(alignlab):
    alignlab("study new mine")
    code, out, _ = alignlab("study plan mine --workers 1 --json --out plans")
    assert code == 0
    held = json.loads(out)
    assert held["plan"]["cost"]["runs"] == 20
    assert out == Path("plans/plan.json").read_text()
    assert Path("plans/plan.csv").read_text().startswith("hypothesis,draws,alpha,spread,power")
    assert "<svg" in Path("plans/plan.svg").read_text()


def test_errors_are_one_line(alignlab):
    alignlab("study new mine")
    for line, said in (
        ("study plan", "No study.yaml in .; alignlab study new NAME makes one."),
        ("study plan min", "Did you mean 'mine'?"),
        ("study plan mine --seeds 0", "--seeds 0 is not a whole number from 1."),
        ("study plan mine --seeds x", "--seeds 'x' is not a whole number."),
        ("study plan mine --workers 0", "--workers 0 is not a whole number from 1."),
    ):
        code, out, err = alignlab(line)
        assert (code, out, err.count("\n")) == (2, "", 1), line
        assert said in err
    path = Path("mine/study.yaml")
    path.write_text(path.read_text().replace("direction: greater", "direction: up"))
    code, _, err = alignlab("study plan mine")
    assert code == 2
    assert "mine/study.yaml:56: hypotheses.H1.direction = 'up' is not one of" in err
