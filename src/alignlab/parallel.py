"""The only fan-out, on joblib, so that a person's `joblib.parallel_config` moves all of it.

With `joblib.parallel_config("ray")` or `("dask")` around a call, every audit, study or benchmark
runs on a cluster with no line changed. The number of workers never changes a result: tasks get
their randomness from their own seed (see `alignlab.random.as_generator`), not from their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["map_tasks"]

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
