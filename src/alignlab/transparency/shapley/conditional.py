"""The conditional game: unknown features as they go with the known ones, on a linear model of that.

    v(S) = E[ f(X) | X_S = x_S ]

is taken with X_(N-S) linear in X_S and its residuals independent of X_S, as they are where the
features are Gaussian [aas2021explaining, sec. 3.1]. Each background row b is moved along the
regression to what is known, and keeps its own residual:

    v(S) = 1/B sum_b f(x_S, b_(N-S) + C_(N-S,S) C_SS^+ (x_S - b_S)),

with the background's covariance C. So nothing is drawn at random, and residuals need not be
Gaussian; for a linear f this is the closed form of the conditional mean. A feature that f ignores
gets a value where it tells of one that f uses: the game is about the data as much as the model
[janzing2020feature].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed
from alignlab.transparency.outputs import Output
from alignlab.transparency.shapley.games import RowGame

__all__ = ["ConditionalGame"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

ROWS_A_COLUMN = 2
"""Background rows for each column, at least: with fewer, regressions follow the sample's noise."""


class ConditionalGame(RowGame):
    """The conditional game of some rows of numbers; see `RowGame`.

    Raises
    ------
    InputError
        If a column does not hold numbers, or the background rows are too few.
    """

    def __init__(
        self, output: Output, X: Any, background: Any, players: dict[str, tuple[Any, ...]]
    ) -> None:
        mine, theirs = _numbers(X, players), _numbers(background, players)
        n, width = theirs.shape
        if n < ROWS_A_COLUMN * width:
            raise InputError(
                f"game='conditional' learns from the background how {width} columns go together, "
                f"and needs at least {ROWS_A_COLUMN * width} rows for that; there are {n}."
            )
        super().__init__(output, X, background, players, parts=1)
        self.look_for_equal = False
        scale = theirs.std(axis=0)
        self.scale = np.where(scale > 0, scale, 1.0)
        self.center = theirs.mean(axis=0)
        self.mine, self.theirs = (
            (mine - self.center) / self.scale,
            (theirs - self.center) / self.scale,
        )
        self.related = self.theirs.T @ self.theirs / n
        self.as_given = mine
        self.columns = list(X.columns) if isinstance(X, pd.DataFrame) else None

    def distinct_rows(self) -> Floats:
        """Return that nothing is known of how many different rows can be asked for."""
        return np.full(self.rows, np.inf)

    def _composed(self, known: Bools, whose: Rows) -> Floats:
        """Return the answers for all rows of each pair, shape (pairs, background, outputs)."""
        kept = known[:, self.pool.owner]
        coalitions, which = np.unique(kept, axis=0, return_inverse=True)
        # What x_S - b_S moves, column by column: C_SS^+ C, padded with zeros.
        both = coalitions[:, :, None] & coalitions[:, None, :]
        moves = np.linalg.pinv(self.related * both, rcond=1e-10, hermitian=True) @ self.related
        which = which.ravel()
        moved = self.theirs - self.theirs @ moves  # (coalitions, background, columns)
        rows = moved[which] + (self.mine[whose][:, None, :] @ moves[which])
        rows = rows * self.scale + self.center
        # What is known is what was given, to the last digit.
        rows = np.where(kept[:, None, :], self.as_given[whose][:, None, :], rows)
        flat = rows.reshape(-1, rows.shape[2])
        answers = self._asked(
            flat if self.columns is None else pd.DataFrame(flat, columns=self.columns)
        )
        return answers.reshape(len(known), self.size, -1)


def _numbers(rows: Any, players: dict[str, tuple[Any, ...]]) -> Floats:
    """Return rows as numbers, or say which column holds none."""
    if isinstance(rows, pd.DataFrame):
        for name, columns in players.items():
            numeric = all(
                pd.api.types.is_numeric_dtype(rows[column])
                and not pd.api.types.is_bool_dtype(rows[column])
                for column in columns
            )
            spelled = len(columns) > 1 and set(np.unique(rows[list(columns)])) <= {0, 1}
            if not numeric or spelled:
                raise InputError(
                    f"game='conditional' needs numbers, and the feature {name!r} holds levels. "
                    "Play game='interventional', or explain the model on columns of numbers."
                )
    try:
        numbers = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("game='conditional' needs numbers, and the rows hold others.") from error
    complete: list[bool] = [bool(np.isfinite(column).all()) for column in numbers.T]
    if not all(complete):
        names = list(
            map(str, rows.columns if isinstance(rows, pd.DataFrame) else range(len(complete)))
        )
        missing = listed([name for name, whole in zip(names, complete, strict=True) if not whole])
        raise InputError(
            f"game='conditional' needs every number, and some are missing or infinite in {missing}."
        )
    return numbers
