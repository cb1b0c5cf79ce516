import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alignlab.cli import main
from alignlab.study.folder import open_study
from alignlab.study.plans.registration import register_study

STATEMENT = """\
study: small
title: A small study
question: Does x raise the score?
run: experiment:run
factors:
  x: [plain, mended]
seeds: 3
measures:
  score: {primary: true}
hypotheses:
  H1: {says: It does., measure: score, factor: x, of: mended, against: plain,
       smallest-effect: 0.1, spread: 0.1}
"""

FAILING = """\
def run(config, seed):
    if config["x"] == "mended":
        raise ValueError("the kettle is empty")
    return {"score": 1}
"""


@pytest.fixture
def study(tmp_path):
    def make(experiment="def run(config, seed):\n    return {'score': 1}\n"):
        (tmp_path / "study.yaml").write_text(STATEMENT)
        (tmp_path / "experiment.py").write_text(experiment)
        return str(tmp_path)

    return make


def run(*words):
    return main(["study", "run", *words, *([] if "--workers" in words else ["--workers", "1"])])


def test_it_says_what_was_done_and_does_nothing_twice(study, capsys):
    folder = study()
    assert run(folder) == 0
    assert run(folder) == 0
    assert capsys.readouterr().out == (
        "small: 6 of 6 runs done; 6 executed now.\nsmall: 6 of 6 runs done; 0 executed now.\n"
    )


def test_the_folder_of_now_is_the_default(study, capsys, monkeypatch):
    monkeypatch.chdir(study())
    assert run() == 0


def test_failures_are_told_and_are_exit_code_1(study, capsys):
    folder = study(FAILING)
    assert run(folder) == 1
    out = capsys.readouterr().out
    assert "small: 3 of 6 runs done, 3 failed; 6 executed now." in out
    assert (
        "Failed, 3 times, first in x mended, replicate 0: experiment.py:3: ValueError: the kettle "
        "is empty\n"
    ) in out
    assert "--retry-failed makes them again" in out


def test_json_is_all_that_a_program_reads(study, capsys):
    assert run(study(FAILING), "--json", "--only", "x=plain") == 0
    found = json.loads(capsys.readouterr().out)
    assert {**found, "seconds": 0} == {
        "study": "small",
        "planned": 6,
        "executed": 3,
        "done": 3,
        "failed": 0,
        "seconds": 0,
        "missing": 3,
    }


def test_two_studies_in_one_folder_lose_nobodys_results(study, capsys):
    folder = Path(study())
    register_study(open_study(folder))
    assert run(str(folder)) == 0
    before = (folder / "results.jsonl").read_bytes()
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(re.sub("^study: .*", "study: another", text, flags=re.M))
    assert run(str(folder)) == 2
    assert "one folder holds one study" in capsys.readouterr().err
    assert (folder / "results.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "The folder nowhere does not exist."),
        (["--workers", "0"], "--workers 0 is not a whole number from 1."),
        (["--workers", "two"], "--workers 'two' is not a whole number."),
        (["--engine", "rya"], "--engine rya is not one of 'joblib', 'ray'. Did you mean 'ray'?"),
        (["--only", "y=1"], "there is no factor 'y'"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(study, words, said, capsys, monkeypatch):
    monkeypatch.chdir(study())
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert said.replace("--engine rya", "--engine 'rya'") in err or said in err
    assert err.count("\n") == 1


INTERRUPTIBLE = (
    "import signal, sys; from alignlab.cli import main; "
    "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main(sys.argv[1:]))"
)
"""The command, which Ctrl-C reaches also where whoever started the tests ignores it."""


def interrupted(folder, where, *, workers):
    """Run a study until two of its runs have begun, press Ctrl-C, and return what it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "study", "run", folder, "--workers", str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=where,
        start_new_session=True,
    )
    begun = where / "begun"
    while not begun.exists() or len(begun.read_text()) < 2:
        time.sleep(0.05)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    return err


def test_ctrl_c_ends_it_cleanly_and_keeps_what_is_done(study, tmp_path):
    folder = study(
        "import time\n"
        "def run(config, seed):\n"
        "    open('begun', 'a').write('x')\n"
        "    time.sleep(0 if config['x'] == 'plain' else 60)\n"
        "    return {'score': 1}\n"
    )
    err = interrupted(folder, tmp_path, workers=1)
    assert (
        err == f"alignlab: stopped: 1 of 6 runs are kept. Go on with: alignlab study run {folder}\n"
    )
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 1


@pytest.mark.slow
def test_ctrl_c_reaches_workers_without_a_word_of_theirs(study, tmp_path):
    folder = study(
        "import time\n"
        "def run(config, seed):\n"
        "    open('begun', 'a').write('x')\n"
        "    time.sleep(60)\n"
    )
    err = interrupted(folder, tmp_path, workers=2)
    assert err.startswith("alignlab: stopped: 0 of 6 runs are kept.")
    assert err.count("\n") == 1
