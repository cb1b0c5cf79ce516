"""The process that a command is about: a named environment, or a file of transitions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.values.processes import FiniteMDP

__all__ = ["described", "environment_options", "read_process"]


def read_process(
    source: str,
    *,
    discount: float,
    horizon: int | None,
    options: Sequence[str] | None = None,
) -> FiniteMDP:
    """Return the process that a command line names.

    Parameters
    ----------
    source
        A registered environment, or the path of a table: what ends like a file is one.
    discount, horizon
        As for `FiniteMDP`.
    options
        The environment's, each NAME=VALUE.

    Raises
    ------
    InputError
        If there is no such environment or file, or it holds no process.
    """
    from alignlab.errors import InputError
    from alignlab.values.processes import FiniteMDP, read_mdp

    if not source.strip():
        raise InputError("MDP is empty: name an environment such as FrozenLake-v1, or a file.")
    if Path(source).suffix or Path(source).exists():
        if options:
            raise InputError(
                f"--option {options[0]}: options are an environment's, and {source} is a file."
            )
        return read_mdp(source, discount=discount, horizon=horizon)
    return FiniteMDP.from_gymnasium(
        source, discount=discount, horizon=horizon, **environment_options(options)
    )


def environment_options(options: Sequence[str] | None) -> dict[str, Any]:
    """Return NAME=VALUE words as options; a value is what JSON reads it as, else a text.

    Examples
    --------
    >>> environment_options(["is_slippery=false", "map_name=8x8", "success_rate=0.5"])
    {'is_slippery': False, 'map_name': '8x8', 'success_rate': 0.5}
    """
    from alignlab.errors import InputError

    found: dict[str, Any] = {}
    for word in options or ():
        name, separator, value = word.partition("=")
        if not (separator and name.isidentifier() and value):
            raise InputError(
                f"--option {word}: write NAME=VALUE, such as --option is_slippery=false."
            )
        if name in found:
            raise InputError(f"--option {name} is said twice, and holds one value: say it once.")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            # Python's own words for what JSON writes in lower case.
            found[name] = {"True": True, "False": False, "None": None}.get(value, value)
    return found


def described(source: str, process: FiniteMDP) -> str:
    """Return one line that says what process this is."""
    ends = int(process.terminal.sum())
    told = f"{source}: {process.n_states:,} states"
    told += f" ({ends:,} end it)" if ends else ""
    told += f", {process.n_actions} actions, discount {process.discount:g}"
    return told if process.horizon is None else f"{told}, {process.horizon:,} steps"
