"""Step 7: a study that survives `kill -9`: the same bytes, whether it was interrupted or not.

The study's folder is copied twice, without its results. One copy is run to its end. The other is
killed with all its workers as soon as half of the runs are in its log, and run again. Both, and the
learner's own results, must be the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignlab.errors import AlignlabError
from alignlab.files import sha256_of_file
from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import Ended, run_command

__all__ = ["EXERCISE", "Resumed", "alignlab_command", "resumed"]

STUDY = "study"
LEAST_SEEDS = 3
SECONDS = 900.0
"""For one pass through all runs."""

LEFT_BEHIND = ("registration.json", "log.jsonl", "results.jsonl", "analysis.json", "figures")
"""What runs and analyses wrote: each copy makes its own."""

STATED = f"a study of at least two configurations and {LEAST_SEEDS} seeds"
WHOLE = "every run ends well"
KILLED = "killed half way and started again, it makes the same bytes"
OWN = "your own results are these"

STATEMENT = """\
study: adversarial-digits
title: Does adversarial training cost clean accuracy on small digits?
question: Does training against perturbations cost clean accuracy, and what does it buy?
run: experiment:run
factors:
  training: [standard, adversarial]
seeds: 6
measures:
  robust_accuracy: {label: Robust accuracy, better: higher, primary: true, low: 0, high: 1}
  accuracy: {label: Accuracy, better: higher, low: 0, high: 1}
hypotheses:
  H1:
    says: Training against perturbations leaves more digits standing under attack.
    measure: robust_accuracy
    factor: training
    of: adversarial
    against: standard
    direction: greater
    smallest-effect: 0.1
    spread: 0.06
"""

EXPERIMENT = '''\
"""Step 7: one run of the study: train a small network, and attack it."""

from alignlab.datasets import load_images
from alignlab.predictors.networks import Architecture, network
from alignlab.robustness import PGD, Linf, evaluate_robustness
from alignlab.training import Adversarial, CrossEntropy, fit

THREAT = Linf(0.1)


def run(config, seed):
    """Return the measures of one configuration and replicate.

    config   a level of every factor of study.yaml, such as {"training": "standard"}
    seed     the run's number. seed.of("weights") is one of this run's own, and seed.shared("split")
             the same in every configuration, so that runs that are compared share their data.
             Whatever is random takes its numbers from there: then a run is the same each time.
    """
    known, held = load_images("digits").split(0.5, seed=seed.shared("split"))
    net = network(Architecture("mlp", hidden=(32,)), (1, 8, 8), 10, seed=seed.of("weights"))
    # Blank: the terms of the objective, for each of the two levels of the factor: CrossEntropy(),
    # or Adversarial(threat=THREAT).
    raise NotImplementedError("the terms")
    fit(net, known, terms, epochs=4, learning_rate=3e-3, seed=seed.of("batches"))
    found = evaluate_robustness(
        net.eval(), held.images, held.labels, THREAT, attacks=[PGD(steps=10)], masking=False
    )
    return {
        "robust_accuracy": found.robust_accuracy.value,
        "accuracy": found.accuracy.value,
    }
'''


def _starter() -> Files:
    return {f"{STUDY}/study.yaml": STATEMENT, f"{STUDY}/experiment.py": EXPERIMENT}


@dataclass(frozen=True, slots=True)
class Resumed:
    """What came of running a study twice, once with an interruption.

    Attributes
    ----------
    runs, failed
        How many runs there are, and how many failed, with the first one's error.
    killed_after
        How many were in the log as it was killed; all of them where it was too quick.
    whole, resumed
        The SHA-256 of the two results; empty where there are none.
    trouble
        What went wrong, on one line; empty if nothing did.
    """

    runs: int
    failed: int = 0
    error: str = ""
    killed_after: int = 0
    whole: str = ""
    resumed: str = ""
    trouble: str = ""


def _check(folder: Path) -> tuple[Held, ...]:
    from alignlab.study.folder import open_study

    root = folder / STUDY
    try:
        study = open_study(root)
    except AlignlabError as error:
        said = " ".join(str(error).split())
        return (Held(STATED, False, said, "Mend study.yaml; alignlab study status reads it."),)
    configurations = len(study.spec.configurations())
    runs = configurations * study.spec.seeds
    stated = Held(
        STATED,
        configurations >= 2 and study.spec.seeds >= LEAST_SEEDS,
        f"{configurations} configurations × {study.spec.seeds} seeds = {runs} runs",
        f"Compare two levels at least, with {LEAST_SEEDS} seeds each at least.",
    )
    if not stated.holds:
        return (stated,)
    found = resumed(root, runs)
    if found.trouble:
        advice = "Run it yourself: alignlab study run, in the study's folder."
        return (stated, Held(WHOLE, False, found.trouble, advice))
    said = f"{found.failed} of {runs} failed"
    advice = "A run must return every measure as a number, for every configuration and seed."
    whole = Held(WHOLE, not found.failed, f"{said}: {found.error}" if found.error else said, advice)
    if found.failed:
        return (stated, whole)
    return (stated, whole, _killed_held(found), *_own_held(study.records_path, found))


def resumed(root: Path, runs: int) -> Resumed:
    """Run a study twice, once killed half way, and compare the results.

    Parameters
    ----------
    root
        The study's folder, which stays as it is.
    runs
        How many runs it has.
    """
    with tempfile.TemporaryDirectory(prefix="alignlab-resuming-") as place:
        one, two = Path(place, "whole"), Path(place, "killed")
        for copy in (one, two):
            shutil.copytree(root, copy, ignore=_without_results)
        ended = alignlab_command("study", "run", where=one)
        results = one / "results.jsonl"
        if ended.code not in (0, 1) or not results.exists():
            return Resumed(runs, trouble=_said(ended))
        failed, error = _failures(results)
        if failed:
            return Resumed(runs, failed, error)
        log = two / "log.jsonl"
        alignlab_command("study", "run", where=two, kill_at=(log, max(1, runs // 2)))
        killed_after = _lines(log)
        again = alignlab_command("study", "run", where=two)
        if again.code not in (0, 1) or not (two / "results.jsonl").exists():
            return Resumed(runs, killed_after=killed_after, trouble=f"resumed, {_said(again)}")
        sums = [sha256_of_file(each / "results.jsonl") for each in (one, two)]
        return Resumed(runs, killed_after=killed_after, whole=sums[0], resumed=sums[1])


def alignlab_command(
    *words: str, where: Path, kill_at: tuple[Path, int] | None = None, seconds: float = SECONDS
) -> Ended:
    """Run a command of alignlab in a process of its own.

    Parameters
    ----------
    words
        After `alignlab`.
    where
        The directory that it runs in.
    kill_at
        A file, and how many lines it must have for the process to be killed.
    seconds
        The time it has.
    """
    program = "import sys; from alignlab.cli import main; sys.exit(main(sys.argv[1:]))"
    asked = None
    if kill_at is not None:
        path, lines = kill_at

        def asked() -> bool:
            return _lines(path) >= lines

    return run_command(["-c", program, *words], where, seconds=seconds, kill_when=asked)


def _without_results(folder: str, names: list[str]) -> set[str]:
    left = set(LEFT_BEHIND) | {"__pycache__"}
    return {name for name in names if name in left or name.endswith((".pdf", ".lock"))}


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def _said(ended: Ended) -> str:
    last = (ended.printed.strip().splitlines() or ["it says nothing"])[-1]
    if ended.code is None:
        return f"it was stopped after {SECONDS:g} s; {last[:200]}"
    return last[:300].removeprefix("alignlab: ")


def _failures(results: Path) -> tuple[int, str]:
    import json

    failed: list[dict[str, Any]] = []
    for line in results.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["status"] != "done":
            failed.append(record)
    if not failed:
        return 0, ""
    error = failed[0].get("error") or {}
    told = f"{error.get('kind', '')}: {error.get('message', '')} ({error.get('where', '')})"
    return len(failed), " ".join(told.split())[:200]


def _killed_held(found: Resumed) -> Held:
    at = f"killed after {found.killed_after} of {found.runs} runs"
    if found.killed_after >= found.runs:
        advice = "Let a run do more than a blink of work, so that it can be interrupted."
        return Held(KILLED, False, "it ended before it could be killed", advice)
    same = found.whole == found.resumed
    sums = f"{found.whole[:12]} whole, {found.resumed[:12]} resumed"
    return Held(
        KILLED,
        same,
        f"{at}; SHA-256 {found.whole[:12]} both times" if same else f"{at}; {sums}",
        "Something random is not drawn from the seed, or depends on the time, the machine or the "
        "order: take every number from seed.of(...) and seed.shared(...).",
    )


def _own_held(path: Path, found: Resumed) -> tuple[Held, ...]:
    if not path.exists():
        return (
            Held(OWN, False, "there are none yet", "In the study's folder: alignlab study run"),
        )
    own = sha256_of_file(path)
    same = own == found.whole
    said = f"SHA-256 {own[:12]}" if same else f"{own[:12]}, and the check's are {found.whole[:12]}"
    advice = (
        "Run it again: the statement, the code or the data changed, or a run is not repeatable."
    )
    return (Held(OWN, same, said, advice),)


EXERCISE = Exercise(
    subject="resuming",
    do=(
        "{folder}/study is a study: standard against adversarial training, over seeds. Fill the "
        "blank in its experiment.py, or put a study of your own there (alignlab study new).",
        "In that folder: alignlab study plan, then alignlab study run. The check runs two copies, "
        "kills one half way, and compares bytes: more than twice the study's own time.",
    ),
    starter=_starter,
    check=_check,
    needs=("alignlab.study.runs.running", "alignlab.cli.study.run"),
    takes="two minutes",
)
