"""What XGBoost and LightGBM write of themselves, and the codes they give to categories.

A frame's categories reach both libraries as numbers: the place of each in training's list of them,

    code(x_j) = k   where x_j is the k-th category that column j had in training,

and missing where it is none of them. Neither library is imported: who holds a model has done so.
"""

from __future__ import annotations

import json
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["CategoryCodes", "learner_of"]


def learner_of(estimator: Any) -> Any:
    """Return an XGBoost model's JSON, from the key "learner" on."""
    return json.loads(bytes(estimator.get_booster().save_raw("json")))["learner"]


class CategoryCodes:
    """A data frame's categories as the codes that the model gave them in training.

    A frame's own codes are another numbering, where its categories are others or in another order.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @classmethod
    def of(cls, estimator: Any) -> CategoryCodes | None:
        """Return the codes of a model that was fitted on a frame with categories, or `None`."""
        library = type(estimator).__module__.partition(".")[0]
        if library == "lightgbm":
            booster = getattr(estimator, "booster_", estimator)
            return cls(estimator) if getattr(booster, "pandas_categorical", None) else None
        if library == "xgboost" and hasattr(estimator, "get_booster"):
            kinds = estimator.get_booster().feature_types or ()
            return cls(estimator) if "c" in kinds else None
        return None

    @cached_property
    def known(self) -> list[Any]:
        """The categories of each column of them, in the order of their codes.

        `None` for a column whose own codes are to be taken.
        """
        if type(self.estimator).__module__.startswith("lightgbm"):
            booster = getattr(self.estimator, "booster_", self.estimator)
            return list(booster.pandas_categorical)
        held = (
            learner_of(self.estimator)["gradient_booster"]["model"].get("cats", {}).get("enc", [])
        )
        return [_spelled(each) for each in held if each["values"]]

    def transform(self, rows: Any) -> Any:
        """Return the rows' cells, shape (n, columns): codes, and numbers as they are."""
        if not isinstance(rows, pd.DataFrame):
            return rows
        cells = []
        known = iter(self.known)
        for at in range(rows.shape[1]):
            column = rows.iloc[:, at]
            if isinstance(column.dtype, pd.CategoricalDtype):
                levels = next(known, None)
                codes = (
                    column.cat.codes.to_numpy()
                    if levels is None
                    else pd.Index(levels).get_indexer(pd.Index(column))
                )
                cells.append(np.where(codes < 0, np.nan, codes))
            else:
                cells.append(column.to_numpy())
        return np.column_stack(cells) if cells else rows


def _spelled(held: Any) -> list[Any] | None:
    """Return the categories that XGBoost holds: numbers, or texts end to end as bytes."""
    if "offsets" not in held:
        return list(held["values"])
    text, ends = bytes(each % 256 for each in held["values"]), held["offsets"]
    if not text.isascii():
        return None  # release 3.2 counts letters where it means bytes, and cuts the text off
    return [text[start:end].decode() for start, end in pairwise(ends)]
