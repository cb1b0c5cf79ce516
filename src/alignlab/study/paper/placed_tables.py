"""A table of the analysis as the paper shows it: numbers to the right, names to the left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alignlab.study.paper.nodes import Grid, Inline, Text, Value, as_text
from alignlab.study.paper.values import number_text

__all__ = ["placed_table"]

NUMBER = re.compile(r"[−+<>]?\s*\d")
"""How a cell of words begins that is a number with its interval."""


def placed_table(table: Mapping[str, Any], *, name: str) -> Grid:
    """Return a table of the analysis.

    Parameters
    ----------
    table
        Its title, columns and rows.
    name
        What `{{ see table NAME }}` says.

    Examples
    --------
    >>> table = {"title": "T", "columns": ["of", "n"], "rows": [["a", 3], ["b", None]]}
    >>> placed_table(table, name="main").align
    ('left', 'right')
    """
    rows = [list(row) for row in table["rows"]]
    decimals = [_decimals([row[at] for row in rows]) for at in range(len(table["columns"]))]
    columns = [str(column) for column in table["columns"]]
    align = tuple(
        "right" if _is_numeric([row[at] for row in rows]) else "left" for at in range(len(columns))
    )
    return Grid(
        name,
        as_text(str(table["title"])),
        tuple(as_text(column) for column in columns),
        tuple(
            tuple(_cell(value, name, digits) for value, digits in zip(row, decimals, strict=True))
            for row in rows
        ),
        align,
    )


def _is_numeric(values: list[Any]) -> bool:
    known = [value for value in values if value is not None and value != ""]
    return bool(known) and all(
        (isinstance(value, int | float) and not isinstance(value, bool))
        or (isinstance(value, str) and NUMBER.match(value.replace("-", "−")) is not None)
        for value in known
    )


def _decimals(values: list[Any]) -> int | None:
    """Return the decimals of all numbers in a column; `None` where each has its own."""
    known = [each for each in values if isinstance(each, float) and not each.is_integer()]
    texts = [number_text(each) for each in known]
    if not known or any("×" in text for text in texts):
        return None
    return max(len(text.partition(".")[2]) for text in texts)


def _cell(value: Any, name: str, digits: int | None) -> tuple[Inline, ...]:
    if value is None:
        return (Text("–"),)
    if isinstance(value, bool):
        return (Text("yes" if value else "no"),)
    if isinstance(value, int | float):
        return (Value(number_text(value, digits=digits), f"table {name}"),)
    # A minus is a minus, also where the analysis wrote an interval in words.
    return as_text(re.sub(r"(?<![\w)])-(?=[\d.])", "−", str(value)))
