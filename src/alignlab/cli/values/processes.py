"""The process that a command is about: a named environment, or a file of transitions."""

from __future__ import annotations

import json
import math
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.values.processes import FiniteMDP

__all__ = ["beginning", "described", "environment_options", "read_process", "require_small"]

LARGEST = 1e100
"""Rewards, amounts and temperatures beyond this overflow in what is computed of them."""

CELL = 16
"""Bytes of a state's value and action at one step."""

NEAR = 0.8
"""How alike two names of states must be for one to be a slip of the other."""


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
        process = read_mdp(source, discount=discount, horizon=horizon)
        _warn_of_slips(process)
    else:
        process = FiniteMDP.from_gymnasium(
            source, discount=discount, horizon=horizon, **environment_options(options, source)
        )
    require_small(process.expected_rewards, f"{source}: a reward")
    _require_room(process)
    return process


def require_small(numbers: Any, what: str) -> None:
    """Raise if a number is so large that sums and products of it are none."""
    import numpy as np

    from alignlab.errors import InputError

    given = np.atleast_1d(np.asarray(numbers, float))
    wrong = given[~(np.abs(given) <= LARGEST)]
    if wrong.size:
        raise InputError(
            f"{what} is {wrong[0]:g}: give numbers between {-LARGEST:g} and {LARGEST:g}, in a "
            "larger unit if need be."
        )


def _require_room(process: FiniteMDP) -> None:
    """Raise if the values of all steps cannot be held in this machine's memory."""
    from alignlab.errors import InputError

    if process.horizon is None or not hasattr(os, "sysconf"):
        return
    needed = CELL * process.horizon * process.n_states
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        longest = math.floor(there / CELL / process.n_states)
        raise InputError(
            f"--horizon {process.horizon:,}: the values of {process.n_states:,} states at so many "
            f"steps take {needed / 2**30:,.0f} GiB, and this machine has {there / 2**30:,.0f}. "
            f"Give a horizon well below {longest:,}, or none."
        )


def _warn_of_slips(process: FiniteMDP) -> None:
    """Warn of states that end it because their row was given another name by a slip."""
    from difflib import get_close_matches

    def plain(name: str) -> str:
        return " ".join(name.casefold().split())

    def figures(name: str) -> list[str]:
        return re.findall(r"\d+", name)

    names = [process.state_name(state) for state in range(process.n_states)]
    inside = [name for name, end in zip(names, process.terminal, strict=True) if not end]
    for name, end in zip(names, process.terminal, strict=True):
        # Names that differ in a number are counted, not misspelt.
        alike = {plain(other): other for other in inside if figures(other) == figures(name)}
        near = get_close_matches(plain(name), alike, n=1, cutoff=NEAR) if end else []
        if near:
            warnings.warn(
                f"{name!r} has no row of its own and so ends it; did you mean {alike[near[0]]!r}?",
                stacklevel=2,
            )


def beginning(process: FiniteMDP) -> str:
    """Return what the value of the beginning is of, in words."""
    import numpy as np

    from alignlab.values.processes.mdp_checks import checked_initial

    inside = int((~process.terminal).sum())
    if inside > 1 and np.array_equal(process.initial, checked_initial(None, process.terminal)):
        return f"A beginning drawn from all {inside:,} states where it does not end"
    return "The beginning"


def environment_options(
    options: Sequence[str] | None, environment: str | None = None
) -> dict[str, Any]:
    """Return NAME=VALUE words as options; a value is what JSON reads it as, else a text.

    Parameters
    ----------
    options
        The words.
    environment
        Whose options they are: one that is true or false by default takes nothing else.

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
    for name in _switches(environment) & found.keys():
        if not isinstance(found[name], bool):
            raise InputError(f"--option {name}={found[name]}: it is true or false.")
    return found


def _switches(environment: str | None) -> set[str]:
    """Return the options of an environment that are true or false by default."""
    import inspect

    import gymnasium

    try:
        spec = gymnasium.spec(environment or "")
        made = spec.entry_point
        called = (
            gymnasium.envs.registration.load_env_creator(made) if isinstance(made, str) else made
        )
        signature = inspect.signature(called)  # type: ignore[arg-type]
    except Exception:  # what is no environment is refused where it is made
        return set()
    given = {name: each.default for name, each in signature.parameters.items()}
    return {name for name, value in {**given, **spec.kwargs}.items() if isinstance(value, bool)}


def described(source: str, process: FiniteMDP) -> str:
    """Return one line that says what process this is."""
    ends = int(process.terminal.sum())
    told = f"{source}: {_counted(process.n_states, 'state')}"
    told += f" ({ends:,} {'ends' if ends == 1 else 'end'} it)" if ends else ""
    told += f", {_counted(process.n_actions, 'action')}, discount {process.discount:g}"
    return told if process.horizon is None else f"{told}, {_counted(process.horizon, 'step')}"


def _counted(n: int, what: str) -> str:
    return f"1 {what}" if n == 1 else f"{n:,} {what}s"
