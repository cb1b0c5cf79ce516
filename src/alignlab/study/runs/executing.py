"""One run of a study: the function called by itself, and what it gave told as a record.

Whatever an experiment does wrong is a failed run, never the end of the study: an error, a call of
sys.exit, a measure that is missing, no number, not finite or beyond its ends.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import platform
import re
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from alignlab.errors import InputError, nearest
from alignlab.files import sha256_of_file
from alignlab.study.runs.isolation import isolated
from alignlab.study.runs.loading import (
    Experiment,
    forget,
    in_folder,
    load_experiment,
    undeclared,
    where,
)
from alignlab.study.runs.records import Fault, Planned, Record
from alignlab.study.spec import Measure

__all__ = ["Frame", "Outcome", "died", "execute", "function_of"]

MOST_PRINTED = 4_000
"""Characters of what a run printed that its line in the log keeps, the last ones."""

MOST_SAID = 500
"""Characters of an error's message that a record keeps."""


@dataclass(frozen=True)
class Frame:
    """What all runs of a study share; small, for it goes to a worker with each of them.

    Attributes
    ----------
    root
        The study's folder, resolved.
    run
        `module:function`.
    code
        The files that results are filed under, digested.
    measures
        What every run returns.
    """

    root: str
    run: str
    code: Mapping[str, str]
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class Outcome:
    """What a run gave, and what the log says of it beside.

    Attributes
    ----------
    record
        The record.
    more
        When it ended, how long it took, on which worker, and what it printed.
    """

    record: Record
    more: Mapping[str, Any]


def execute(task: tuple[Frame, Planned]) -> Outcome:
    """Make one run, here.

    Parameters
    ----------
    task
        What the runs share, and which one.

    Raises
    ------
    InputError
        If the experiment cannot be loaded, changed meanwhile, or rests on files that the study does
        not name.
    """
    frame, run = task
    _leave_interrupts_to_the_parent()
    function = function_of(frame)
    root = Path(frame.root)
    module = Path(getattr(getattr(function, "__code__", None), "co_filename", frame.root))
    begun = time.perf_counter()
    fault: Fault | None = None
    measures: dict[str, float] = {}
    # In this order: only one thread at a time may change which modules there are.
    with isolated(int(run.seed)) as printed, in_folder(root):
        process = os.getpid()
        try:
            returned = function(dict(run.configuration), run.seed)
            measures, said = _measured(returned, frame.measures)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of Rust is no Exception
            kind = _writable(type(error).__name__)
            fault = Fault(kind, _message(error, frame.root), where(error, root, module))
            with contextlib.suppress(ValueError):  # it may have closed sys.stderr
                traceback.print_exc()
        else:
            if said:
                line = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
                fault = Fault("Measure", said, f"{_relative(module, root)}:{line}")
        finally:
            if os.getpid() != process:
                os._exit(0)  # a copy that the experiment forked, and that came back here
    _require_declared(frame)
    more = _when(begun)
    if text := printed.getvalue()[-MOST_PRINTED:]:
        more["printed"] = _writable(text)
    if fault is not None:
        return Outcome(_failed(run, fault), more)
    return Outcome(_record(run, "done", measures), more)


_FUNCTIONS: dict[tuple[str, str], tuple[Mapping[str, str], Experiment]] = {}


def function_of(frame: Frame) -> Experiment:
    """Return the experiment, loaded once in each process and for each state of its code.

    Raises
    ------
    InputError
        As `execute`.
    """
    known = _FUNCTIONS.get((frame.root, frame.run))
    if known is not None and known[0] == frame.code:
        return known[1]
    root = Path(frame.root)
    forget(root)
    for name, digest in frame.code.items():
        path = root / name
        if path.is_file() and sha256_of_file(path) != digest:
            raise InputError(
                f"{path} was changed while the study ran. Run it again: what was done with the "
                "file as it was is kept, and what depends on it is run anew."
            )
    with isolated(0):  # what a module draws while it is loaded is the same in each worker
        function = load_experiment(root, frame.run)
    _require_declared(frame)
    _FUNCTIONS[frame.root, frame.run] = frame.code, function
    return function


def died(run: Planned) -> Outcome:
    """Return what becomes of a run that took its process with it."""
    fault = Fault("WorkerDied", "its process was killed, or memory ran out", "")
    return Outcome(_failed(run, fault), _when(time.perf_counter()))


def _record(
    run: Planned, status: Literal["done", "failed"], measures: Mapping[str, float]
) -> Record:
    return Record(
        run=run.run,
        configuration=run.configuration,
        replicate=run.replicate,
        seed=int(run.seed),
        status=status,
        measures=measures,
    )


def _failed(run: Planned, fault: Fault) -> Record:
    return replace(_record(run, "failed", {}), error=fault)


def _when(begun: float) -> dict[str, Any]:
    return {
        "seconds": round(time.perf_counter() - begun, 4),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "worker": f"{platform.node()}:{os.getpid()}",
    }


def _require_declared(frame: Frame) -> None:
    if more := undeclared(Path(frame.root), frame.code):
        raise InputError(
            f"The experiment imports {', '.join(more)}, on which its results would rest unseen. "
            f"Add to study.yaml: code: [{', '.join(more)}]"
        )


def _measured(returned: Any, measures: Mapping[str, Measure]) -> tuple[dict[str, float], str]:
    """Return the numbers, and what is wrong with them, if anything."""
    if not isinstance(returned, Mapping):
        return {}, (
            f"it returned {_kind(returned)}, not a mapping with a number for each of "
            f"{', '.join(measures)}"
        )
    for name in returned:
        if name not in measures:
            near = nearest(str(name), measures)
            return {}, f"it returned {name!r}, which is no measure of study.yaml.{near}"
    found: dict[str, float] = {}
    for name, measure in sorted(measures.items()):
        if name not in returned:
            return {}, f"{name} is missing from what it returned"
        value = returned[name]
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()  # a scalar of NumPy or torch
        if isinstance(value, bool) or not isinstance(value, Real):
            return {}, f"{name} is {_kind(value)}, not a number"
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            return {}, f"{name} is {'not a number (NaN)' if number != number else 'infinite'}"
        if measure.low is not None and number < measure.low:
            return {}, f"{name} is {number!r}, below its low, {measure.low!r}"
        if measure.high is not None and number > measure.high:
            return {}, f"{name} is {number!r}, above its high, {measure.high!r}"
        found[name] = number
    return found, ""


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _message(error: BaseException, root: str) -> str:
    """Return an error's message without what differs from one process to the next."""
    try:
        text = str(error)
    except Exception:
        text = ""
    text = text.replace(f"{root}{os.sep}", "")
    return _writable(re.sub(r"\b0x[0-9a-f]{6,}", "0x…", text).strip())[:MOST_SAID]


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _leave_interrupts_to_the_parent() -> None:
    """Let Ctrl-C, which a terminal sends to workers too, reach only the process that asked."""
    child = multiprocessing.parent_process() is not None
    if child and threading.current_thread() is threading.main_thread():
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
