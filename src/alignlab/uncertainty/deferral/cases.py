"""What a deferral rule reads of a case: the row's columns, and what the model says of it.

A row becomes numbers as in `TableEncoding`, less their mean over their spread. Of the model's
probabilities p it reads the log-odds ln p_k - ln(1 - p_k) of each class, those of the class that
the model decides for, and which class that is. A model that is right as often as it says is then a
straight line (intercept 0, slope 1) in the log-odds of its decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.predictors.predictor import Predictor
from alignlab.predictors.table_encoding import TableEncoding

__all__ = ["MOST_NUMBERS", "CaseReader", "log_odds"]

Floats = NDArray[np.float64]

MOST_LOG_ODDS = 30.0
"""Beyond it a probability is 0 or 1 for all that rows can show: 30 is one in 10^13."""

MOST_NUMBERS = 1000
"""A rule over more numbers than this would take long to fit and few people could teach it."""


@dataclass(frozen=True, eq=False)
class CaseReader:
    """How a case becomes the numbers that a deferral rule is linear in.

    Attributes
    ----------
    encoding
        Of the row's columns; `None` where the rule reads none of them, or a representation.
    names
        The columns that it reads; for an array their positions as text.
    shift, scale
        Of the numbers, shape (width,).
    representation
        From rows to numbers (n, d), where a person has given one; it is not saved.
    """

    encoding: TableEncoding | None
    names: tuple[str, ...]
    shift: Floats
    scale: Floats
    representation: Callable[[Any], Any] | None = None

    @classmethod
    def fitted(
        cls,
        predictor: Predictor,
        X: Any,
        probabilities: Floats,
        decisions: NDArray[np.intp],
        *,
        features: Sequence[str] | None,
        representation: Callable[[Any], Any] | None,
    ) -> CaseReader:
        """Return the reader of these rows, which no outcome and no person's decision enters.

        Raises
        ------
        InputError
            If a column is absent, or the rows are too wide or not numbers.
        """
        if representation is not None and features is not None:
            raise InputError(
                "features and representation are both given. Give one: columns, or a function "
                "from rows to numbers."
            )
        encoding: TableEncoding | None = None
        names: tuple[str, ...] = ()
        if representation is None:
            frame = _as_frame(X, len(probabilities))
            names = _chosen(predictor, frame, features)
            encoding = TableEncoding.fitted(frame[list(names)]) if names else None
        blank = cls(encoding, names, np.zeros(0), np.ones(0), representation)
        numbers = blank.numbers(X, probabilities, decisions)
        if numbers.shape[1] > MOST_NUMBERS:
            raise InputError(
                f"A case has {numbers.shape[1]:,} numbers, and a deferral rule takes at most "
                f"{MOST_NUMBERS:,}. Name fewer features, or give representation=: a function "
                "from rows to a few numbers, such as a network's last layer."
            )
        spread = numbers.std(axis=0)
        varies = spread > 1e-12 * np.maximum(1, np.abs(numbers).max(axis=0, initial=0))
        return cls(
            encoding,
            names,
            numbers.mean(axis=0),
            np.where(varies, spread, 1.0),
            representation,
        )

    def numbers(self, X: Any, probabilities: Floats, decisions: NDArray[np.intp]) -> Floats:
        """Return the numbers as they are, shape (n, width)."""
        n, n_classes = probabilities.shape
        odds = log_odds(probabilities)
        said = [odds if n_classes > 2 else odds[:, 1:], odds[np.arange(n), decisions][:, None]]
        said.append(np.eye(n_classes)[decisions][:, 1:])
        if self.representation is not None:
            said.insert(0, _represented(self.representation, X, n))
        elif self.encoding is not None:
            frame = _as_frame(X, n)
            absent = [name for name in self.names if name not in frame.columns]
            if absent:
                present = [str(column) for column in frame.columns]
                raise InputError(
                    f"The deferral rule reads the column {absent[0]!r}, which the data does not "
                    f"have.{nearest(absent[0], present) or f' Its columns: {listed(present)}.'}"
                )
            said.insert(0, self.encoding.encode(frame).astype(np.float64))
        return np.hstack(said)

    def design(self, X: Any, probabilities: Floats, decisions: NDArray[np.intp]) -> Floats:
        """Return the standardised numbers, shape (n, width)."""
        numbers = self.numbers(X, probabilities, decisions)
        if numbers.shape[1] != len(self.shift):
            raise InputError(
                f"A case has {numbers.shape[1]} numbers, and the deferral rule was fitted on "
                f"{len(self.shift)}. Give rows of the same kind."
            )
        return (numbers - self.shift) / self.scale

    def to_dict(self) -> dict[str, Any]:
        """Return the reader as plain values; a representation is only named."""
        return {
            "columns": list(self.names),
            "encoding": None if self.encoding is None else self.encoding.to_dict(),
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
            "representation": self.representation is not None,
        }

    @classmethod
    def from_dict(
        cls, stated: Mapping[str, Any], representation: Callable[[Any], Any] | None = None
    ) -> CaseReader:
        """Return the reader that `to_dict` wrote.

        Raises
        ------
        InputError
            If it was fitted on a representation, and none is given, or the other way round.
        """
        if bool(stated["representation"]) != (representation is not None):
            need = "reads a representation" if stated["representation"] else "reads none"
            raise InputError(
                f"This deferral rule {need}. Give the function that it was fitted with as "
                "representation=, and none where there was none."
            )
        encoding = stated["encoding"]
        return cls(
            None if encoding is None else TableEncoding.from_dict(encoding),
            tuple(map(str, stated["columns"])),
            np.array(stated["shift"], dtype=np.float64),
            np.array(stated["scale"], dtype=np.float64),
            representation,
        )


def log_odds(probabilities: Floats) -> Floats:
    """Return ln p - ln(1 - p), its size at most 30; 1 - p is summed, not subtracted.

    Examples
    --------
    >>> log_odds(np.array([[1.0, 1e-12, 0.0]])).round(2)
    array([[ 27.63, -27.63, -30.  ]])
    """
    with np.errstate(divide="ignore"):
        others = np.stack(
            [
                np.delete(probabilities, k, axis=1).sum(axis=1)
                for k in range(probabilities.shape[1])
            ],
            axis=1,
        )
        odds = np.log(probabilities) - np.log(others)
    return np.clip(odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)


def _as_frame(X: Any, n: int) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X.set_axis([str(column) for column in X.columns], axis=1)
    if hasattr(X, "detach"):
        X = X.detach().cpu().numpy()
    if hasattr(X, "toarray"):
        X = X.toarray()
    cells = np.asarray(X)
    cells = cells.reshape(n, math.prod(cells.shape[1:]))
    if cells.shape[1] > MOST_NUMBERS:
        raise InputError(
            f"A row has {cells.shape[1]:,} numbers, and a deferral rule takes at most "
            f"{MOST_NUMBERS:,}. Give representation=: a function from rows to a few numbers, such "
            "as a network's last layer; or features=[] to go by the model's probabilities alone."
        )
    frame = pd.DataFrame(cells, columns=[str(at) for at in range(cells.shape[1])])
    return frame.infer_objects() if cells.dtype == object else frame


def _chosen(
    predictor: Predictor, frame: pd.DataFrame, features: Sequence[str] | None
) -> tuple[str, ...]:
    if features is None:
        names = predictor.columns_in(frame.columns) if predictor.features else list(frame.columns)
        # An array's columns are the model's in their order, under no name that it would know.
        return tuple(names) if set(names) <= set(frame.columns) else tuple(frame.columns)
    present = list(frame.columns)
    for name in map(str, features):
        if name not in present:
            raise InputError(
                f"features name the column {name!r}, which the data does not have."
                f"{nearest(name, present) or f' Its columns: {listed(present)}.'}"
            )
    return tuple(map(str, features))


def _represented(representation: Callable[[Any], Any], X: Any, n: int) -> Floats:
    given = representation(X)
    if hasattr(given, "detach"):
        given = given.detach().cpu().numpy()
    numbers = np.asarray(given, dtype=np.float64)
    if numbers.ndim != 2 or len(numbers) != n or not np.isfinite(numbers).all():
        raise InputError(
            f"representation returned shape {numbers.shape} for {n} rows. It returns finite "
            "numbers (n, d)."
        )
    return numbers
