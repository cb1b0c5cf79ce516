"""Trajectories in files: one row a step in a table, or one trajectory a line of JSON.

In a table the last row of a trajectory has no action and holds the final state, or a column
`next_state` holds where each step led. Errors name the row or the line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets.read import read_table
from alignlab.datasets.trajectories import Trajectory
from alignlab.errors import InputError, nearest
from alignlab.files import write_whole
from alignlab.plain import plain

__all__ = ["read_trajectories", "write_trajectories"]

COLUMNS = ("trajectory", "state", "action", "next_state", "reward", "ended")
KEYS = ("states", "actions", "rewards", "ended")
LINES = (".jsonl", ".ndjson")
TRUE = (True, 1, "true", "1", "yes")
FALSE = (False, 0, "false", "0", "no")


def read_trajectories(
    path: str | Path,
    *,
    state_names: Sequence[str] | None = None,
    action_names: Sequence[str] | None = None,
) -> tuple[Trajectory, ...]:
    r"""Read trajectories from a table or from lines of JSON.

    Parameters
    ----------
    path
        A table (CSV, Parquet, Arrow) with the columns `trajectory`, `state`, `action` and, where
        known, `next_state`, `reward`, `ended`; rows of one trajectory are in the order of time and
        the last one has no action, unless there is a `next_state`. Or a `.jsonl` file, one object
        a line: `{"states": [0, 1], "actions": [2], "rewards": [0.5], "ended": true}`. Where nothing
        says `ended`, trajectories are cut off. Vectors are read from JSONL only.
    state_names, action_names
        What states and actions are called, in the order of their numbers: every cell is then one of
        these names.

    Returns
    -------
    tuple of Trajectory
        In the order in which they first appear.

    Raises
    ------
    InputError
        With the row (counted from 1 below the header) or the line of what cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "walks.csv")
    >>> _ = path.write_text("trajectory,state,action,ended\na,home,go,\na,shop,,true\n")
    >>> read_trajectories(path, state_names=["home", "shop"], action_names=["go"])
    (<Trajectory: 1 step, ended>,)
    """
    path = Path(path)
    names = {"state": _numbering(state_names), "action": _numbering(action_names)}
    if path.suffix.lower() in LINES:
        return _from_lines(path, names)
    return _from_table(read_table(path), path.name, names)


def write_trajectories(
    trajectories: Iterable[Trajectory],
    path: str | Path,
    *,
    state_names: Sequence[str] | None = None,
    action_names: Sequence[str] | None = None,
) -> None:
    r"""Write trajectories so that `read_trajectories` gives the same back; whole or not at all.

    Parameters
    ----------
    trajectories
        What to write.
    path
        Ends in `.csv`, `.parquet` or `.jsonl`; vectors and a mixture of known and unknown rewards
        need `.jsonl`.
    state_names, action_names
        Written instead of numbers.

    Raises
    ------
    InputError
        If the ending is another, a table cannot hold the trajectories, or a number has no name.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "walks.jsonl")
    >>> write_trajectories([Trajectory([0, 1], [0], ended=True)], path)
    >>> path.read_text()
    '{"states": [0, 1], "actions": [0], "ended": true}\n'
    """
    path, given = Path(path), list(trajectories)
    kind = path.suffix.lower()
    if kind in LINES:
        lines = []
        for each in given:
            told = each.to_dict()
            told["states"] = _named(each.states, state_names, "state")
            told["actions"] = _named(each.actions, action_names, "action")
            lines.append(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
        write_whole(path, "".join(lines))
        return
    if kind not in (".csv", ".parquet"):
        known = (".csv", ".parquet", ".jsonl")
        raise InputError(
            f"{path.name} has no ending that trajectories are written to."
            f"{nearest(kind, known)} Write to {', '.join(known)}."
        )
    frame = _as_frame(given, state_names, action_names)
    if kind == ".csv":
        write_whole(path, frame.to_csv(index=False, lineterminator="\n"))
    else:
        write_whole(path, frame.to_parquet(index=False))


Numbering = Mapping[str, int] | None


def _numbering(names: Sequence[str] | None) -> Numbering:
    if names is None:
        return None
    numbers = {str(name): number for number, name in enumerate(names)}
    if len(numbers) < len(names):
        raise InputError("Two states or actions have one name: names must tell them apart.")
    return numbers


def _number(cell: Any, numbering: Numbering, what: str, place: str) -> int:
    """Return the number of a state or an action that a file names or numbers."""
    if numbering is not None:
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        if text not in numbering:
            raise InputError(
                f"{place}: there is no {what} named {text!r}.{nearest(text, numbering)}"
            )
        return numbering[text]
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | np.integer) or cell < 0:
        raise InputError(
            f"{place}: the {what} {cell!r} is not a whole number from 0. If it is a name, give "
            f"{what}_names."
        )
    return int(cell)


def _from_lines(path: Path, names: Mapping[str, Numbering]) -> tuple[Trajectory, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        near = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"There is no file {str(path)!r}.{nearest(path.name, near)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as UTF-8 text: {error}.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found.append(_from_line(line, names, f"Line {number} of {path.name}"))
    if not found:
        raise InputError(f"The file {path.name} has no trajectory.")
    return tuple(found)


def _from_line(line: str, names: Mapping[str, Numbering], place: str) -> Trajectory:
    try:
        told = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{place} is not JSON: {error.msg} at character {error.pos}.") from error
    if not isinstance(told, dict) or not {"states", "actions"} <= told.keys():
        raise InputError(f'{place} is not an object with "states" and "actions".')
    _require_no_slip(told, KEYS, place)
    ways: dict[str, Any] = {}
    for key, what in (("states", "state"), ("actions", "action")):
        given = told[key]
        if not isinstance(given, list):
            raise InputError(f"{place}: {key} are not a list.")
        if not any(isinstance(each, list) for each in given):
            given = [_number(each, names[what], what, place) for each in given]
        ways[key] = given
    try:
        return Trajectory(
            ways["states"], ways["actions"], told.get("rewards"), ended=told.get("ended", False)
        )
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _require_no_slip(given: Iterable[str], known: Sequence[str], place: str) -> None:
    """Raise where a name that nobody reads is one letter from a name that is read."""
    for name in given:
        near = nearest(str(name), known) if name not in known else ""
        if near:
            raise InputError(f"{place} has {str(name)!r}, which nothing reads.{near}")


def _from_table(
    frame: pd.DataFrame, name: str, names: Mapping[str, Numbering]
) -> tuple[Trajectory, ...]:
    columns = list(frame.columns)
    for column in COLUMNS[:3]:
        if column not in columns:
            raise InputError(f"{name} has no column {column!r}.{nearest(column, columns)}")
    _require_no_slip(columns, COLUMNS, name)
    missing = frame["trajectory"].isna().to_numpy()
    if missing.any():
        raise InputError(f"Row {int(missing.argmax()) + 1} of {name} names no trajectory.")
    # Where some cells are missing, pandas keeps whole numbers as floats.
    cells = {each: frame[each].astype(object).to_numpy() for each in COLUMNS if each in columns}
    absent = {each: frame[each].isna().to_numpy() for each in cells}
    code, labels = pd.factorize(frame["trajectory"])
    order = np.argsort(code, kind="stable")
    blocks = np.split(order, np.cumsum(np.bincount(code))[:-1])
    return tuple(
        _from_rows(rows, cells, absent, names, name, f"trajectory {str(label)!r}")
        for rows, label in zip(blocks, labels, strict=True)
    )


def _from_rows(
    rows: NDArray[np.intp],
    cells: Mapping[str, NDArray[Any]],
    absent: Mapping[str, NDArray[np.bool_]],
    names: Mapping[str, Numbering],
    name: str,
    label: str,
) -> Trajectory:
    def place(row: int) -> str:
        return f"Row {row + 1} of {name}"

    def state(column: str, row: int) -> int:
        if absent[column][row]:
            raise InputError(f"{place(row)} has no {column}.")
        return _number(cells[column][row], names["state"], "state", place(row))

    steps = rows[~absent["action"][rows]].tolist()
    final = rows[absent["action"][rows]].tolist()
    if final and (len(final) > 1 or final[0] != rows[-1]):
        raise InputError(f"{place(final[0])} has no action and is not the last row of {label}.")
    states = [state("state", row) for row in steps]
    known = "next_state" in cells
    if final:
        states.append(state("state", final[0]))
    elif known:
        states.append(state("next_state", steps[-1]))
    else:
        raise InputError(
            f"{label[0].upper()}{label[1:]} of {name} stops in row {steps[-1] + 1} with an action "
            "and not with where it led: add a row with the final state and no action, or a column "
            "next_state."
        )
    for step, row in enumerate(steps if known else []):
        if not absent["next_state"][row] and state("next_state", row) != states[step + 1]:
            raise InputError(
                f"{place(row)} leads to {cells['next_state'][row]!r}, but the next row of {label} "
                "is in another state."
            )
    actions = [
        _number(cells["action"][row], names["action"], "action", place(row)) for row in steps
    ]
    rewards = _rewards_of(steps, final, cells, absent, place) if "reward" in cells else None
    return Trajectory(
        np.array(states),
        np.array(actions, np.int64),
        rewards,
        ended=_ended(rows, cells, absent, place),
    )


def _rewards_of(
    steps: Sequence[int],
    final: Sequence[int],
    cells: Mapping[str, NDArray[Any]],
    absent: Mapping[str, NDArray[np.bool_]],
    place: Callable[[int], str],
) -> NDArray[np.float64] | None:
    if final and not absent["reward"][final[0]]:
        raise InputError(
            f"{place(final[0])} has a reward and no action: a reward stands in the row of the "
            "action that it was paid for."
        )
    unknown = [row for row in steps if absent["reward"][row]]
    if len(unknown) == len(steps):
        return None
    if unknown:
        raise InputError(f"{place(unknown[0])} has no reward, and other steps have one.")
    for row in steps:
        cell = cells["reward"][row]
        if not isinstance(cell, int | float | np.number) or not np.isfinite(cell):
            raise InputError(f"{place(row)}: the reward {cell!r} is not a finite number.")
    return np.array([cells["reward"][row] for row in steps], float)


def _ended(
    rows: NDArray[np.intp],
    cells: Mapping[str, NDArray[Any]],
    absent: Mapping[str, NDArray[np.bool_]],
    place: Callable[[int], str],
) -> bool:
    """Return whether the last row says so; the other rows say the same, "no" or nothing."""
    if "ended" not in cells:
        return False
    flags = []
    for row in rows.tolist():
        cell = cells["ended"][row]
        cell = cell.strip().lower() if isinstance(cell, str) else cell
        if not absent["ended"][row] and cell not in TRUE + FALSE:
            raise InputError(f"{place(row)}: ended is {cell!r}, neither true nor false.")
        flags.append(not absent["ended"][row] and cell in TRUE)
    if any(flags[:-1]) and not all(flags):
        row = int(rows[flags.index(True)])
        raise InputError(f"{place(row)} says that its trajectory ended, and it goes on.")
    return flags[-1]


def _named(values: NDArray[Any], names: Sequence[str] | None, what: str) -> list[Any]:
    if names is None or values.ndim > 1:
        return plain(values)
    if values.size and values.max() >= len(names):
        raise InputError(f"There is no name for {what} {values.max()} among {len(names)} names.")
    return [str(names[each]) for each in values]


def _as_frame(
    trajectories: Sequence[Trajectory],
    state_names: Sequence[str] | None,
    action_names: Sequence[str] | None,
) -> pd.DataFrame:
    if any(each.states.ndim > 1 or each.actions.ndim > 1 for each in trajectories):
        raise InputError("A table holds no vectors. Write these trajectories to a .jsonl file.")
    known = {each.rewards is not None for each in trajectories}
    if len(known) > 1:
        raise InputError(
            "Some trajectories have rewards and some have none. Write them to a .jsonl file."
        )
    columns: dict[str, list[Any]] = {each: [] for each in COLUMNS if each != "next_state"}
    for number, each in enumerate(trajectories):
        rewards = [None] * len(each) if each.rewards is None else each.rewards.tolist()
        columns["trajectory"] += [number] * (len(each) + 1)
        columns["state"] += _named(each.states, state_names, "state")
        columns["action"] += [*_named(each.actions, action_names, "action"), None]
        columns["reward"] += [*rewards, None]
        columns["ended"] += [False] * len(each) + [each.ended]
    if known != {True}:
        del columns["reward"]
    frame = pd.DataFrame(columns)
    if action_names is None:
        frame["action"] = frame["action"].astype("Int64")
    return frame
