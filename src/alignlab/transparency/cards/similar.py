"""How the cases went that are most like one case, by a scaled distance of mixed columns.

    d(a, b) = mean over features j of d_j,    d_j = min(1, |a_j - b_j| / s_j)   for numbers,
                                              d_j = 0 where equal, else 1       for all else,

[gower1971general] with s_j the distance from the 5% to the 95% quantile of the data instead
of the whole range, which one outlier decides. Two missing cells are alike, a missing and a known
one differ by 1; the columns of a one-hot feature count as one feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.intervals import Estimate, mean_estimate, share_estimate

if TYPE_CHECKING:
    from alignlab.transparency.cards.cases import Cases

__all__ = ["Similar", "distances", "nearest_rows", "similar_cases"]

Floats = NDArray[np.float64]

INNER = (0.05, 0.95)
"""The quantiles between which a column of numbers spreads."""


@dataclass(frozen=True)
class Similar:
    """How the most similar cases went.

    Attributes
    ----------
    rows
        Their positions in the data, the most similar first.
    distance
        Their mean distance from the case, between 0 and 1.
    distance_all
        The mean distance of all rows of the data from it.
    answer
        The share of them for which the model decides as here; in regression its mean answer.
    answer_all
        The same over `rows_all` rows of the data.
    rows_all
        How many rows that is.
    happened
        The share of them for which what was decided here did happen, as if they were drawn from
        cases like this one; in regression the mean outcome. `None` where no outcomes are known.
    happened_all
        The same over all rows of the data whose outcome is known.
    """

    rows: tuple[int, ...]
    distance: float
    distance_all: float
    answer: float
    answer_all: float
    rows_all: int
    happened: Estimate | None = None
    happened_all: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "rows": list(self.rows),
            "distance": self.distance,
            "distance_all": self.distance_all,
            "answer": self.answer,
            "answer_all": self.answer_all,
            "rows_all": self.rows_all,
            "happened": None if self.happened is None else self.happened.to_dict(),
            "happened_all": self.happened_all,
        }


def distances(
    row: pd.DataFrame, data: pd.DataFrame, players: Mapping[str, tuple[Any, ...]]
) -> Floats:
    """Return the distance of each row of the data from one row, shape (n,).

    Parameters
    ----------
    row
        A frame of one row.
    data
        n rows of the same columns, which say how wide columns spread.
    players
        The columns of each feature.

    Examples
    --------
    >>> data = pd.DataFrame({"age": [20, 30, 40], "home": ["own", "rent", "own"]})
    >>> distances(data.iloc[[0]], data, {"age": ("age",), "home": ("home",)}).round(3).tolist()
    [0.0, 0.778, 0.5]
    """
    total = np.zeros(len(data))
    for columns in players.values():
        apart = np.zeros(len(data))
        for column in columns:
            apart = np.maximum(apart, _apart(row[column], data[column]))
        total += apart
    return total / max(len(players), 1)


def nearest_rows(distance: Floats, number: int) -> NDArray[np.intp]:
    """Return the positions of the least distances, of equal ones the first rows."""
    order = np.argsort(distance, kind="stable")[:number]
    return order[np.isfinite(distance[order])]


def _apart(cell: pd.Series, column: pd.Series) -> Floats:
    missing = column.isna().to_numpy()
    if cell.isna().iloc[0]:
        return np.where(missing, 0.0, 1.0)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
        given = float(cell.iloc[0])
        known = values[~missing]
        low, high = np.quantile(known, INNER) if len(known) else (0.0, 0.0)
        spread = high - low
        if not spread > 0:  # nearly all hold one value: another one is simply another
            apart = (values != given).astype(np.float64)
        else:
            apart = np.minimum(np.abs(values - given) / spread, 1.0)
    else:
        apart = np.asarray(column.astype(object).to_numpy() != cell.iloc[0], dtype=np.float64)
    return np.where(missing, 1.0, apart)


def similar_cases(
    cases: Cases,
    at: int,
    label: int | None,
    known: Floats | None,
    over: NDArray[np.intp],
    everywhere: Any,
    *,
    number: int,
    level: float,
) -> Similar:
    """Return how the cases went that are most like one of the cases.

    Parameters
    ----------
    cases, at
        The cases, and which of them.
    label
        The class decided, as a position; `None` in regression.
    known
        What happened in each row of the data, NaN where that is unknown; `None` for nowhere.
    over, everywhere
        Rows of the data for which decisions are known, and these.
    number
        How many cases, at most a tenth of the data but no fewer than 5.
    level
        Of the interval.
    """
    distance = distances(cases.rows.iloc[[at]], cases.data, cases.players)
    own = cases.positions[at]
    others = np.delete(distance, own) if own is not None else distance
    if own is not None:
        distance = distance.copy()
        distance[own] = np.inf
    number = min(number, max(5, len(others) // 10), len(others))
    near = nearest_rows(distance, number)
    place = np.full(len(cases.data), -1)
    place[over] = np.arange(len(over))
    absent = near[place[near] < 0]
    mine = np.zeros(len(near))
    asked = place[near] >= 0
    mine[asked] = everywhere[place[near[asked]]]
    if len(absent):
        said = cases.predictor(cases.given(cases.data.iloc[absent]))
        mine[~asked] = cases.predictor.decide(said)
    happened, overall = None, None
    if known is not None:
        seen = ~np.isnan(known)
        if own is not None:
            seen[own] = False
        there = near[seen[near]]
        if len(there):
            if label is None:
                happened = mean_estimate(known[there], level=level)
                overall = float(known[seen].mean())
            else:
                went = float((known[there] == label).mean())
                happened = share_estimate(went, len(there), rows=len(there), level=level)
                overall = float((known[seen] == label).mean())
    here = mine if label is None else mine == label
    all_of_them = everywhere if label is None else everywhere == label
    return Similar(
        rows=tuple(int(each) for each in near),
        distance=float(distance[near].mean()),
        distance_all=float(others.mean()),
        answer=float(np.mean(here)),
        answer_all=float(np.mean(all_of_them)),
        rows_all=len(over),
        happened=happened,
        happened_all=overall,
    )
