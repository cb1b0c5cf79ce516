"""The only fan-out, on joblib, so that a person's `joblib.parallel_config` moves all of it.

With `joblib.parallel_config("ray")` or `("dask")` around a call, every audit, study or benchmark
runs on a cluster with no line changed. The number of workers never changes a result: tasks get
their randomness from their own seed (see `alignlab.random.as_generator`), not from their order.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

__all__ = ["each_result", "map_tasks"]

ROUND = 2
"""Tasks a worker gets at a time where results come only when all are there."""

WORKER = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # else a set of strings has another order in each worker
}
"""The environment in which a worker process begins."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_tasks(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, n_jobs: int | None = None
) -> list[Result]:
    """Apply `function` to every task and return the results in the tasks' order.

    Parameters
    ----------
    function
        Called with one task.
    tasks
        The work.
    n_jobs
        Workers; `None` asks joblib's current configuration, which is one unless set.

    Examples
    --------
    >>> map_tasks(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=n_jobs)(delayed(function)(task) for task in tasks))


def each_result(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    n_jobs: int | None = None,
    died: Callable[[Task], Result] | None = None,
) -> Generator[tuple[int, Result], None, None]:
    """Yield each task's number and result as soon as it is there, in the order in which they end.

    Use it where each result is kept at once, so that whoever is interrupted has lost nothing; use
    `map_tasks` where all of them are needed. A back end that hands results out only when all are
    there (Ray's) gets the tasks in rounds: then a round is what an interruption can cost.

    Parameters
    ----------
    function
        Called with one task.
    tasks
        The work; begun in this order.
    n_jobs
        Workers; `None` asks joblib's current configuration, which is one unless set. Libraries in
        worker processes have one thread each.
    died
        Says what a task gives that takes its process with it, as a segmentation fault does. Where
        workers are processes of this machine, such a task then costs no other; even one worker,
        if it is asked for, is a process then.

    Yields
    ------
    tuple
        The task's position and its result.

    Examples
    --------
    >>> sorted(each_result(abs, [-1, 2, -3]))
    [(0, 1), (1, 2), (2, 3)]
    """
    from joblib import Parallel, delayed, parallel_config
    from joblib.parallel import LokyBackend, get_active_backend

    backend, configured = get_active_backend()
    asked = configured if n_jobs is None else n_jobs
    if died is not None and asked is not None and isinstance(backend, LokyBackend):
        yield from _in_processes(function, tasks, died, workers=backend.effective_n_jobs(asked))
        return
    work = [delayed(_numbered)(function, index, task) for index, task in enumerate(tasks)]
    workers = asked or 1
    if not backend.supports_return_generator:
        size = ROUND * backend.effective_n_jobs(workers)
        with Parallel(n_jobs=workers, batch_size=1) as parallel:
            for first in range(0, len(work), size):
                yield from parallel(work[first : first + size])
        return
    with ExitStack() as stack:
        if isinstance(backend, LokyBackend):
            stack.enter_context(parallel_config("loky", inner_max_num_threads=1))
        parallel = Parallel(n_jobs=workers, batch_size=1, return_as="generator_unordered")
    results = parallel(work)
    try:
        for each in results:  # noqa: UP028 ("yield from" would close it outside of the block below)
            yield each
    finally:
        with warnings.catch_warnings():
            # What was begun and not waited for is dropped on purpose.
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def _numbered(function: Callable[[Task], Result], index: int, task: Task) -> tuple[int, Result]:
    return index, function(task)


def _in_processes(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    died: Callable[[Task], Result],
    *,
    workers: int,
) -> Generator[tuple[int, Result], None, None]:
    """Yield results from pools of one process each, so that it is known which task ended one."""
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    from joblib.externals.loky.process_executor import TerminatedWorkerError

    waiting: Iterator[tuple[int, Task]] = enumerate(tasks)
    busy: dict[Future[Result], tuple[int, Task, Any, bool]] = {}

    def begin(index: int, task: Task, pool: Any = None) -> None:
        fresh = pool is None
        pool = _pool() if fresh else pool
        busy[pool.submit(function, task)] = index, task, pool, fresh

    try:
        for _, each in zip(range(workers), waiting, strict=False):
            begin(*each)
        while busy:
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                index, task, pool, fresh = busy.pop(future)
                try:
                    result = future.result()
                except TerminatedWorkerError:
                    pool.shutdown(kill_workers=True)
                    if not fresh:  # what an earlier task left behind may have ended it
                        begin(index, task)
                        continue
                    pool, result = None, died(task)
                if (following := next(waiting, None)) is not None:
                    begin(*following, pool)
                elif pool is not None:
                    pool.shutdown(kill_workers=True)
                yield index, result
    finally:
        for _, _, pool, _ in busy.values():
            pool.shutdown(kill_workers=True)


def _pool() -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=1, env=WORKER, initializer=_begin_worker)


def _begin_worker() -> None:
    """Keep what a worker's libraries print past Python out of what a command writes to stdout."""
    with suppress(OSError):
        os.dup2(2, 1)
