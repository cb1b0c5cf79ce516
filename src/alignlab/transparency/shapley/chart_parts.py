"""What the charts of Shapley values share: which rows are drawn, where, and in what words.

A feature's cells are told as low, middle and high by the thirds of its values, so that what a
colour says can be said by a shape too; points that share a place lie side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.theme import QUIET, SERIES

if TYPE_CHECKING:
    from alignlab.transparency.shapley.values import ShapleyValues

__all__ = [
    "BAND",
    "COLOURS",
    "LIMIT",
    "SHAPES",
    "WIDTH",
    "cells_of",
    "digits",
    "evenly",
    "explained",
    "leading",
    "levels_of",
    "moved_aside",
    "moved_axis",
    "number_format",
    "shortened",
    "tendency",
    "texts_of",
    "thirds_of",
    "told_apart",
    "tooltip",
    "zero_line",
]

Floats = NDArray[np.float64]
Spec = dict[str, Any]

WIDTH = 480
"""Of the plot, in pixels."""
LIMIT = 380
"""Room for a label, in pixels."""
COLOURS = SERIES[:5]
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross")
BAND = 12.0
"""How far aside a point may lie, in pixels."""
STEP = 2.6
"""How far apart points of one place lie, in pixels, where there is room."""
LETTERS = 40
"""A longer text loses its middle."""


def leading(
    values: ShapleyValues, output: int, most: int
) -> tuple[Floats, list[str], list[int | None]]:
    """Return the largest features' values by mean size, and the others' sum as one."""
    phi = values.values[:, :, output]
    order = np.argsort(-np.abs(phi).mean(axis=0), kind="stable")
    if len(order) <= most + 1:
        return phi[:, order], [values.features[p] for p in order], [int(p) for p in order]
    lead = order[:most]
    others = phi[:, order[most:]].sum(axis=1)
    names = [*(values.features[p] for p in lead), f"{len(order) - most} other features, summed"]
    return np.column_stack([phi[:, lead], others]), names, [*map(int, lead), None]


def cells_of(values: ShapleyValues, feature: int) -> Floats | None:
    """Return a feature's cells as numbers, shape (n,); `None` where they are not ordered."""
    columns = values.columns[feature]
    if len(columns) != 1:
        return None
    held = values.rows
    cells = held[columns[0]] if isinstance(held, pd.DataFrame) else pd.Series(held[:, columns[0]])
    if isinstance(cells.dtype, pd.CategoricalDtype) and cells.dtype.ordered:
        codes = cells.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    if cells.dtype == object:
        cells = pd.to_numeric(cells, errors="coerce") if _all_numbers(cells) else cells
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        return None
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)


def _all_numbers(cells: pd.Series) -> bool:
    return all(isinstance(cell, int | float | np.number) or cell is None for cell in cells)


def thirds_of(values: ShapleyValues, feature: int) -> NDArray[np.intp] | None:
    """Return the third of its values that each cell lies in: 0, 1, 2, or 3 where it is missing."""
    cells = cells_of(values, feature)
    if cells is None or np.isnan(cells).all():
        return None
    known = np.unique(cells[~np.isnan(cells)])
    if len(known) == 1:
        return np.where(np.isnan(cells), 3, 1)
    if len(known) == 2:
        return np.where(np.isnan(cells), 3, np.where(cells == known[1], 2, 0))
    lower, upper = np.nanquantile(cells, [1 / 3, 2 / 3])
    third = np.where(cells > upper, 2, np.where(cells > lower, 1, 0))
    return np.where(np.isnan(cells), 3, third)


def levels_of(
    values: ShapleyValues, feature: int, rows: NDArray[np.intp]
) -> tuple[list[str], list[str]]:
    """Return the level of each row in the feature that colours, and all levels in order."""
    cells = cells_of(values, feature)
    if cells is not None and len(np.unique(cells[~np.isnan(cells)])) > len(COLOURS) - 1:
        thirds = thirds_of(values, feature)
        low, high = np.nanquantile(cells, [1 / 3, 2 / 3])
        names = [f"up to {low:.4g}", f"to {high:.4g}", f"above {high:.4g}", "missing"]
        found = [names[0 if thirds is None else thirds[row]] for row in rows]
        return found, [name for name in names if name in found]
    texts = [shortened(text) for text in texts_of(values, feature, rows)]
    counts = pd.Series(texts).value_counts()
    kept = counts.index.tolist()
    if len(kept) > len(COLOURS):
        kept = kept[: len(COLOURS) - 1]
        texts = [text if text in kept else "others" for text in texts]
        return texts, [*sorted(kept), "others"]
    return texts, sorted(kept)


def texts_of(values: ShapleyValues, feature: int, rows: NDArray[np.intp]) -> list[str]:
    """Return what some rows hold in a feature, as text: as `ShapleyValues.shown`, all at once."""
    columns = list(values.columns[feature])
    held = values.rows
    cells = held[columns] if isinstance(held, pd.DataFrame) else pd.DataFrame(held[:, columns])
    chosen = cells.iloc[rows].reset_index(drop=True)
    # Rows that hold the same are asked once.
    first = chosen.groupby(list(chosen.columns), dropna=False, observed=True, sort=False).ngroup()
    texts: dict[int, str] = {}
    for code, row in zip(first, rows, strict=True):
        if code not in texts:
            texts[code] = values.shown(int(row), feature)
    return [texts[code] for code in first]


def tendency(phi: Floats, values: ShapleyValues, feature: int | None) -> str:
    """Return in a word whether the values rise with the feature, by the ranks' correlation."""
    cells = None if feature is None else cells_of(values, feature)
    if cells is None:
        return ""
    known = ~np.isnan(cells)
    if known.sum() < 3 or np.ptp(cells[known]) == 0 or np.ptp(phi[known]) == 0:
        return ""
    ranks = [pd.Series(each[known]).rank() for each in (cells, phi)]
    rho = float(ranks[0].corr(ranks[1]))
    return "both ways" if abs(rho) < 0.3 else "rises" if rho > 0 else "falls"


def evenly(phi: Floats, most: int) -> NDArray[np.intp]:
    """Return the rows to draw: all, or `most` of them spread evenly over the order of values."""
    order = np.argsort(phi, kind="stable")
    if len(order) <= most:
        return order
    return order[np.round(np.linspace(0, len(order) - 1, most)).astype(np.intp)]


def moved_aside(phi: Floats, width: float) -> Floats:
    """Return how many pixels aside each point lies: 0, +, -, ++, ... where several share a place.

    Parameters
    ----------
    phi
        Where the points lie, shape (n,).
    width
        How close together points share a place.

    Examples
    --------
    >>> moved_aside(np.array([0.0, 0.01, 0.02, 5.0]), 0.1).tolist()
    [0.0, 2.6, -2.6, 0.0]
    """
    place = np.round(phi / width) if width > 0 else np.zeros(len(phi))
    turn = pd.Series(place).groupby(place).cumcount().to_numpy()
    steps = np.where(turn % 2 == 1, (turn + 1) // 2, -(turn // 2)).astype(np.float64)
    return steps * min(STEP, BAND / max(np.abs(steps).max(initial=0), 1))


def explained(values: ShapleyValues, output: int) -> str:
    """Return what is explained, in words."""
    if values.scale == "value":
        return "prediction"
    return f"{values.scale} of {shortened(values.outputs[output])!r}"


def number_format(values: ShapleyValues) -> str:
    """Return the format of an axis: as many digits as its ticks need to stay apart."""
    return ".3~%" if values.scale in ("probability", "decision") else ".4~g"


def moved_axis(
    field: str, values: ShapleyValues, output: int, note: str, *, whole: bool = False
) -> Spec:
    """Return the axis of what a feature adds, or of the whole answer, with a note to its title."""
    title = explained(values, output)
    if not whole:
        unit = " (percentage points)" if values.scale in ("probability", "decision") else ""
        title = f"moves the {title}{unit}"
    return {
        "field": field,
        "type": "quantitative",
        "title": title + note,
        "axis": {"format": number_format(values)},
        "scale": {"nice": True},
    }


def zero_line(axis: str = "x") -> Spec:
    """Return the dashed line where a feature adds nothing."""
    return {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": QUIET, "strokeDash": [5, 4]},
        "encoding": {
            axis: {"field": "zero", "type": "quantitative"},
            "color": {"value": QUIET},
        },
    }


def tooltip(*names: str, **numbers: str) -> list[Spec]:
    """Return what is told at the pointer: fields as they are, and numbers by their format."""
    return [
        *({"field": name, "type": "nominal"} for name in names),
        *({"field": name, "type": "quantitative", "format": f} for name, f in numbers.items()),
    ]


def digits(number: float) -> float:
    """Return a number by the digits that a drawing can show."""
    return float(f"{number:.4g}")


def shortened(text: str, most: int = LETTERS) -> str:
    """Return a text without its middle where it is long: names that begin alike end apart."""
    half = most // 2 - 1
    return text if len(text) <= most else f"{text[:half]} … {text[-half:]}"


def told_apart(labels: list[str]) -> list[str]:
    """Return labels of which no two are the same: an axis would draw them as one."""
    counts: dict[str, int] = {}
    found = []
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
        found.append(label if counts[label] == 1 else f"{label} ({counts[label]})")
    return found
