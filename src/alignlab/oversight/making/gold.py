"""Right answers of cases that are planted to see who looks, from a file."""

from __future__ import annotations

from pathlib import Path

from alignlab.datasets import read_table, require_column
from alignlab.errors import InputError
from alignlab.predictors import class_text

__all__ = ["read_gold"]


def read_gold(path: str | Path, *, key: str = "key", answer: str = "answer") -> dict[str, str]:
    r"""Return the right answer of each planted case, by its key.

    Parameters
    ----------
    path
        A table with a row for each planted case.
    key, answer
        Its columns: what the case is called, and the right answer.

    Raises
    ------
    InputError
        If the file cannot be read, a column or a cell is missing, or a case is named twice.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "gold.csv")
    >>> _ = path.write_text("key,answer\n17,approve\n")
    >>> read_gold(path)
    {'17': 'approve'}
    """
    frame, name = read_table(path), Path(path).name
    for column in (key, answer):
        require_column(frame, column, role=f"the right answers in {name}")
    found: dict[str, str] = {}
    for row, (case, right) in enumerate(zip(frame[key], frame[answer], strict=True)):
        if frame[[key, answer]].iloc[row].isna().any():
            raise InputError(f"Row {row} of {name} lacks the case or its answer.")
        named = class_text(case)
        if named in found:
            raise InputError(f"Row {row} of {name} names the case {named!r} again.")
        found[named] = class_text(right)
    if not found:
        raise InputError(f"{name} has no row, so no case is planted.")
    return found
