"""A table and what its columns are for: target, groups, weights, and the features between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest

__all__ = ["TableData", "require_column"]


@dataclass(frozen=True, eq=False)
class TableData:
    """A table whose columns have been given their roles.

    Attributes
    ----------
    frame
        n rows, indexed 0 to n-1.
    target
        The column that holds what really happened; `None` if there is none.
    groups
        The groupings asked for, such as `("sex", "race*sex")`.
    weights
        The column of sample weights, or `None`.
    favourable
        The target's value that people want to receive, or `None` if nobody has said so.
    not_features
        Further columns that a model must not be given (predictions, identifiers).
    name
        What the report calls the data.
    """

    frame: pd.DataFrame
    target: str | None = None
    groups: tuple[str, ...] = ()
    weights: str | None = None
    favourable: str | None = None
    not_features: tuple[str, ...] = ()
    name: str = "data"

    @property
    def features(self) -> pd.DataFrame:
        """The columns that a model may read."""
        kept_back = {self.target, self.weights, *self.not_features}
        return self.frame[[name for name in self.frame.columns if name not in kept_back]]

    @property
    def outcomes(self) -> pd.Series:
        """The target's column."""
        if self.target is None:
            raise InputError(f"The data {self.name!r} has no target. Name one with --target.")
        return self.frame[require_column(self.frame, self.target, role="target")]

    @property
    def weight_values(self) -> NDArray[np.float64] | None:
        """The sample weights, shape (n,), or `None`.

        Raises
        ------
        InputError
            If a weight is missing, not a number, or negative, or if all are 0.
        """
        if self.weights is None:
            return None
        column = self.frame[require_column(self.frame, self.weights, role="weights")]
        values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
        bad = ~np.isfinite(values) | (values < 0)
        if bad.any():
            row = int(bad.argmax())
            found = column.iloc[row : row + 1].tolist()[0]  # as Python's own number
            shown = "missing" if pd.isna(found) else repr(found)
            raise InputError(
                f"The weight in column {self.weights!r}, row {row}, is {shown}: "
                "a weight is a finite number from 0."
            )
        if not values.sum() > 0:
            raise InputError(f"All weights in column {self.weights!r} are 0.")
        return np.asarray(values)


def require_column(frame: pd.DataFrame, name: str, *, role: str) -> str:
    """Return `name` if the table has that column; otherwise say which it has.

    Parameters
    ----------
    frame
        The table.
    name
        The column asked for.
    role
        What it is for, as the person knows it ("target").

    Raises
    ------
    InputError
        If the column does not exist.
    """
    columns: Sequence[str] = [str(column) for column in frame.columns]
    if name not in columns:
        known = f" The table has: {listed(columns)}." if columns else " The table has no columns."
        raise InputError(
            f"There is no column {name!r} for {role}.{nearest(name, columns) or known}"
        )
    return name
