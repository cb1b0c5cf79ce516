"""Shapley values as a result: which feature moved each answer away from the average answer.

    answer(x) = base + sum_p phi_p(x),      base = the answer where no feature is known,

for each row x, feature p and output. What "known" means is the game, and the result names it:

    interventional   features that are not known take the values of background rows, drawn without
                     regard to the known ones [janzing2020feature]
    baseline         the same with one background row
    conditional      ... drawn as they go with the known ones
    path-dependent   trees only: branches are followed in proportion to the training rows

The standard errors are of the sampling of coalitions (0 where the values are exact); what comes
from having a sample of background rows alone stands apart in `background_errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, listed, nearest
from alignlab.intervals import Estimate, critical_value
from alignlab.transparency.features import level_of

if TYPE_CHECKING:
    from alignlab.charts import Chart

__all__ = ["Game", "ShapleyValues"]

Floats = NDArray[np.float64]

Game = Literal["interventional", "baseline", "conditional", "path-dependent"]


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """The Shapley values of n rows.

    Attributes
    ----------
    values
        Shape (n, features, outputs), in the unit of `scale`.
    base
        What the model answers on average where no feature is known, shape (outputs,).
    answers
        What it answers for the rows, shape (n, outputs).
    standard_errors
        Of `values`, from sampling coalitions; 0 where they are exact.
    background_errors
        Of `values`, from having only a sample of background rows; `None` where not computed.
    features
        The features (players), in the order of the columns.
    columns
        The columns of each feature.
    outputs
        What each output is called.
    rows
        The rows explained: a data frame or an array.
    game
        "interventional", "baseline", "conditional" or "path-dependent".
    method
        How the values were computed, in words: "exact, all coalitions", ...
    scale
        "probability", "log odds", "decision" or "value".
    evaluations
        Rows that the model was asked for.
    background_rows
        The number of background rows.
    notes
        Sentences that a reader must know, such as that sampling stopped at the budget.
    """

    values: Floats
    base: Floats
    answers: Floats
    standard_errors: Floats
    background_errors: Floats | None
    features: tuple[str, ...]
    columns: tuple[tuple[Any, ...], ...]
    outputs: tuple[str, ...]
    rows: Any = field(repr=False)
    game: Game
    method: str
    scale: str
    evaluations: int
    background_rows: int
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def __repr__(self) -> str:
        """Return what was explained and how; `to_frame` has the numbers."""
        return (
            f"<ShapleyValues ({self.game}; {self.method}): {len(self)} rows, "
            f"{len(self.features)} features, {self.scale} of {', '.join(self.outputs)}>"
        )

    def __getitem__(self, chosen: Any) -> ShapleyValues:
        """Return the values of some rows: a position, a slice, positions or a mask."""
        at = np.atleast_1d(np.arange(len(self))[chosen])
        rows = self.rows.iloc[at] if isinstance(self.rows, pd.DataFrame) else self.rows[at]
        errors = self.background_errors
        return replace(
            self,
            values=self.values[at],
            answers=self.answers[at],
            standard_errors=self.standard_errors[at],
            background_errors=None if errors is None else errors[at],
            rows=rows,
        )

    @property
    def gap(self) -> float:
        """The largest |answer - base - sum of values|: 0 up to rounding."""
        return float(np.abs(self.answers - self.base - self.values.sum(axis=1)).max(initial=0))

    def position(self, feature: str) -> int:
        """Return a feature's position.

        Raises
        ------
        InputError
            If there is no such feature.
        """
        if feature not in self.features:
            raise InputError(
                f"There is no feature {feature!r}.{nearest(str(feature), list(self.features))}"
            )
        return self.features.index(feature)

    def half_widths(self, level: float = 0.95) -> Floats:
        """Return the half-widths of intervals for the sampling of coalitions, as `values`."""
        return critical_value(level) * self.standard_errors

    def importance(self, output: int = 0, *, level: float = 0.95) -> dict[str, Estimate]:
        """Return the mean |value| of each feature over the rows.

        The intervals, by Student's t over the rows, hold at `level` for all features together.

        Raises
        ------
        InputError
            If there is no such output, or no row.
        """
        size = np.abs(self.values[:, :, self._output(output)])
        n = len(size)
        if not n:
            raise InputError("There is no row to take a mean over.")
        means = size.mean(axis=0)
        half = np.full(len(means), np.nan)
        if n > 1:
            factor = critical_value(level, comparisons=len(means), freedom=n - 1)
            half = factor * size.std(axis=0, ddof=1) / np.sqrt(n)
        return {
            name: Estimate(
                float(mean), float(mean - width), float(mean + width), level, n, "mean |value|"
            )
            for name, mean, width in zip(self.features, means, half, strict=True)
        }

    def to_frame(self, row: int | None = None, output: int = 0) -> pd.DataFrame:
        """Return one row's values, the largest first; without a row, all rows' values.

        Parameters
        ----------
        row
            The row's position: one line a feature, with what the row holds and the interval.
            `None`: one line a row and one column a feature, unless there is one row only.
        output
            Which output.

        Raises
        ------
        InputError
            If there is no such row or output.
        """
        output = self._output(output)
        if row is None and len(self) != 1:
            index = self.rows.index if isinstance(self.rows, pd.DataFrame) else None
            return pd.DataFrame(self.values[:, :, output], index=index, columns=self.features)
        row = self._row(row or 0)
        values = self.values[row, :, output]
        half = self.half_widths()[row, :, output]
        frame = pd.DataFrame(
            {
                "feature": self.features,
                "given": [self.shown(row, feature) for feature in range(len(self.features))],
                "value": values,
                "low": values - half,
                "high": values + half,
            }
        )
        return frame.iloc[np.argsort(-np.abs(values), kind="stable")].reset_index(drop=True)

    def shown(self, row: int, feature: int) -> str:
        """Return what a row holds in a feature, as text: the level, where columns spell it out."""
        names = self.columns[feature]
        cells = (
            [self.rows[name].array[row] for name in names]
            if isinstance(self.rows, pd.DataFrame)
            else [self.rows[row, at] for at in names]
        )
        if len(cells) == 1:
            return _cell(cells[0])
        if set(cells) == {0, 1}:
            column = str(names[[bool(cell) for cell in cells].index(True)])
            return level_of(column, self.features[feature])
        return ", ".join(map(_cell, cells))

    def beeswarm(self, output: int = 0, *, most: int = 20) -> Chart:
        """Draw every row's values, a line of points for each feature, the largest first.

        Parameters
        ----------
        output
            Which output.
        most
            Features drawn by themselves; the others are drawn as their sum.
        """
        from alignlab.transparency.shapley.charts import beeswarm

        return beeswarm(self, self._output(output), most=most)

    def waterfall(self, row: int, output: int = 0, *, most: int = 12) -> Chart:
        """Draw one row's way from the average answer to its own, the largest step first.

        Raises
        ------
        InputError
            If there is no such row.
        """
        from alignlab.transparency.shapley.steps import waterfall

        return waterfall(self, self._row(row), self._output(output), most=most)

    def dependence(self, feature: str, output: int = 0, *, colour: str | None = None) -> Chart:
        """Draw a feature's values against what the rows hold in it.

        Parameters
        ----------
        feature
            The feature along the axis.
        output
            Which output.
        colour
            Another feature, told by colour and shape: where its levels lie apart, the two interact.

        Raises
        ------
        InputError
            If there is no such feature.
        """
        from alignlab.transparency.shapley.charts import dependence

        return dependence(self, feature, self._output(output), colour=colour)

    def cohorts(
        self,
        groups: Sequence[Any] | pd.Series | NDArray[Any],
        output: int = 0,
        *,
        most: int = 12,
        level: float = 0.95,
    ) -> Chart:
        """Draw each feature's mean value in each group: which make the mean answers differ.

        Over all features the differences sum to that of the groups' mean answers, exactly.

        Parameters
        ----------
        groups
            The group of each row, shape (n,); 2 to 5 groups.
        output
            Which output.
        most
            Features drawn by themselves; the others are drawn as their sum.
        level
            Of each interval over the rows.

        Raises
        ------
        InputError
            If there are too few or too many groups, or not one a row.
        """
        from alignlab.transparency.shapley.charts import cohorts

        return cohorts(self, groups, self._output(output), most=most, level=level)

    def _repr_html_(self) -> str:
        return str(self.to_frame().head(20).to_html(float_format="{:.4g}".format))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        errors = self.background_errors
        return {
            "game": self.game,
            "method": self.method,
            "scale": self.scale,
            "features": list(self.features),
            "outputs": list(self.outputs),
            "base": self.base.tolist(),
            "answers": self.answers.tolist(),
            "values": self.values.tolist(),
            "standard_errors": self.standard_errors.tolist(),
            "background_errors": None if errors is None else errors.tolist(),
            "background_rows": self.background_rows,
            "evaluations": self.evaluations,
            "notes": list(self.notes),
        }

    def _output(self, output: int) -> int:
        """Return the position of an output, or say which there are."""
        return _position(output, len(self.outputs), "output", f" ({listed(self.outputs)})")

    def _row(self, row: int) -> int:
        return _position(row, len(self), "row", "")


def _position(given: Any, count: int, what: str, which: str) -> int:
    whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    if not whole or not -count <= given < count:
        raise InputError(f"{what}={given!r} is none of the {count} {what}s{which}: count from 0.")
    return int(given)


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)
