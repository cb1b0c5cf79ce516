import pytest

from alignlab.cli import main
from alignlab.lessons import resuming
from alignlab.lessons.resuming import STATEMENT, alignlab_command
from alignlab.lessons.working import Ended

RUN = """
import random

def run(config, seed):
    drawn = random.Random(seed.of("all")).random()
    return {"robust_accuracy": drawn, "accuracy": 0.9}
"""


@pytest.fixture
def quick(monkeypatch, capfd):
    """Run studies in this process, and kill them by forgetting all but some lines of the log."""

    def command(*words, where, kill_at=None, seconds=0.0):
        code = main([*words, str(where), "--workers", "1"])
        if kill_at is not None:
            log, lines = kill_at
            kept = log.read_text().splitlines(keepends=True)[:lines]
            log.write_text("".join(kept))
            (where / "results.jsonl").unlink()
        printed = capfd.readouterr()
        return Ended(code, printed.out + printed.err)

    monkeypatch.setattr(resuming, "alignlab_command", command)


def files(experiment=RUN, statement=STATEMENT):
    return {"study/study.yaml": statement, "study/experiment.py": experiment}


@pytest.mark.usefixtures("quick")
def test_a_study_that_draws_from_its_seeds_holds(tmp_path, learner):
    *held, own = learner(7, files())
    assert all(each.holds for each in held), held
    assert held[2].found.startswith("killed after 6 of 12 runs; SHA-256 ")
    assert own.found == "there are none yet"
    assert main(["study", "run", str(tmp_path / "07-resuming" / "study"), "--workers", "1"]) == 0
    assert all(each.holds for each in learner(7, files()))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("experiment", "failing", "says"),
    [
        (RUN.replace("random.Random(seed.of(\"all\")).random()", "random.SystemRandom().random()"),
         2, "Something random is not drawn from the seed"),
        ("def run(config, seed):\n    raise NotImplementedError('the terms')", 1,
         "12 of 12 failed: NotImplementedError: the terms"),
        (RUN.replace(', "accuracy": 0.9', ""), 1, "A run must return every measure"),
        ("def walk(config, seed): pass", 1, "Did you mean"),
        ("def run(:", 1, "experiment.py"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(learner, experiment, failing, says):
    held = learner(7, files(experiment))
    assert not held[failing].holds
    assert says in str(held[failing]) or failing == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds: 6", "seeds: 2", "2 configurations × 2 seeds = 4 runs"),
        ("seeds: 6", "seeds: few", "study.yaml"),
        ("[standard, adversarial]", "[adversarial]", "study.yaml"),
    ],
)
def test_a_statement_that_does_not_do_is_told(learner, old, new, says):
    (held,) = learner(7, files(statement=STATEMENT.replace(old, new)))
    assert says in held.found


@pytest.mark.slow
def test_a_study_is_killed_with_its_workers_and_resumed(learner):
    """Nothing is acted: real processes, and a real `kill -9`."""
    slow = RUN.replace("import random", "import random, time").replace(
        "    drawn", "    time.sleep(0.2)\n    drawn"
    )
    held = learner(7, files(slow))
    assert [each.holds for each in held] == [True, True, True, False], held
    assert int(held[2].found.split()[2]) < 12


def test_a_command_runs_in_a_process_of_its_own(tmp_path):
    ended = alignlab_command("--version", where=tmp_path)
    assert ended.code == 0
    assert ended.printed.startswith("alignlab ")
