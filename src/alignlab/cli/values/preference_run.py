"""A policy learned from comparisons that are asked for, kept in a directory and gone on with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError, StoppedError, require_choice

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.values.learning import PreferenceTraining

__all__ = ["run_environment"]

TEACHERS = ("synthetic", "file")

NAMES = {"segment": "segment_length"}
"""What an option is called by `train_from_preferences`, where that differs."""

QUESTIONS, ANSWERS = "questions.jsonl", "answers.jsonl"


def run_environment(
    environment: str,
    options: Sequence[str] | None,
    given: Mapping[str, Any],
    *,
    seed: int,
    level: float,
    words: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> int:
    """Begin a run or go on with the one in `out`, and say how far it came.

    Parameters
    ----------
    environment, options
        What `gymnasium.make` makes.
    given
        The options that were said: teacher, comparisons, rounds, segment, policy_steps,
        rationality, mistakes.
    seed, level
        Of the run.
    words, out, as_json
        See `deliver`.
    """
    from alignlab.cli.output import Result, deliver
    from alignlab.cli.values.processes import environment_options
    from alignlab.values.learning import resume_training, train_from_preferences
    from alignlab.values.learning.runs import RunDirectory

    kind = require_choice(given.get("teacher", "synthetic"), TEACHERS, what="--teacher")
    teacher = _teacher(kind, given, seed, out)
    made = _maker(environment, environment_options(options, environment))
    settings = {
        NAMES.get(name, name): value
        for name, value in given.items()
        if name not in ("teacher", "rationality", "mistakes")
    }
    try:
        if out is not None and RunDirectory(out).holds_a_run:
            _require_same(out, environment, {**settings, "seed": seed, "level": level})
            training = resume_training(out, made, teacher)
        else:
            training = train_from_preferences(
                made, teacher, directory=out, seed=seed, level=level, **settings
            )
    except KeyboardInterrupt:
        if out is None:
            raise
        message = f"stopped; {out} keeps what was done: the same command goes on."
        raise StoppedError(message) from None
    waiting = training.state == "waiting"
    content = {"environment": environment, "teacher": kind, **training.to_dict()}

    def result() -> Result:
        return Result("prefer", content, training.to_frame(), None if waiting else training.chart())

    def show(console: Console) -> None:
        console.print(f"{environment}, taught by {_told(kind, given)}", style="bold")
        _show(console, training)
        if waiting and out is not None:
            _show_waiting(console, training, out, words)

    # What waits is kept in the run's own files; a picture of nothing would be in their way.
    deliver(result, show, words=words, out=None if waiting else out, as_json=as_json)
    return 0


def _teacher(kind: str, given: Mapping[str, Any], seed: int, out: Path | None) -> Any:
    from alignlab.values.learning import FileTeacher, SyntheticTeacher

    faults = {name: given[name] for name in ("rationality", "mistakes") if name in given}
    if kind == "synthetic":
        return SyntheticTeacher(seed=seed, **faults)
    if faults:
        raise InputError(f"--{next(iter(faults))} is the synthetic teacher's: leave it out.")
    if out is None:
        raise InputError(
            "--teacher file needs --out DIR: the questions and the answers are files in it."
        )
    _warn_of_repeats(out / ANSWERS)
    return FileTeacher(out / QUESTIONS, out / ANSWERS)


def _warn_of_repeats(path: Path) -> None:
    """Warn of a second answer to a question: it is not heard."""
    import warnings

    from alignlab.datasets.lines import read_lines

    answered: dict[str, int] = {}
    for number, line in read_lines(path):
        told = str(line.get("id")) if isinstance(line, dict) else ""
        if told in answered:
            warnings.warn(
                f"Line {number} of {path} answers {told} again: the first answer, in line "
                f"{answered[told]}, counts.",
                stacklevel=2,
            )
        elif told:
            answered[told] = number


def _maker(name: str, options: Mapping[str, Any]) -> Any:
    """Return the environment's id, or a function that makes it with options."""
    if not options:
        return name
    import gymnasium

    def make() -> Any:
        try:
            return gymnasium.make(name, **options)
        except Exception as error:  # an environment may raise anything over its options
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise InputError(f"Gymnasium could not make {name!r}: {reason}") from error

    make.__name__ = name
    return make


def _require_same(out: Path, environment: str, given: Mapping[str, Any]) -> None:
    """Raise if the command asks for another run than the one that is kept."""
    from alignlab.values.learning.runs import RunDirectory

    settings = RunDirectory(out).read().settings
    for name, value in {"environment": environment, **given}.items():
        was = getattr(settings, name)
        if was != value:
            flag = next((flag for flag, own in NAMES.items() if own == name), name)
            raise InputError(
                f"{out} keeps a run with --{flag.replace('_', '-')} {was}, not {value}: say the "
                "same to go on with it, or name another --out."
            )


def _told(kind: str, given: Mapping[str, Any]) -> str:
    if kind == "file":
        return "answers in a file"
    faults = [f"{name} {given[name]:g}" for name in ("rationality", "mistakes") if name in given]
    return "a synthetic teacher" + (f" ({', '.join(faults)})" if faults else "")


def _show(console: Console, training: PreferenceTraining) -> None:
    import pandas as pd

    from alignlab.cli.output import paragraph, rows_table

    if training.history:
        rows = [
            (
                str(each.number),
                f"{each.comparisons:,}",
                f"{each.ties + each.skipped:,}",
                "" if each.accuracy is None else f"{each.accuracy.value:.0%}",
                f"{each.policy_steps:,}",
                f"{each.true_return.value:.1f}",
                f"{each.true_return.low:.1f} to {each.true_return.high:.1f}",
            )
            for each in training.history
        ]
        level = training.history[0].true_return.level
        names = ("round", "asked", "tied, skipped", "foretold", "steps", "return",
                 f"{level:.0%} interval")  # fmt: skip
        console.print()
        console.print(rows_table(pd.DataFrame(rows, columns=names), right=names[:-1], most=100))
    if training.true_return is not None and training.state == "done":
        asked = len(training.queries)
        told = training.true_return
        paragraph(
            console,
            f"After {asked:,} comparisons the policy earns {told.value:.1f} [{told.low:.1f}, "
            f"{told.high:.1f}] an episode under the environment's own reward, which it never saw.",
        )
    for note in training.notes:
        paragraph(console, note, style="yellow")


def _show_waiting(
    console: Console, training: PreferenceTraining, out: Path, words: Sequence[str]
) -> None:
    from alignlab.cli.output import paragraph

    n = len(training.open)
    open_ones = "1 question waits" if n == 1 else f"{n:,} questions wait"
    paragraph(console, f"{open_ones} for an answer, in {out / QUESTIONS}.")
    console.print(f"Append one line for each to {out / ANSWERS}, such as", soft_wrap=True)
    line = f'{{"id": "{training.open[0].id}", "preferred": "first", "annotator": "ana"}}'
    console.print(f"  {line}", soft_wrap=True)
    console.print('with "first", "second", "tie" or "skip"; then run the same command again:')
    console.print(f"  {shlex.join(['alignlab', *words])}", soft_wrap=True)
