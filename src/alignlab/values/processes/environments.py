"""Processes from Gymnasium's tables, and back.

An environment of Gymnasium's toy texts keeps `P[s][a]`, a list of (probability, next state, reward,
ended). There the end is a property of the transition; in a process it is one of the state. A state
that is only ever entered by ending transitions is terminal; where one can be entered both ways, its
ending transitions lead to one more state, "end", instead.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError, nearest
from alignlab.values.processes.mdp import FiniteMDP

if TYPE_CHECKING:
    import gymnasium

__all__ = ["as_environment", "read_environment"]

TABLED = "FrozenLake-v1, CliffWalking-v1 and Taxi-v4 keep one"

ACTIONS: dict[str, tuple[str, ...]] = {
    "FrozenLakeEnv": ("left", "down", "right", "up"),
    "CliffWalkingEnv": ("up", "right", "down", "left"),
    "TaxiEnv": ("south", "north", "east", "west", "pick up", "drop off"),
}
"""What the actions of Gymnasium's own environments are called, by class."""


def read_environment(
    environment: str | gymnasium.Env[Any, Any],
    *,
    discount: float = 0.99,
    horizon: int | None = None,
    **options: Any,
) -> FiniteMDP:
    """Read the table that an environment keeps of itself; see `FiniteMDP.from_gymnasium`.

    Examples
    --------
    >>> lake = read_environment("FrozenLake-v1", horizon=20)
    >>> lake.state_name(5), lake.action_name(0), lake.grid
    ('H 1,1', 'left', (4, 4))
    """
    given = isinstance(environment, str)
    made: Any = _made(environment, options) if isinstance(environment, str) else environment
    if not given and options:
        raise InputError(
            f"{next(iter(options))!r} is an option for making an environment; this one is made "
            "already. Give its name instead."
        )
    inner = getattr(made, "unwrapped", made)
    name = type(inner).__name__ if not given else str(environment)
    try:
        return _read(inner, name, discount=discount, horizon=horizon)
    finally:
        if given:
            made.close()


def as_environment(mdp: FiniteMDP) -> gymnasium.Env[Any, Any]:
    """Return a Gymnasium environment that moves and pays as a process does.

    Observations are states, the reset draws from `mdp.initial`, and `info["action_mask"]` says
    which actions are available: another one pays nothing and changes nothing. The horizon
    truncates, a terminal state terminates.

    Examples
    --------
    >>> chain = FiniteMDP(sparse.csr_array([[0, 1, 0], [0, 0, 1], [0, 0, 0]]), [1.0, 1.0, 0.0],
    ...                   initial=0)
    >>> environment = as_environment(chain)
    >>> environment.reset(seed=0)[0], environment.step(0)[:4]
    (0, (1, 1.0, False, False))
    """
    from alignlab.values.processes.process_env import ProcessEnv

    return ProcessEnv(mdp)


def _made(name: str, options: dict[str, Any]) -> Any:
    import gymnasium

    known = _registered(name, list(gymnasium.registry))
    with warnings.catch_warnings():
        # What there is to say about versions is said below, once.
        warnings.simplefilter("ignore")
        try:
            made = gymnasium.make(known, disable_env_checker=True, **options)
        except Exception as error:  # an environment may raise anything over its options
            reason = f"{type(error).__name__}: {error}".split("\n")[0]
            raise InputError(f"Gymnasium could not make {known!r}: {reason}") from error
    if known != name:
        warnings.warn(
            f"{name} is not registered in Gymnasium {gymnasium.__version__}; "
            f"{known} is read instead.",
            UserWarning,
            stacklevel=4,
        )
    return made


def _registered(name: str, names: list[str]) -> str:
    """Return the name, or the newest version of it; a name of another module is left to make."""
    if name in names or ":" in name:
        return name
    versions = {}
    for each in names:
        found = re.fullmatch(r"(.+)-v(\d+)", each)
        if found and found[1] == re.sub(r"-v\d+$", "", name):
            versions[int(found[2])] = each
    if versions:
        return versions[max(versions)]
    raise InputError(
        f"There is no environment {name!r} in Gymnasium's registry.{nearest(name, names)} "
        f"A table of the transitions is needed; {TABLED}."
    )


def _read(inner: Any, name: str, *, discount: float, horizon: int | None) -> FiniteMDP:
    if getattr(inner, "fickle_passenger", False):
        raise InputError(
            f"{name} with fickle_passenger=True changes destinations outside of its table `P`, so "
            "the table does not describe it."
        )
    kind = type(inner).__name__
    table = getattr(inner, "P", None)
    if not isinstance(table, Mapping | list | tuple) or len(table) == 0:
        raise InputError(
            f"{name} keeps no table `P[state][action]` of (probability, next state, reward, "
            f"ended), so its transitions are not known; {TABLED}."
        )
    entries, S, A = _entries(table, inner, name)
    state, action, target, chance, reward, ended = entries
    target, total = _with_an_end(state, target, ended, S)
    matrix, paid = _merged(state * A + action, target, chance, reward, total * A, total)
    # The rows of one more state have to exist, although they are empty.
    terminal = np.zeros(total, dtype=bool)
    terminal[target[ended]] = True
    start = getattr(inner, "initial_state_distrib", None)
    begin = None if start is None else np.append(np.asarray(start, float), np.zeros(total - S))
    grid, names = _places(inner, kind, S)
    if total > S and names is not None:
        names = [*names, "end"]
    elif total > S:
        names = [*map(str, range(S)), "end"]
    called = ACTIONS.get(kind)
    return FiniteMDP(
        matrix,
        paid,
        discount=discount,
        initial=begin,
        terminal=terminal,
        horizon=horizon,
        state_names=names,
        action_names=called if called is not None and len(called) == A else None,
        grid=grid,
    )


def _entries(table: Any, inner: Any, name: str) -> tuple[list[NDArray[Any]], int, int]:
    """Return columns state, action, target, chance, reward, ended; and the sizes."""
    rows = []
    try:
        for s in table if isinstance(table, Mapping) else range(len(table)):
            actions = table[s]
            for a in actions if isinstance(actions, Mapping) else range(len(actions)):
                rows += [(s, a, *entry) for entry in actions[a]]
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        state, action, target = (columns[i].astype(np.intp) for i in (0, 1, 3))
        chance, reward = columns[2].astype(float), columns[4].astype(float)
        ended = columns[5].astype(bool)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise InputError(
            f"The table `P` of {name} is not of the form P[state][action] = [(probability, next "
            "state, reward, ended), ...] with states and actions counted from 0."
        ) from error
    S = int(getattr(inner.observation_space, "n", len(table)))
    A = int(getattr(inner.action_space, "n", action.max() + 1))
    lowest = min(state.min(), target.min(), action.min())
    if lowest < 0 or max(state.max(), target.max()) >= S or action.max() >= A:
        raise InputError(
            f"The table `P` of {name} names states or actions outside of its spaces of {S} states "
            f"and {A} actions."
        )
    possible = chance != 0
    return [each[possible] for each in (state, action, target, chance, reward, ended)], S, A


def _with_an_end(
    state: NDArray[np.intp], target: NDArray[np.intp], ended: NDArray[np.bool_], n_states: int
) -> tuple[NDArray[np.intp], int]:
    """Return the targets, with ambiguous ends led to one more state, and the number of states."""
    terminal = np.zeros(n_states, dtype=bool)
    terminal[target[ended]] = True
    while True:
        # What leaves a terminal state never happens, so it makes no state ambiguous.
        both = np.zeros(n_states, dtype=bool)
        both[target[~ended & ~terminal[state]]] = True
        both &= terminal
        if not both.any():
            break
        terminal &= ~both
    redirected = ended & ~terminal[target]
    if not redirected.any():
        return target, n_states
    return np.where(redirected, n_states, target), n_states + 1


def _merged(
    row: NDArray[np.intp],
    target: NDArray[np.intp],
    chance: NDArray[np.float64],
    reward: NDArray[np.float64],
    n_rows: int,
    n_states: int,
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return transitions and rewards of one pattern; a target listed twice counts once.

    Its probabilities are added up, its rewards averaged by them.
    """
    keys, place = np.unique(row * n_states + target, return_inverse=True)
    weight = np.bincount(place, chance)
    mean = np.bincount(place, chance * reward) / weight
    rows, columns = np.divmod(keys, n_states)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_rows))])
    shape = (n_rows, n_states)
    return (
        sparse.csr_array((weight, columns, pointers), shape=shape),
        sparse.csr_array((mean, columns, pointers), shape=shape),
    )


def _places(inner: Any, kind: str, n_states: int) -> tuple[tuple[int, int] | None, Any]:
    """Return the grid and the states' names, where the environment has them."""
    if kind == "TaxiEnv":
        stops = "RGYB"
        names = []
        for s in range(n_states):
            row, column, passenger, to = inner.decode(s)
            where = "in taxi" if passenger == 4 else f"at {stops[passenger]}"
            names.append(f"taxi {row},{column}; passenger {where}; to {stops[to]}")
        return None, names
    letters = getattr(inner, "desc", None)
    if isinstance(letters, np.ndarray) and letters.ndim == 2 and letters.size == n_states:
        rows, columns = letters.shape
        marks = [m.decode() if isinstance(m, bytes) else str(m) for m in letters.ravel()]
    else:
        shape = getattr(inner, "shape", None)
        if not (isinstance(shape, tuple) and len(shape) == 2 and np.prod(shape) == n_states):
            return None, None
        rows, columns = (int(size) for size in shape)
        marks = [""] * n_states
        if kind == "CliffWalkingEnv":
            marks = ["C" if cliff else "" for cliff in np.ravel(inner._cliff)]
            marks[int(inner.start_state_index)], marks[-1] = "S", "G"
    names = [f"{mark} {i // columns},{i % columns}".strip() for i, mark in enumerate(marks)]
    return (rows, columns), names
