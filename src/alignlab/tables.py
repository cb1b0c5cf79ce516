"""A table as a value: a title, named columns, rows; numbers stay numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alignlab.errors import InputError

__all__ = ["Cell", "Table"]

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, with a title; numbers stay numbers.

    Attributes
    ----------
    title
        What the table shows, in one line.
    columns
        The columns' names.
    rows
        One tuple a row, as long as `columns`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise InputError(
                f"A row of the table {self.title!r} has {len(wrong[0])} cells; "
                f"it has {len(self.columns)} columns."
            )

    def __repr__(self) -> str:
        """Return the title and the size; `to_frame` shows the rows."""
        size = f"rows: {len(self.rows):,}, columns: {len(self.columns)}"
        return f"<Table {self.title!r}; {size}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the title, the columns and the rows."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
        }

    def to_frame(self) -> Any:
        """Return the rows as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame([list(row) for row in self.rows], columns=list(self.columns))
