"""Rewards, potentials and features of a mdp, in tables that people write.

The columns in front say what a row is about: `state`; `state` and `action`; `state`, `action` and
`next_state`; or `next_state` alone, for what is paid on arrival. All other columns hold numbers.
States and actions are called as the process calls them, or numbered from 0. A table is complete:
whatever can happen has a row, and what pays nothing says 0, because a forgotten row and a reward of
0 look alike afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError, listed, nearest
from alignlab.values.processes.cells import (
    first_of,
    names_in,
    numbers_in,
    read_cells,
    require_column,
)
from alignlab.values.processes.mdp import FiniteMDP, Rewards

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_columns", "read_potential", "read_rewards", "rewards_frame"]

KEYS = ("state", "action", "next_state")

FORMS = (("state",), ("state", "action"), ("state", "action", "next_state"), ("next_state",))

MOST_LISTED = 10_000_000
"""So many transitions, possible or not, are listed one by one."""

Ints = NDArray[np.int64]


def read_rewards(path: str | Path, mdp: FiniteMDP, *, impossible: bool = False) -> Rewards:
    r"""Read rewards for a process from a file: CSV, Parquet or Arrow.

    Use it to plan for rewards that somebody wrote down, or to compare them with others.

    Parameters
    ----------
    path
        A table with a column reward, and state for r(s); state and action for r(s, a); next_state
        as well for r(s, a, s'); or next_state alone for what is paid on arrival. It is complete:
        what can happen and pays nothing has a row that says 0.
    mdp
        The process, whose names the table uses; numbers from 0 serve where no name is used.
    impossible
        Whether what is paid on arrival is written on transitions that cannot happen, too.

    Returns
    -------
    One of the three forms of `FiniteMDP`.

    Raises
    ------
    InputError
        If the file is no such table, names what the process does not have, says something twice,
        or leaves something out that can happen.

    Examples
    --------
    >>> import tempfile
    >>> fork = FiniteMDP(np.eye(3)[[1, 2, 0, 0, 0, 0]], np.zeros(3), terminal=[1, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "rewards.csv"
    ...     _ = file.write_text("state,action,reward\n0,0,5\n0,1,7\n")
    ...     read_rewards(file, fork).tolist()
    [[5.0, 7.0], [0.0, 0.0], [0.0, 0.0]]
    """
    table = _read(path, mdp, "reward")
    S, A = mdp.n_states, mdp.n_actions
    if impossible and table.form == ("next_state",) and S * A * S <= MOST_LISTED:
        paid = np.zeros(S)
        paid[table.index["next_state"]] = table.column("reward")
        # Zeros are stored: a transition that pays 0 is not one that nothing is known of.
        rows = np.arange(S * A + 1) * S
        columns = np.tile(np.arange(S), S * A)
        return sparse.csr_array((np.tile(paid, S * A), columns, rows), shape=(S * A, S))
    return _as_rewards(mdp, table, table.column("reward"))


def read_potential(path: str | Path, mdp: FiniteMDP) -> NDArray[np.float64]:
    """Return the potential in a table with the columns `state` and `potential`; 0 at the ends."""
    table = _read(path, mdp, "potential")
    if table.form != ("state",):
        raise InputError(f"{table.name}: a potential is a number for each state, without actions.")
    found = _as_rewards(mdp, table, table.column("potential"))
    return np.asarray(found)


def read_columns(path: str | Path, mdp: FiniteMDP) -> dict[str, Rewards]:
    """Return every column of numbers as a feature: its name to a reward."""
    table = _read(path, mdp, None)
    names = [column for column in table.frame.columns if column not in KEYS]
    if not names:
        raise InputError(f"{table.name} has no column besides {', '.join(table.form)}: no feature.")
    return {name: _as_rewards(mdp, table, table.column(name)) for name in names}


def rewards_frame(mdp: FiniteMDP, rewards: Rewards) -> pd.DataFrame:
    """Return rewards as the table that `read_rewards` reads."""
    import pandas as pd

    S, A = mdp.n_states, mdp.n_actions
    states = np.array([mdp.state_name(s) for s in range(S)], object)
    actions = np.array([mdp.action_name(a) for a in range(A)], object)
    if sparse.issparse(rewards):
        # Transitions that can happen, with those that pay 0 and are stored nowhere.
        possible = mdp.transitions
        row = np.repeat(np.arange(S * A), np.diff(possible.indptr))
        paid = np.asarray(sparse.csr_matrix(rewards)[row, possible.indices], float).ravel()
        return pd.DataFrame(
            {
                "state": states[row // A],
                "action": actions[row % A],
                "next_state": states[possible.indices],
                "reward": paid,
            }
        )
    given: Any = rewards
    if given.ndim == 1:
        return pd.DataFrame({"state": states, "reward": given})
    at = np.argwhere(mdp.available)
    columns = {"state": states[at[:, 0]], "action": actions[at[:, 1]]}
    return pd.DataFrame({**columns, "reward": given[at[:, 0], at[:, 1]]})


def _numbered(
    names: list[str], called: tuple[str, ...] | None, n: int, *, what: str, file: str
) -> Ints:
    """Return the numbers of states or actions that a column names, or numbers."""
    known = {} if called is None else {each: number for number, each in enumerate(called)}
    if not known.keys() & set(names):
        known = {str(number): number for number in range(n)}
    wrong = [at for at, name in enumerate(names) if name not in known]
    if wrong:
        name = names[wrong[0]]
        near = nearest(name, called) if called is not None else ""
        of = f"from 0 to {n - 1}" if called is None else f"one of {listed(map(repr, called), 5)}"
        raise InputError(
            f"Row {wrong[0] + 1} of {file}: there is no {what} {name!r}.{near} It is {of}."
        )
    return np.array([known[name] for name in names], np.int64)


@dataclass(frozen=True)
class _Table:
    frame: pd.DataFrame
    name: str
    form: tuple[str, ...]
    index: dict[str, Ints]

    def column(self, name: str) -> NDArray[np.float64]:
        return numbers_in(self.frame, name, self.name)


def _read(path: str | Path, mdp: FiniteMDP, needed: str | None) -> _Table:
    import pandas as pd

    frame, name = read_cells(path), Path(path).name
    if needed is not None:
        require_column(frame, needed, name)
    form = tuple(key for key in KEYS if key in frame.columns)
    if form not in FORMS:
        near = next((hint for key in KEYS if (hint := nearest(key, frame.columns))), "")
        raise InputError(
            f"{name} has {' and '.join(form) or 'no state'} among its columns.{near} Rows are "
            "about a state; a state and an action; a state, an action and a next_state; or a "
            "next_state."
        )
    index = {}
    for key in form:
        states = key != "action"
        index[key] = _numbered(
            names_in(frame, key, name),
            mdp.state_names if states else mdp.action_names,
            mdp.n_states if states else mdp.n_actions,
            what="state" if states else "action",
            file=name,
        )
    twice = pd.DataFrame(index).duplicated().to_numpy()
    if twice.any():
        raise InputError(
            f"Row {first_of(twice)} of {name} is about {_place(mdp, index, int(twice.argmax()))} "
            "again: it has one row."
        )
    return _Table(frame, name, form, index)


def _as_rewards(mdp: FiniteMDP, table: _Table, numbers: NDArray[np.float64]) -> Rewards:
    S, A = mdp.n_states, mdp.n_actions
    index = table.index
    if table.form == ("next_state",):
        reached = np.zeros(S, bool)
        reached[mdp.transitions.indices] = True
        _require_all(mdp, table, ("next_state",), np.flatnonzero(reached)[:, None])
        paid = np.zeros(S)
        paid[index["next_state"]] = numbers
        return mdp.on_arrival(paid)
    if table.form == ("state",):
        _require_all(mdp, table, ("state",), np.flatnonzero(~mdp.terminal)[:, None])
        paid = np.zeros(S)
        paid[index["state"]] = numbers
        return paid
    if table.form == ("state", "action"):
        _require_all(mdp, table, table.form, np.argwhere(mdp.available))
        paid = np.zeros((S, A))
        paid[index["state"], index["action"]] = numbers
        return paid
    possible = mdp.transitions
    row = np.repeat(np.arange(S * A), np.diff(possible.indptr))
    _require_all(mdp, table, table.form, np.column_stack([row // A, row % A, possible.indices]))
    rows = index["state"] * A + index["action"]
    return sparse.csr_array((numbers, (rows, index["next_state"])), shape=(S * A, S))


def _require_all(
    mdp: FiniteMDP, table: _Table, keys: tuple[str, ...], needed: NDArray[Any]
) -> None:
    """Raise if something that can happen has no row."""
    sizes = [mdp.n_actions if key == "action" else mdp.n_states for key in keys]
    has = np.ravel_multi_index(tuple(table.index[key] for key in keys), sizes)
    wants = np.ravel_multi_index(tuple(needed.T), sizes)
    missing = needed[~np.isin(wants, has)]
    if len(missing):
        first: dict[str, Ints] = {key: missing[:, j] for j, key in enumerate(keys)}
        more = f" and for {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise InputError(
            f"{table.name} has no row for {_place(mdp, first, 0)}{more}: everything that can "
            "happen needs one; where nothing is paid, write 0."
        )


def _place(mdp: FiniteMDP, index: dict[str, Ints], at: int) -> str:
    told = []
    for key, numbers in index.items():
        called = mdp.action_name if key == "action" else mdp.state_name
        told.append(f"{key} {called(int(numbers[at]))}")
    return ", ".join(told)
