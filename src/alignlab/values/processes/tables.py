"""Processes and rewards as tables that a person can write: one row a transition.

    state,action,next_state,probability,reward
    home,walk,office,0.9,-1
    home,walk,home,0.1,-1

States are numbered in the order in which they are first named, actions too; where all names are the
numbers from 0, by them. A state that is only ever a `next_state` is terminal. An optional column
`initial` says, in each row of a state alike, with which chance it begins there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError, listed, nearest
from alignlab.files import write_whole
from alignlab.values.processes.cells import (
    name_of,
    names_in,
    numbers_in,
    read_cells,
    require_column,
)
from alignlab.values.processes.mdp import FiniteMDP

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_mdp", "write_mdp"]

PLACE = ("state", "action", "next_state")

NEEDED = (*PLACE, "probability")

COLUMNS = (*NEEDED, "reward", "initial")


def read_mdp(
    path: str | Path,
    *,
    discount: float = 0.99,
    horizon: int | None = None,
    terminal: Sequence[str | int] | None = None,
) -> FiniteMDP:
    r"""Read a process from a file: CSV, Parquet or Arrow.

    Use it for processes written by hand or by another program; `write_mdp` writes such files.

    Parameters
    ----------
    path
        A table with the columns state, action, next_state and probability; reward (0 without it)
        and initial if there are any.
    discount, horizon
        As for `FiniteMDP`.
    terminal
        Names of states that end it, beside those that are only ever a next_state.

    Raises
    ------
    InputError
        If the file cannot be read, a row is listed twice, or the probabilities of an action don't
        sum to one; the message names the state and the action.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "walk.csv"
    ...     _ = file.write_text("state,action,next_state,probability,reward\n"
    ...                         "home,walk,office,0.9,-1\nhome,walk,home,0.1,-1\n")
    ...     read_mdp(file)
    <FiniteMDP states: 2 (1 terminal), actions: 1, transitions: 2, discount: 0.99>
    """
    import pandas as pd

    frame, file = read_cells(path), Path(path).name
    _require_columns(frame, file)
    named = {column: names_in(frame, column, file) for column in PLACE}
    states = _names([*named["state"], *named["next_state"]])
    actions = _names(named["action"])
    S, A = len(states), len(actions)
    state, action, target = (
        _numbered(named[column], actions if column == "action" else states) for column in PLACE
    )

    def step(row: int) -> str:
        return ", ".join(f"{column} {named[column][row]}" for column in PLACE)

    chance = numbers_in(frame, "probability", file)
    negative = (chance < 0) | (chance > 1 + 1e-9)
    if negative.any():
        row = int(negative.argmax())
        raise InputError(
            f"Row {row + 1} of {file}: the probability of {step(row)} is {chance[row]:g}; it lies "
            "between 0 and 1."
        )
    twice = pd.DataFrame(named).duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise InputError(f"Row {row + 1} of {file}: {step(row)} is listed twice.")
    paid = numbers_in(frame, "reward", file) if "reward" in frame else np.zeros(len(frame))
    begins = numbers_in(frame, "initial", file) if "initial" in frame else None
    kept = chance > 0
    rows, shape = (state * A + action)[kept], (S * A, S)
    ends = np.ones(S, dtype=bool)
    ends[state] = False
    ends[[_known(name_of(name), states) for name in terminal or ()]] = True
    return FiniteMDP(
        sparse.csr_array((chance[kept], (rows, target[kept])), shape=shape),
        sparse.csr_array((paid[kept], (rows, target[kept])), shape=shape),
        discount=discount,
        horizon=horizon,
        terminal=ends,
        initial=None if begins is None else _initial(begins, state, states, file),
        state_names=states,
        action_names=actions,
    )


def write_mdp(mdp: FiniteMDP, path: str | Path) -> None:
    """Write a process as a table that `read_mdp` reads: CSV or Parquet, by the file's ending.

    Parameters
    ----------
    mdp
        The process. Its discount, horizon and grid are not part of the table, nor is the order of
        its states, which are numbered anew as they are first named, nor an action that is
        available nowhere.
    path
        Where to write; written whole or not at all.

    Raises
    ------
    InputError
        If a table cannot hold it: it may begin in a terminal state, nothing leads to one, or a
        name would be read as another.
    OutputError
        If it cannot be written.
    """
    import io

    import pandas as pd

    place = Path(path)
    if place.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path} ends neither in .csv nor in .parquet.")
    _require_writable(mdp)
    matrix, A = mdp.transitions, mdp.n_actions
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    state, action = np.divmod(row, A)
    rewards = mdp.rewards
    if isinstance(rewards, sparse.csr_array):
        paid = np.asarray(rewards[row, matrix.indices]).ravel()
    else:
        paid = rewards[state] if rewards.ndim == 1 else rewards[state, action]
    states = np.array([mdp.state_name(s) for s in range(mdp.n_states)], dtype=object)
    frame = pd.DataFrame(
        {
            "state": states[state],
            "action": np.array([mdp.action_name(a) for a in range(A)], dtype=object)[action],
            "next_state": states[matrix.indices],
            "probability": matrix.data,
            "reward": paid,
            "initial": mdp.initial[state],
        }
    )
    if place.suffix == ".csv":
        write_whole(place, frame.to_csv(index=False))
        return
    stream = io.BytesIO()
    frame.to_parquet(stream, index=False)
    write_whole(place, stream.getvalue())


def _require_writable(mdp: FiniteMDP) -> None:
    """Raise if what `read_mdp` made of the table would be another process."""
    begins = mdp.terminal & (mdp.initial > 0)
    if begins.any():
        raise InputError(
            f"The process may begin in the terminal state {mdp.state_name(int(begins.argmax()))}, "
            "which has no row to say so: give it another initial (with_initial) before writing it."
        )
    alone = mdp.terminal.copy()
    alone[mdp.transitions.indices] = False
    if alone.any():
        raise InputError(
            f"Nothing leads to the terminal state {mdp.state_name(int(alone.argmax()))}, so no row "
            "of a table would name it: leave it out of the process before writing it."
        )
    for kind, names in (("state", mdp.state_names), ("action", mdp.action_names)):
        for name in names or ():
            if not name or name_of(name) != name:
                raise InputError(
                    f"The {kind} {name!r} would be read as {name_of(name)!r}: give it another name."
                )


def _require_columns(frame: pd.DataFrame, file: str) -> None:
    for column in NEEDED:
        require_column(frame, column, file)
    extra = [str(column) for column in frame.columns if column not in COLUMNS]
    if extra:
        raise InputError(
            f"{file} has a column {extra[0]!r} that means nothing here.{nearest(extra[0], COLUMNS)}"
            f" Columns are {listed(COLUMNS)}."
        )


def _names(texts: list[str]) -> list[str]:
    """Return the names in order: of appearance, or as numbers if all of them are, from 0."""
    names = list(dict.fromkeys(texts))
    numbers = [str(number) for number in range(len(names))]
    return numbers if set(names) == set(numbers) else names


def _numbered(texts: list[str], names: list[str]) -> NDArray[np.intp]:
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[text] for text in texts], dtype=np.intp)


def _known(name: str, states: list[str]) -> int:
    if name not in states:
        raise InputError(
            f"There is no state {name!r}.{nearest(name, states)} The states are {listed(states)}."
        )
    return states.index(name)


def _initial(
    given: NDArray[np.float64], state: NDArray[np.intp], states: list[str], file: str
) -> NDArray[np.float64]:
    chances = np.zeros(len(states))
    chances[state] = given
    unlike = np.abs(chances[state] - given) > 1e-12
    if unlike.any():
        row = int(unlike.argmax())
        raise InputError(
            f"{file}: the rows of state {states[state[row]]} give it two chances of beginning "
            f"there, {given[row]:g} and {chances[state[row]]:g}; give one."
        )
    return chances
