"""When the runs of a study began and how long they took, as its log says.

A run began `seconds` before it `ended`. Lines that say no times, as the torn one after a kill, are
passed over: what is asked for here is a cost and a date, not results.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["RunTime", "read_times", "seconds_per_run"]


@dataclass(frozen=True, slots=True)
class RunTime:
    """When one run was made.

    Attributes
    ----------
    began, seconds
        When it began, in UTC, and how long it took.
    done
        Whether it gave results.
    configuration
        What it was called with, as JSON.
    """

    began: datetime
    seconds: float
    done: bool
    configuration: str


def read_times(path: Path) -> tuple[RunTime, ...]:
    """Return the times of every run in a log, in the order in which they ended.

    Parameters
    ----------
    path
        `log.jsonl`; where there is none, no run was made.
    """
    if not path.exists():
        return ()
    with path.open("rb") as lines:
        found = [_time(line) for line in lines]
    return tuple(each for each in found if each is not None)


def seconds_per_run(times: tuple[RunTime, ...]) -> float | None:
    """Return what a run takes on average, configurations alike; `None` where none is done.

    The configurations that were run most so far do not count more than others.
    """
    by_configuration: dict[str, list[float]] = {}
    for each in times:
        if each.done:
            by_configuration.setdefault(each.configuration, []).append(each.seconds)
    if not by_configuration:
        return None
    means = [math.fsum(held) / len(held) for held in by_configuration.values()]
    return math.fsum(means) / len(means)


def _time(line: bytes) -> RunTime | None:
    try:
        held: Any = json.loads(line)
        seconds = float(held["seconds"])
        ended = datetime.fromisoformat(held["ended"])
        if not (math.isfinite(seconds) and seconds >= 0):
            return None
        ended = ended if ended.tzinfo is not None else ended.replace(tzinfo=UTC)
        return RunTime(
            ended.astimezone(UTC) - timedelta(seconds=seconds),
            seconds,
            held.get("status") == "done",
            json.dumps(held.get("configuration"), sort_keys=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
