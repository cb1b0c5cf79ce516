"""Which cells differ between two versions of a table's rows, as a tidy table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from alignlab.errors import InputError

__all__ = ["changes"]


def changes(before: Any, after: Any) -> pd.DataFrame:
    """Return one line for each cell that changed.

    Use it to read the witnesses of an attack: `changes(X, result.witnesses)`.

    Parameters
    ----------
    before, after
        The same n rows, twice: data frames with the same columns, or arrays of shape
        (n, n_columns). Columns that only `before` has are not looked at.

    Returns
    -------
    pandas.DataFrame
        Columns `row` (its position), `column`, `from`, `to`, in the order of rows and columns. A
        cell that is missing in both has not changed.

    Raises
    ------
    InputError
        If the two have not as many rows, or `after` has a column that `before` has not.

    Examples
    --------
    >>> before = pd.DataFrame({"loan": [200, 150], "job": ["clerk", "nurse"]})
    >>> changes(before, before.assign(loan=[180, 150]))
       row column from   to
    0    0   loan  200  180
    """
    old, new = _frame(before), _frame(after)
    if len(old) != len(new):
        raise InputError(f"There are {len(old)} rows before and {len(new)} rows after.")
    absent = [name for name in new.columns if name not in old.columns]
    if absent:
        raise InputError(
            f"The rows after have a column {absent[0]!r}, which the rows before do not have."
        )
    lines = []
    for place, name in enumerate(new.columns):
        was, now = old[name].astype(object).to_numpy(), new[name].astype(object).to_numpy()
        gone, is_gone = pd.isna(was), pd.isna(now)
        same = gone & is_gone
        both = ~gone & ~is_gone
        same[both] = was[both] == now[both]
        lines += [(int(row), place, name, was[row], now[row]) for row in np.flatnonzero(~same)]
    lines.sort(key=lambda line: line[:2])
    return pd.DataFrame(
        [(row, name, was, now) for row, _, name, was, now in lines],
        columns=["row", "column", "from", "to"],
    )


def _frame(rows: Any) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows
    array = rows.detach().cpu().numpy() if hasattr(rows, "detach") else np.asarray(rows)
    if array.ndim != 2:
        raise InputError(f"The rows have shape {array.shape}; a table has rows and columns.")
    return pd.DataFrame(array)
