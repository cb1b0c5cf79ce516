"""One run by itself: what it finds does not depend on what ran before it in the same worker.

An experiment may draw from the global random states of Python, NumPy and torch; they begin at the
run's seed, and the caller's states are put back afterwards. Threads are limited to one, because a
sum over two threads is another sum. What is printed is kept and shown to nobody, so that it breaks
no progress bar. What a run leaves in its own module's globals stays there.
"""

from __future__ import annotations

import importlib.machinery
import io
import os
import random
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from types import ModuleType
from typing import Any, TextIO

__all__ = ["isolated"]

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""What libraries read when they are loaded, which may be in the middle of a run."""

ONE_AT_A_TIME = threading.Lock()
"""A process has one global state: runs in threads of one process wait for each other."""


@contextmanager
def isolated(seed: int) -> Iterator[io.StringIO]:
    r"""Run the block from a global state of its own; give what it prints.

    Parameters
    ----------
    seed
        Where the global random states begin; below 2³².

    Examples
    --------
    >>> before = random.getstate()
    >>> with isolated(3) as printed:
    ...     first = random.random()
    ...     print("kept")
    >>> with isolated(3):
    ...     again = random.random()
    >>> first == again, random.getstate() == before, printed.getvalue()
    (True, True, 'kept\n')
    """
    printed = _Kept()
    with ONE_AT_A_TIME, ExitStack() as stack:
        stack.enter_context(_process())
        stack.enter_context(_one_thread())
        stack.enter_context(_random_states(seed))
        stack.enter_context(_torch(seed))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")  # a caller who makes them errors would change results
        warnings.showwarning = _print_warning
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        yield printed


class _Kept(io.StringIO):
    """What is printed, whoever closes it."""

    def close(self) -> None:
        pass


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


@contextmanager
def _process() -> Iterator[None]:
    """Put the working directory, the environment and where modules are found back."""
    directory, environment = os.getcwd(), dict(os.environ)
    path, places = sys.path, list(sys.path)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        # What a library added when it was loaded, it may need again; it hides nothing at the end.
        path[:] = [*places, *(each for each in sys.path if each not in places)]
        sys.path = path
        os.chdir(directory)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit the libraries that are loaded already."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield


@contextmanager
def _random_states(seed: int) -> Iterator[None]:
    import numpy as np

    # The global state, which no code of this package draws from, is what this is about.
    python, numpy, errors = random.getstate(), np.random.get_state(), np.geterr()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        np.seterr(**errors)


@contextmanager
def _torch(seed: int) -> Iterator[None]:
    """Seed torch, now or when the run loads it, and put back what the caller had."""
    if (torch := sys.modules.get("torch")) is None:
        finder = _Seeding(seed)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            with suppress(ValueError):
                sys.meta_path.remove(finder)
        return
    here: Any = torch
    state, kind, threads = here.get_rng_state(), here.get_default_dtype(), here.get_num_threads()
    others = here.cuda.get_rng_state_all() if here.cuda.is_initialized() else None
    graded = here.is_grad_enabled()
    here.set_num_threads(1)
    here.set_default_dtype(here.float32)
    here.set_grad_enabled(True)
    here.manual_seed(seed)
    try:
        yield
    finally:
        here.set_rng_state(state)
        here.set_default_dtype(kind)
        here.set_num_threads(threads)
        here.set_grad_enabled(graded)
        if others is not None:
            here.cuda.set_rng_state_all(others)


class _Seeding:
    """Seeds torch as soon as it is loaded.

    Loading it beforehand would cost studies that do not use it seconds in each worker; not seeding
    it would make the first run of a worker unlike all others.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            load = loader.exec_module

            def seeded(module: Any) -> None:
                load(module)
                module.set_num_threads(1)
                module.manual_seed(self.seed)

            loader.exec_module = seeded
        return spec
