"""What happens to each row's loss when it takes another row's value of a feature.

Row i with row j's value has the loss L_i(x_j), and the change is h(i, j) = L_i(x_j) - L_i(x_i).
It is 0 where both rows hold the same value, and the same for all rows j that hold one value: so a
model is asked once for each pair of a row and a value that it does not hold, and for all features
together, in few large calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.measures import Answers, row_losses
from alignlab.predictors.predictor import BATCH_BYTES, Predictor

__all__ = ["Swaps", "changes_of_loss", "circle", "row_losses_of", "swaps_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

ROUNDING = 1e-6
"""Answers that differ by less than this share are the same: models in single precision round so."""


def circle(n: int, repeats: int, generator: np.random.Generator) -> Rows:
    """Return each row's donors, shape (repeats, n): the rows 1, ..., K places ahead of it."""
    seats = generator.permutation(n)
    seat_of = np.empty(n, dtype=np.intp)
    seat_of[seats] = np.arange(n)
    return np.stack([seats[(seat_of + step) % n] for step in range(1, repeats + 1)])


@dataclass(frozen=True, slots=True)
class Swaps:
    """Which rows to ask the model for on account of one feature.

    `codes` says which rows hold the same value. Only pairs of a row and a value that it does not
    hold are asked for, each once: `receivers` get the value of the row in `givers`, and `slots`
    is the pair's position in the row-by-value matrix.
    """

    name: str
    columns: tuple[str, ...]
    codes: Rows
    values: int
    complete: bool
    receivers: Rows
    givers: Rows
    slots: Rows


def swaps_of(name: str, columns: tuple[str, ...], X: pd.DataFrame, donors: Rows) -> Swaps:
    """Return what to ask on account of one feature, with every value where they are few."""
    codes, values = _codes(X, columns)
    n = len(codes)
    holder = np.empty(values, dtype=np.intp)
    holder[codes[::-1]] = np.arange(n)[::-1]  # the first row that holds each value
    complete = values <= len(donors) + 1
    if complete:
        slots = np.arange(n * values)
    else:
        slots = np.sort((np.arange(n) * values + codes[donors]).ravel())
        slots = slots[np.append(True, slots[1:] != slots[:-1])]
    receivers, wanted = slots // values, slots % values
    differs = codes[receivers] != wanted
    receivers, wanted = receivers[differs], wanted[differs]
    return Swaps(name, columns, codes, values, complete, receivers, holder[wanted], slots[differs])


def _codes(X: pd.DataFrame, columns: tuple[str, ...]) -> tuple[Rows, int]:
    """Return which of the distinct values each row holds in some columns, and their number."""
    codes = np.zeros(len(X), dtype=np.intp)
    values = 1
    for column in columns:
        own, levels = pd.factorize(X[column], use_na_sentinel=False)
        codes, distinct = pd.factorize(codes * len(levels) + own)
        values = len(distinct)
    return codes.astype(np.intp), values


def changes_of_loss(
    predictor: Predictor,
    X: pd.DataFrame,
    truth: NDArray[Any],
    before: Floats,
    base: Floats,
    plans: list[Swaps],
) -> list[Floats]:
    """Return the change of loss of every pair asked for, features together in few large calls."""
    at_once = max(1, BATCH_BYTES // (64 * max(X.shape[1], 1)))
    total = sum(len(plan.receivers) for plan in plans)
    changes = np.empty(total)
    ends = np.cumsum([len(plan.receivers) for plan in plans])
    starts = ends - [len(plan.receivers) for plan in plans]
    for low in range(0, total, at_once):
        high = min(low + at_once, total)
        inside = [
            (plan, slice(max(low - start, 0), high - start))
            for plan, start, end in zip(plans, starts, ends, strict=True)
            if start < high and end > low
        ]
        rows = np.concatenate([plan.receivers[part] for plan, part in inside])
        asked = X.take(rows).set_axis(pd.RangeIndex(len(rows)))
        at = 0
        for plan, part in inside:
            givers = plan.givers[part]
            source = rows.copy()
            source[at : at + len(givers)] = givers
            at += len(givers)
            for column in plan.columns:
                asked[column] = X[column].take(source).set_axis(asked.index)
        after = predictor(asked)
        same = np.isclose(after, before[rows], rtol=ROUNDING, atol=0)
        same = same.reshape(len(rows), -1).all(axis=1)
        losses, _ = row_losses_of(predictor, after, truth[rows])
        changes[low:high] = np.where(same, 0.0, losses - base[rows])
    return np.split(changes, ends[:-1])


def row_losses_of(predictor: Predictor, answers: Floats, truth: NDArray[Any]) -> tuple[Floats, str]:
    """Return the loss of each answer and what the loss is called."""
    decisions = predictor.decide(answers)
    scored = predictor.task == "classification" and predictor.probabilistic
    return row_losses(Answers(truth, decisions, answers if scored else None))
