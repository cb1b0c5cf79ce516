"""Progress: a Rich bar on a terminal, silence elsewhere, a callback for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

__all__ = ["ProgressCallback", "track"]

Item = TypeVar("Item")

WHOLE = 1e9
"""Seconds over which the speed is taken: all, or steps of a minute would never give a time left."""

ProgressCallback = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def track(
    items: Iterable[Item],
    *,
    total: int,
    name: Callable[[Item], str],
    callback: ProgressCallback | None = None,
) -> Generator[Item, None, None]:
    """Yield the items; show how far along we are.

    Parameters
    ----------
    items
        What is worked through.
    total
        How many there are.
    name
        What to call an item while it is worked on.
    callback
        Told of each step instead of the terminal.

    Examples
    --------
    >>> steps = []
    >>> list(track("ab", total=2, name=str, callback=lambda *step: steps.append(step)))
    ['a', 'b']
    >>> steps
    [('a', 0, 2), ('b', 1, 2), ('done', 2, 2)]
    """
    if callback is not None:
        for done, item in enumerate(items):
            callback(name(item), done, total)
            yield item
        callback("done", total, total)
        return
    if not sys.stderr.isatty():
        yield from items
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<34}"), BarColumn(), TimeRemainingColumn())
    # The terminal of now: what is worked through may send its own output elsewhere meanwhile.
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, speed_estimate_period=WHOLE) as bar:
        task = bar.add_task("", total=total)
        for item in items:
            bar.update(task, description=name(item))
            yield item
            bar.advance(task)
