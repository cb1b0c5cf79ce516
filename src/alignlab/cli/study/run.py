"""`alignlab study run`: the runs that are missing."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from alignlab.cli.options import Json
from alignlab.cli.study.options import Folder

if TYPE_CHECKING:
    from alignlab.study.runs.records import Record
    from alignlab.study.runs.running import Engine

__all__ = ["run"]

FINE, FAILED = 0, 1

MOST_FAILURES = 5
"""Kinds of failures that a terminal shows; the log has them all."""


def run(
    folder: Folder = Path("."),
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes. [default: one for each core]"),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="joblib: on this machine. ray: on the cluster that RAY_ADDRESS names, or a local "
            "one.",
        ),
    ] = "joblib",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Make runs that failed before again.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FACTOR=LEVEL",
            help="Only these runs, or replicate=NUMBER; repeatable. Two levels of one factor: "
            "either.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Make the runs of a study that are missing.

    Each result is kept as soon as it is there: after Ctrl-C, a kill or a full disk the same command
    goes on where it was. What was run before with the same code, data and seed is not run again.

    Exit code: 0 if every run asked for gave its measures, 1 if one failed, 2 if something given
    cannot be used, 130 if it was stopped.
    """
    from alignlab.cli.terminal import printing
    from alignlab.plain import to_json
    from alignlab.study.folder import open_study
    from alignlab.study.runs.records import read_results
    from alignlab.study.runs.running import run_study

    opened = open_study(folder)
    found = run_study(
        opened,
        workers=_cores(engine) if workers is None else workers,
        engine=cast("Engine", engine),  # an unknown one is refused there
        retry_failed=retry_failed,
        only=only or (),
    )
    if as_json:
        sys.stdout.write(to_json(found.to_dict()))
        return FAILED if found.failed else FINE
    with printing() as console:
        console.print(f"{opened.spec.study}: {found.headline}", soft_wrap=True)
        if found.failed:
            failed = [each for each in read_results(opened.records_path) if each.error]
            for line in _told(failed):
                console.print(line, soft_wrap=True)
            console.print(
                f"What they printed is in {opened.log_path}. --retry-failed makes them again.",
                soft_wrap=True,
            )
    return FAILED if found.failed else FINE


def _cores(engine: str) -> int | None:
    """Return how many workers to ask for where nobody said: the machine's or the cluster's."""
    if engine != "joblib":
        return None
    from joblib import cpu_count

    return int(cpu_count())


def _told(failed: Sequence[Record]) -> Iterator[str]:
    """Yield a line for each kind of failure, the most frequent first."""
    kinds = Counter(str(each.error) for each in failed)
    for said, count in kinds.most_common(MOST_FAILURES):
        first = next(each for each in failed if str(each.error) == said)
        levels = ", ".join(f"{name} {level}" for name, level in first.configuration.items())
        times = f"{count} times, first in" if count > 1 else "in"
        yield f"Failed, {times} {levels}, replicate {first.replicate}: {said}"
    if len(kinds) > MOST_FAILURES:
        yield f"{len(kinds) - MOST_FAILURES} more kinds of failure."
