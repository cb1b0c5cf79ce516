"""How names, cells and lists are written for people, and long texts on one line.

Units are not known, so none is invented.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["called", "cell", "cell_text", "joined", "shortened"]


def called(name: str, labels: Mapping[str, Any]) -> str:
    """Return what a column or a class is called: its label, or its name made readable.

    Examples
    --------
    >>> called("hours_per_week", {}), called("pirat", {"pirat": "payments to income"})
    ('hours per week', 'payments to income')
    """
    if name in labels:
        return str(labels[name])
    return re.sub(r"(?<=[^\W_])[_.]+(?=[^\W_])", " ", name) or name


def cell(value: Any) -> str:
    """Return a cell as people write it, numbers in three digits or so; a year stays a year.

    Examples
    --------
    >>> cell(3200), cell(1987), cell(0.0476190476), cell("rent"), cell(None), cell(True)
    ('3,200', '1987', '0.0476', 'rent', 'missing', 'yes')
    """
    if isinstance(value, float) and not math.isnan(value):
        short = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        exact = f"{value:,.6g}"
        return exact if len(exact) <= len(short) + 1 else short
    return cell_text(value) if value is None or isinstance(value, int | float) else str(value)


def cell_text(value: Any) -> str:
    """Return a cell with every digit that it has, and texts in quotation marks.

    Examples
    --------
    >>> cell_text(3200), cell_text(0.125), cell_text("no"), cell_text(float("nan"))
    ('3,200', '0.125', "'no'", 'missing')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 1000 and not 1900 <= value <= 2100 else str(value)
    if isinstance(value, float):
        short = f"{value:,.10g}"
        return short if float(short.replace(",", "")) == value else f"{value:,}"
    return repr(str(value))


def joined(parts: Iterable[str]) -> str:
    """Return parts as a person lists them.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    held = list(parts)
    return "".join(held) if len(held) < 2 else f"{', '.join(held[:-1])} and {held[-1]}"


def shortened(text: str, most: int = 200) -> str:
    """Return a text of at most `most` characters, cut at a space if there is one.

    Examples
    --------
    >>> shortened("one two three", most=9)
    'one two …'
    """
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0][: most - 2]} …"
