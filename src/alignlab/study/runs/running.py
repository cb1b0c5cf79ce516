"""Every configuration, replicate by replicate: each run once, each result kept as soon as it is.

    planned runs ──► less those in log.jsonl ──► workers ──► log.jsonl ──► results.jsonl

Runs are begun replicate by replicate, so that a study that is stopped early is balanced. A run
that fails is kept as failed, with the line at which it did. What a run gives depends on its own
configuration and seed alone: on one worker, on several or on a cluster it is the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from alignlab.errors import (
    InputError,
    MissingExtraError,
    OutputError,
    StoppedError,
    nearest,
    require_choice,
    require_whole,
)
from alignlab.parallel import ROUND, WORKER, each_result
from alignlab.progress import ProgressCallback, track
from alignlab.study.folder import StudyFolder, open_study
from alignlab.study.reading import level_text
from alignlab.study.runs.executing import Frame, Outcome, died, execute, function_of
from alignlab.study.runs.loading import study_sources, unchanged
from alignlab.study.runs.records import Log, Planned, planned_runs, write_results
from alignlab.study.spec import StudySpec

__all__ = ["ENGINES", "Engine", "RunSummary", "run_study"]

Engine = Literal["joblib", "ray"]
ENGINES: tuple[Engine, ...] = ("joblib", "ray")


@dataclass(frozen=True)
class RunSummary:
    """What running a study came to.

    Attributes
    ----------
    study
        Its name.
    planned
        Runs that the statement asks for.
    executed
        Runs made now; the others were there, or were not asked for.
    done, failed
        Of the planned runs, those with results and those that failed, now or before.
    seconds
        How long it took.
    """

    study: str
    planned: int
    executed: int
    done: int
    failed: int
    seconds: float

    @property
    def missing(self) -> int:
        """Planned runs that have not been made."""
        return self.planned - self.done - self.failed

    @property
    def headline(self) -> str:
        """The summary as one sentence."""
        more = f", {self.failed} failed" if self.failed else ""
        more += f", {self.missing} not yet run" if self.missing else ""
        return f"{self.done} of {_runs(self.planned)} done{more}; {self.executed} executed now."

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        return {**asdict(self), "missing": self.missing}


def run_study(
    study: StudyFolder | str | Path,
    *,
    workers: int | None = None,
    engine: Engine = "joblib",
    retry_failed: bool = False,
    only: Sequence[str] = (),
    progress: ProgressCallback | None = None,
) -> RunSummary:
    """Make the runs of a study that are missing.

    Use it again after whatever stopped it: it goes on where it was. What was run before with the
    same code, data, measures and seed is found and not run again.

    Parameters
    ----------
    study
        The study, or its folder.
    workers
        Processes; `None` asks joblib's configuration, which is one unless set.
    engine
        "joblib": on this machine, or where `joblib.parallel_config` says. "ray": on the Ray
        cluster that RAY_ADDRESS names, or a local one; every node must see the folder.
    retry_failed
        Whether runs that failed before are made again.
    only
        `factor=level` or `replicate=number`: only these runs. Two of one factor: either.
    progress
        Told of each run instead of the terminal.

    Returns
    -------
    RunSummary

    Raises
    ------
    InputError
        If the function cannot be loaded, the log is damaged, or another process runs the study.
    OutputError
        If a result cannot be written; those before it are kept.
    StoppedError
        If a person stopped it; what was done is kept.
    """
    begun = time.perf_counter()
    folder = study if isinstance(study, StudyFolder) else open_study(study)
    root, spec = folder.root.resolve(), folder.spec
    require_choice(engine, ENGINES, what="engine")
    if workers is not None:
        require_whole(workers, "workers", 1)
    wanted = _wanted(spec, only)
    _ = folder.registration  # a folder that is registered for another study is refused
    sources = study_sources(root, spec)
    planned = planned_runs(spec, sources)
    frame = Frame(str(root), spec.run, sources.code, spec.measures)
    executed, require_unchanged = 0, unchanged(root, sources.data)
    with Log(folder.log_path) as log:
        todo = [
            each
            for each in sorted(planned, key=lambda each: each.replicate)
            if wanted(each)
            and (
                each.run not in log.held or (retry_failed and log.held[each.run].status == "failed")
            )
        ]
        try:
            if todo:
                function_of(frame)  # what is wrong with it is said before a worker begins
                with _on(engine, workers) as n_jobs:
                    outcomes = _outcomes(frame, todo, n_jobs)
                    shown = track(outcomes, total=len(todo), name=_name, callback=progress)
                    with closing(outcomes), closing(shown):
                        for outcome in shown:
                            require_unchanged()
                            log.append(outcome.record, **outcome.more)
                            executed += 1
        except BaseException as error:
            with contextlib.suppress(OutputError):  # the first one says what is wrong
                write_results(folder.records_path, planned, log.held)
            if not isinstance(error, KeyboardInterrupt):
                raise
            held = sum(each.run in log.held for each in planned)
            raise StoppedError(
                f"stopped: {held} of {_runs(len(planned))} are kept. Go on with: "
                f"alignlab study run {shlex.quote(str(folder.root))}"
            ) from None
        write_results(folder.records_path, planned, log.held)
        status = [log.held[each.run].status for each in planned if each.run in log.held]
    return RunSummary(
        study=spec.study,
        planned=len(planned),
        executed=executed,
        done=status.count("done"),
        failed=status.count("failed"),
        seconds=time.perf_counter() - begun,
    )


def _wanted(spec: StudySpec, only: Sequence[str]) -> Callable[[Planned], bool]:
    """Return a function that says whether a run is among those asked for."""
    levels = {name: {level_text(each) for each in found} for name, found in spec.factors.items()}
    levels.setdefault("replicate", {str(number) for number in range(spec.seeds)})
    asked: dict[str, set[str]] = {}
    for text in only:
        factor, _, level = text.partition("=")
        if factor not in levels:
            raise InputError(
                f"only {text!r}: there is no factor {factor!r}; write FACTOR=LEVEL, with one of "
                f"{', '.join(levels)}.{nearest(factor, levels)}"
            )
        require_choice(level, sorted(levels[factor]), what=f"only {factor}")
        asked.setdefault(factor, set()).add(level)

    def wanted(run: Planned) -> bool:
        own = {"replicate": run.replicate, **run.configuration}
        return all(level_text(own[factor]) in found for factor, found in asked.items())

    return wanted


def _name(outcome: Outcome) -> str:
    levels = map(level_text, outcome.record.configuration.values())
    return f"{' '.join(levels)} #{outcome.record.replicate}"


@contextmanager
def _on(engine: Engine, workers: int | None) -> Iterator[int | None]:
    """Let the block's fan-out go to an engine; give how many workers to ask for."""
    if engine == "joblib":
        yield workers
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise MissingExtraError("ray", "ray", "The engine ray") from None
    from joblib import parallel_config

    address = os.environ.get("RAY_ADDRESS", "")
    if address.startswith("ray://"):
        raise InputError(
            f"RAY_ADDRESS={address} is Ray Client, over which joblib's workers cannot be made. Run "
            "the study on the cluster's head, without RAY_ADDRESS or with host:port."
        )
    ours = not ray.is_initialized()
    if ours:
        local: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
        begins = {"env_vars": WORKER}
        ray.init(
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env=begins,
            **({} if address else local),
        )
    try:
        register_ray()  # type: ignore[no-untyped-call]
        with parallel_config(backend="ray"):
            yield -1 if workers is None else workers
    finally:
        if ours:
            ray.shutdown()


def _outcomes(
    frame: Frame, todo: Sequence[Planned], n_jobs: int | None
) -> Generator[Outcome, None, None]:
    """Yield what the runs give, as they end, also where one of them takes its worker with it."""
    left = dict(enumerate((frame, each) for each in todo))
    while left:
        order = list(left)
        results = each_result(execute, list(left.values()), n_jobs=n_jobs, died=_died)
        try:
            with closing(results):
                for position, outcome in results:
                    del left[order[position]]
                    yield outcome
        except Exception as error:
            if not type(error).__module__.startswith("ray."):
                raise
            # Nobody knows which of the runs in work it was; alone, each of them shows it.
            for each in list(left)[: ROUND * _cluster()]:
                yield _alone_on_ray(left.pop(each))


def _died(task: tuple[Frame, Planned]) -> Outcome:
    return died(task[1])


def _cluster() -> int:
    """Return how many workers the configured back end has."""
    from joblib import effective_n_jobs

    return int(effective_n_jobs(-1))


def _alone_on_ray(task: tuple[Frame, Planned]) -> Outcome:
    """Make a run in a process of its own on the cluster, which it may kill."""
    import ray

    once = ray.remote(max_retries=0, max_calls=1)(execute)
    try:
        found: Outcome = ray.get(once.remote(task))
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        return _died(task)
    return found


def _runs(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"
