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
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alignlab.errors import InputError, listed, nearest
from alignlab.files import write_whole
from alignlab.values.processes.mdp import FiniteMDP, Rewards

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_mdp", "read_rewards", "write_mdp"]

NEEDED = ("state", "action", "next_state", "probability")

COLUMNS = (*NEEDED, "reward", "initial")


def read_mdp(
    path: str | Path,
    *,
    discount: float = 0.99,
    horizon: int | None = None,
    terminal: Sequence[str | int] | None = None,
) -> FiniteMDP:
    r"""Read a process from a CSV or Parquet file.

    Use it for processes written by hand or by another program; `write_mdp` writes such files.

    Parameters
    ----------
    path
        A file that ends in .csv or .parquet, with the columns state, action, next_state and
        probability; reward (0 without it) and initial if there are any.
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
    frame = _read(Path(path), NEEDED, COLUMNS)
    states = _names([*_text(frame["state"]), *_text(frame["next_state"])])
    actions = _names(_text(frame["action"]))
    S, A = len(states), len(actions)
    state, action, target = (
        _numbered(_text(frame[column]), names)
        for column, names in (("state", states), ("action", actions), ("next_state", states))
    )
    chance = _numbers(frame, "probability", path)
    negative = (chance < 0) | (chance > 1 + 1e-9)
    if negative.any():
        row = int(negative.argmax())
        raise InputError(
            f"{path}, row {row + 1}: the probability of {_step(frame, row)} is {chance[row]:g}; it "
            "lies between 0 and 1."
        )
    _require_once(frame, ("state", "action", "next_state"), path)
    paid = _numbers(frame, "reward", path) if "reward" in frame else np.zeros(len(frame))
    kept = chance > 0
    rows, shape = (state * A + action)[kept], (S * A, S)
    ends = np.ones(S, dtype=bool)
    ends[state] = False
    ends[[_known(str(name), states, "state") for name in terminal or ()]] = True
    return FiniteMDP(
        sparse.csr_array((chance[kept], (rows, target[kept])), shape=shape),
        sparse.csr_array((paid[kept], (rows, target[kept])), shape=shape),
        discount=discount,
        horizon=horizon,
        terminal=ends,
        initial=_initial(frame, state, S, path) if "initial" in frame else None,
        state_names=states,
        action_names=actions,
    )


def write_mdp(mdp: FiniteMDP, path: str | Path) -> None:
    """Write a process as a table that `read_mdp` reads: CSV or Parquet, by the file's ending.

    Parameters
    ----------
    mdp
        The process. Its discount and horizon are not part of the table.
    path
        Where to write; written whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import io

    import pandas as pd

    place = Path(path)
    _require_ending(place)
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


def read_rewards(path: str | Path, mdp: FiniteMDP) -> Rewards:
    """Read rewards for a process from a CSV or Parquet file.

    Parameters
    ----------
    path
        With the columns state and reward, for r(s); with action too, for r(s, a); with next_state
        as well, for r(s, a, s'). What is not listed pays 0.
    mdp
        The process, whose names the file uses; numbers serve where it has no names.

    Returns
    -------
    One of the three forms of `FiniteMDP`.

    Raises
    ------
    InputError
        If the file cannot be read, or names a state or action that the process does not have.
    """
    frame = _read(Path(path), ("state", "reward"), ("state", "action", "next_state", "reward"))
    if "next_state" in frame and "action" not in frame:
        raise InputError(f"{path} has a column next_state but none called action: give both.")
    keys = tuple(name for name in ("state", "action", "next_state") if name in frame)
    _require_once(frame, keys, path)
    S, A = mdp.n_states, mdp.n_actions
    states = [mdp.state_name(s) for s in range(S)]
    paid = _numbers(frame, "reward", path)
    state = _found(frame, "state", states)
    if "action" not in frame:
        by_state = np.zeros(S)
        by_state[state] = paid
        return by_state
    action = _found(frame, "action", [mdp.action_name(a) for a in range(A)])
    if "next_state" not in frame:
        by_action = np.zeros((S, A))
        by_action[state, action] = paid
        return by_action
    target = _found(frame, "next_state", states)
    return sparse.csr_array((paid, (state * A + action, target)), shape=(S * A, S))


def _read(path: Path, needed: Sequence[str], allowed: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    _require_ending(path)
    try:
        if path.suffix == ".csv":
            # Names stay as they are written: 007 is not 7, and a state may be called NA.
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
        else:
            frame = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except Exception as error:  # every reader has its own errors for a file that is none
        reason = str(error).split("\n")[0]
        raise InputError(f"{path} cannot be read as {path.suffix[1:]}: {reason}") from error
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        hint = nearest(missing[0], [str(name) for name in frame.columns])
        raise InputError(
            f"{path} has no column {missing[0]!r}.{hint} It has {listed(frame.columns)}; needed "
            f"are {listed(needed)}."
        )
    extra = [str(name) for name in frame.columns if name not in allowed]
    if extra:
        raise InputError(
            f"{path} has a column {extra[0]!r} that means nothing here.{nearest(extra[0], allowed)}"
            f" Columns are {listed(allowed)}."
        )
    if frame.empty:
        raise InputError(f"{path} has no rows.")
    return frame


def _require_ending(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path} ends neither in .csv nor in .parquet.")


def _text(column: pd.Series[Any]) -> list[str]:
    return [str(name).strip() for name in column]


def _names(texts: list[str]) -> list[str]:
    """Return the names in order: of appearance, or as numbers if that is what they are."""
    names = list(dict.fromkeys(texts))
    if all(name.isdecimal() for name in names):
        numbers = sorted(int(name) for name in names)
        if numbers == list(range(len(names))):
            return [str(number) for number in numbers]
    return names


def _numbered(texts: list[str], names: list[str]) -> NDArray[np.intp]:
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[text] for text in texts], dtype=np.intp)


def _numbers(frame: pd.DataFrame, column: str, path: str | Path) -> NDArray[np.float64]:
    import pandas as pd

    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{path}, row {row + 1}: {column} is {frame[column].iloc[row]!r}, not a finite number."
        )
    return numbers


def _step(frame: pd.DataFrame, row: int) -> str:
    return ", ".join(
        f"{name} {str(frame[name].iloc[row]).strip()}"
        for name in ("state", "action", "next_state")
        if name in frame
    )


def _require_once(frame: pd.DataFrame, keys: Sequence[str], path: str | Path) -> None:
    import pandas as pd

    texts = pd.DataFrame({key: _text(frame[key]) for key in keys})
    twice = texts.duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        raise InputError(f"{path}, row {row + 1}: {_step(frame, row)} is listed twice.")


def _known(name: str, names: list[str], kind: str) -> int:
    if name not in names:
        raise InputError(
            f"There is no {kind} {name!r}.{nearest(name, names)} The {kind}s are {listed(names)}."
        )
    return names.index(name)


def _found(frame: pd.DataFrame, column: str, names: list[str]) -> NDArray[np.intp]:
    texts = _text(frame[column])
    number = {name: i for i, name in enumerate(names)}
    for text in texts:
        if text not in number:
            _known(text, names, "action" if column == "action" else "state")
    return _numbered(texts, names)


def _initial(
    frame: pd.DataFrame, state: NDArray[np.intp], n_states: int, path: str | Path
) -> NDArray[np.float64]:
    given = _numbers(frame, "initial", path)
    chances = np.zeros(n_states)
    chances[state] = given
    unlike = np.abs(chances[state] - given) > 1e-12
    if unlike.any():
        row = int(unlike.argmax())
        name = str(frame["state"].iloc[row]).strip()
        raise InputError(
            f"{path}: the rows of state {name} give it two chances of beginning there, "
            f"{given[row]:g} and {chances[state[row]]:g}; give one."
        )
    return chances
