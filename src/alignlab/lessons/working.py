"""Running a learner's program: in a process of its own, for a limited time, and told in one line.

    file  ──►  a process: load the file, call the probe with it  ──►  plain values, or one sentence

A probe is a function of this package that takes the learner's module, and what it is asked about,
and returns plain values: what crosses the border between the processes is JSON, which is data only.
What the program prints is read and forgotten, but for its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from alignlab.lessons.form import Held

__all__ = ["Answer", "Ended", "call", "run", "run_command", "unanswered"]

SECONDS = 60.0
"""How long a learner's program may run."""

KEPT = 4_000
"""Bytes of what a program prints that are kept: the last ones."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of running a learner's program.

    Attributes
    ----------
    value
        What the probe returned; `None` where it failed.
    failure
        Why there is none, on one line; empty where there is.
    blank
        Whether it failed because something is still to be filled in.
    printed
        The end of what the program printed.
    """

    value: Any
    failure: str = ""
    blank: bool = False
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, or `None` where its time was over; what it printed."""

    code: int | None
    printed: str


def run(
    path: Path, asks: Mapping[str, tuple[Callable[..., Any], Any]], *, seconds: float = SECONDS
) -> dict[str, Answer]:
    """Ask a learner's file several things, in one process of its own.

    Each answer is written down as it comes: where the second never ends, the first is known.

    Parameters
    ----------
    path
        The file, or a folder for probes that load no program.
    asks
        By name: a probe, which is a public function of a module, and what it is asked about (plain
        values and arrays). It is called as `probe(work, asked)`, or `probe(folder, asked)`, and
        returns plain values.
    seconds
        The time they have together, loading included.

    Returns
    -------
    dict
        The answer to each.
    """
    if not path.exists() or (path.suffix and not path.is_file()):
        failure = f"there is no file {path.name} in {path.parent}"
        return {name: Answer(None, failure, blank=True) for name in asks}
    with tempfile.TemporaryDirectory(prefix="alignlab-step-") as scratch:
        questions, answers = Path(scratch, "asked.json"), Path(scratch, "answers.jsonl")
        asked = {
            name: [f"{probe.__module__}:{probe.__name__}", _listed(about)]
            for name, (probe, about) in asks.items()
        }
        questions.write_text(json.dumps(asked), encoding="utf-8")
        words = ["-m", "alignlab.lessons.worker", path, questions, answers]
        where = path if path.is_dir() else path.parent
        ended = run_command(words, where, seconds=seconds)
        told = _read(answers)
    if ended.code is None:
        lost = f"{path.name} was stopped after {seconds:g} s: does a loop never end?"
    else:
        lost = _without_answer(path, ended.code)
    return {name: _answer(told.get(name), lost, ended.printed) for name in asks}


def call(module: Any, asked: Mapping[str, Any]) -> Any:
    """Call functions of a learner's module: a probe for most exercises.

    Parameters
    ----------
    module
        The learner's.
    asked
        "values": names whose values are returned. "calls": pairs of a function's name and the list
        of its arguments, for each call; lists of numbers arrive as arrays.
    """
    values = {name: module.value(name) for name in asked.get("values", ())}
    calls = [
        [module.function(name)(*[_as_array(each) for each in arguments]) for arguments in each_call]
        for name, each_call in asked.get("calls", ())
    ]
    return {"values": values, "calls": calls}


def run_command(
    words: Sequence[Any],
    where: Path,
    *,
    seconds: float,
    kill_when: Callable[[], bool] | None = None,
) -> Ended:
    """Run Python with some words, and end it and what it started when its time is over.

    Parameters
    ----------
    words
        After `python -P`.
    where
        The directory that it runs in.
    seconds
        The time it has.
    kill_when
        Asked all the time; it is killed, as by `kill -9`, as soon as this says so.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", *map(str, words)],
        cwd=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )
    end = _End(process.stdout)
    try:
        code = _wait(process, seconds, kill_when)
    finally:
        _kill(process)
    return Ended(code, end.text())


class _End:
    """Reads what a process prints and keeps its end: megabytes fill neither disk nor pipe."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept = b""
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while self._stream is not None and (more := self._stream.read1(2**16)):  # type: ignore[attr-defined]
                self._kept = (self._kept + more)[-KEPT:]

    def text(self) -> str:
        self._thread.join(timeout=2)
        if self._stream is not None and not self._thread.is_alive():
            self._stream.close()
        return self._kept.decode("utf-8", errors="replace")


def _wait(
    process: subprocess.Popen[bytes], seconds: float, kill_when: Callable[[], bool] | None
) -> int | None:
    if kill_when is None:
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
    waited = 0.0
    while waited < seconds:
        if kill_when():
            return None
        try:
            return process.wait(timeout=0.005)
        except subprocess.TimeoutExpired:
            waited += 0.005
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(path: Path) -> dict[str, Any]:
    """Return the answers that were written down; half a line is none."""
    if not path.exists():
        return {}
    told = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            each = json.loads(line)
            told[each["name"]] = each
    return told


def _answer(told: Mapping[str, Any] | None, lost: str, printed: str) -> Answer:
    if told is None:
        return Answer(None, lost, printed=printed)
    if "failure" in told:
        return Answer(None, str(told["failure"]), bool(told["blank"]), printed)
    return Answer(told["value"], printed=printed)


def _without_answer(path: Path, code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"{path.name} was ended by {name}: perhaps it took more memory than there is"
    return f"{path.name} ended by itself (exit code {code}) before it was asked anything"


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _listed(each) for key, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, list | tuple) else value


def _as_array(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


def unanswered(answer: Answer, *what: str) -> tuple[Held, ...]:
    """Return that nothing holds, because the program did not run to its end."""
    advice = "Fill in the blank." if answer.blank else "Mend that first."
    last = answer.printed.strip().splitlines()[-1:]
    if last and not answer.blank:
        advice = f"{advice} It printed last: {last[0][:200]}"
    return tuple(Held(each, False, answer.failure, advice) for each in what)
