"""Rewards, potentials and features of a process, in tables that people write.

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
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from alignlab.datasets import read_table
from alignlab.errors import InputError, listed, nearest

if TYPE_CHECKING:
    from alignlab.values.processes import FiniteMDP, Rewards

__all__ = ["numbers_of", "read_columns", "read_potential", "read_rewards", "rewards_frame"]

KEYS = ("state", "action", "next_state")

FORMS = (("state",), ("state", "action"), ("state", "action", "next_state"), ("next_state",))

MOST_LISTED = 10_000_000
"""So many transitions, possible or not, are listed one by one."""

Ints = NDArray[np.int64]


def read_rewards(process: FiniteMDP, path: str | Path, *, impossible: bool = False) -> Rewards:
    """Return the rewards in a table with a column `reward`.

    Parameters
    ----------
    process
        Whose states and actions they are about.
    path
        The table.
    impossible
        Whether what is paid on arrival is written on transitions that cannot happen, too.

    Raises
    ------
    InputError
        If the file is no such table, names what the process does not have, or leaves something
        out that can happen.
    """
    table = _read(process, path, "reward")
    S, A = process.n_states, process.n_actions
    if impossible and table.form == ("next_state",) and S * A * S <= MOST_LISTED:
        paid = np.zeros(S)
        paid[table.index["next_state"]] = table.column("reward")
        # Zeros are stored: a transition that pays 0 is not one that nothing is known of.
        rows = np.arange(S * A + 1) * S
        columns = np.tile(np.arange(S), S * A)
        return sparse.csr_array((np.tile(paid, S * A), columns, rows), shape=(S * A, S))
    return _as_rewards(process, table, table.column("reward"))


def read_potential(process: FiniteMDP, path: str | Path) -> NDArray[np.float64]:
    """Return the potential in a table with the columns `state` and `potential`; 0 at the ends."""
    table = _read(process, path, "potential")
    if table.form != ("state",):
        raise InputError(f"{table.name}: a potential is a number for each state, without actions.")
    found = _as_rewards(process, table, table.column("potential"))
    return np.asarray(found)


def read_columns(process: FiniteMDP, path: str | Path) -> dict[str, Rewards]:
    """Return every column of numbers as a feature: its name to a reward."""
    table = _read(process, path, None)
    names = [column for column in table.frame.columns if column not in KEYS]
    if not names:
        raise InputError(f"{table.name} has no column besides {', '.join(table.form)}: no feature.")
    return {name: _as_rewards(process, table, table.column(name)) for name in names}


def rewards_frame(process: FiniteMDP, rewards: Rewards) -> pd.DataFrame:
    """Return rewards as the table that `read_rewards` reads."""
    S, A = process.n_states, process.n_actions
    states = np.array([process.state_name(s) for s in range(S)], object)
    actions = np.array([process.action_name(a) for a in range(A)], object)
    if sparse.issparse(rewards):
        # Transitions that can happen, with those that pay 0 and are stored nowhere.
        possible = process.transitions
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
    at = np.argwhere(process.available)
    columns = {"state": states[at[:, 0]], "action": actions[at[:, 1]]}
    return pd.DataFrame({**columns, "reward": given[at[:, 0], at[:, 1]]})


def numbers_of(
    cells: pd.Series[Any], names: tuple[str, ...] | None, n: int, *, what: str, name: str
) -> Ints:
    """Return the numbers of states or actions that a column names, or numbers.

    Parameters
    ----------
    cells
        The column.
    names
        What they are called; `None` if they are numbered only.
    n
        How many there are.
    what
        "state" or "action".
    name
        The file's, for the error.
    """
    if cells.isna().any():
        raise InputError(f"Row {_first(cells.isna())} of {name} has no {cells.name}.")
    known = {} if names is None else {each: number for number, each in enumerate(names)}
    texts = [_text(cell) for cell in cells]
    if not known.keys() & set(texts):
        known = {str(number): number for number in range(n)}
    wrong = [at for at, text in enumerate(texts) if text not in known]
    if wrong:
        text, called = texts[wrong[0]], list(known if names is None else names)
        near = nearest(text, called) if names is not None else ""
        of = f"from 0 to {n - 1}" if names is None else f"one of {listed(map(repr, called), 5)}"
        raise InputError(
            f"Row {wrong[0] + 1} of {name}: there is no {what} {text!r}.{near} It is {of}."
        )
    return np.array([known[text] for text in texts], np.int64)


@dataclass(frozen=True)
class _Table:
    frame: pd.DataFrame
    name: str
    form: tuple[str, ...]
    index: dict[str, Ints]

    def column(self, name: str) -> NDArray[np.float64]:
        cells = self.frame[name]
        numbers = pd.to_numeric(cells, errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(float, na_value=np.nan))
        if bad.any():
            at = int(bad.argmax())
            said = "nothing" if pd.isna(cells.iloc[at]) else repr(cells.iloc[at])
            raise InputError(f"Row {at + 1} of {self.name}: {name} is {said}, and not a number.")
        return numbers.to_numpy(float)


def _read(process: FiniteMDP, path: str | Path, needed: str | None) -> _Table:
    frame, name = read_table(path), Path(path).name
    if needed is not None and needed not in frame.columns:
        raise InputError(
            f"{name} has no column {needed!r}.{nearest(needed, frame.columns)} "
            f"Its columns are {listed(frame.columns)}."
        )
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
        index[key] = numbers_of(
            frame[key],
            process.state_names if states else process.action_names,
            process.n_states if states else process.n_actions,
            what="state" if states else "action",
            name=name,
        )
    twice = pd.DataFrame(index).duplicated().to_numpy()
    if twice.any():
        raise InputError(
            f"Row {_first(twice)} of {name} is about {_place(process, index, int(twice.argmax()))} "
            "again: it has one row."
        )
    return _Table(frame, name, form, index)


def _as_rewards(process: FiniteMDP, table: _Table, numbers: NDArray[np.float64]) -> Rewards:
    S, A = process.n_states, process.n_actions
    index = table.index
    if table.form == ("next_state",):
        reached = np.zeros(S, bool)
        reached[process.transitions.indices] = True
        _require_all(process, table, ("next_state",), np.flatnonzero(reached)[:, None])
        paid = np.zeros(S)
        paid[index["next_state"]] = numbers
        return process.on_arrival(paid)
    if table.form == ("state",):
        _require_all(process, table, ("state",), np.flatnonzero(~process.terminal)[:, None])
        paid = np.zeros(S)
        paid[index["state"]] = numbers
        return paid
    if table.form == ("state", "action"):
        _require_all(process, table, table.form, np.argwhere(process.available))
        paid = np.zeros((S, A))
        paid[index["state"], index["action"]] = numbers
        return paid
    possible = process.transitions
    row = np.repeat(np.arange(S * A), np.diff(possible.indptr))
    _require_all(process, table, table.form, np.column_stack([row // A, row % A, possible.indices]))
    rows = index["state"] * A + index["action"]
    return sparse.csr_array((numbers, (rows, index["next_state"])), shape=(S * A, S))


def _require_all(
    process: FiniteMDP, table: _Table, keys: tuple[str, ...], needed: NDArray[Any]
) -> None:
    """Raise if something that can happen has no row."""
    sizes = [process.n_actions if key == "action" else process.n_states for key in keys]
    has = np.ravel_multi_index(tuple(table.index[key] for key in keys), sizes)
    wants = np.ravel_multi_index(tuple(needed.T), sizes)
    missing = needed[~np.isin(wants, has)]
    if len(missing):
        first: dict[str, Ints] = {key: missing[:, j] for j, key in enumerate(keys)}
        more = f" and for {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise InputError(
            f"{table.name} has no row for {_place(process, first, 0)}{more}: everything that can "
            "happen needs one; where nothing is paid, write 0."
        )


def _place(process: FiniteMDP, index: dict[str, Ints], at: int) -> str:
    told = []
    for key, numbers in index.items():
        called = process.action_name if key == "action" else process.state_name
        told.append(f"{key} {called(int(numbers[at]))}")
    return ", ".join(told)


def _first(mask: Any) -> int:
    """Return the number of the first marked row, counted from 1 below the header."""
    return int(np.asarray(mask).argmax()) + 1


def _text(cell: Any) -> str:
    # A column with a gap keeps whole numbers as floats.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
