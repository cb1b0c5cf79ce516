"""An attribution as a result: one number for each input of each row, and what it is worth.

For methods that split a difference between two answers,

    answer(x) = base + sum_p value_p(x) + gap(x),

where the gap is what the method failed to split. A gradient or a heat map splits nothing: its base
is `None`, and its values are in another unit than the answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.charts import Chart, bar_chart
from alignlab.errors import InputError
from alignlab.intervals import critical_value
from alignlab.transparency.gradients.heat import heat_chart

__all__ = ["Attribution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each input contributed to the answers for n rows.

    Attributes
    ----------
    values
        Of the inputs' shape, (n, ...); one channel where a map is of places only.
    standard_errors
        Of `values`, from sampling; `None` where nothing is sampled.
    answers
        What the model answers for the output explained, shape (n,), in the unit of `scale`.
    base
        What it answers where nothing is known, shape (n,); `None` for methods without one.
    targets
        The output explained of each row, a position, shape (n,).
    output_names
        What the outputs are called, by position.
    method
        How the values were computed, in words.
    scale
        "logit", "log odds", "probability", "decision" or "value".
    features
        The names of a table's columns; empty for images.
    rows
        The rows explained, as numbers, shape (n, ...).
    evaluations
        Rows that the model was asked for.
    notes
        Sentences that a reader must know.
    freedom
        Degrees of freedom of the standard errors.
    """

    values: Floats
    standard_errors: Floats | None
    answers: Floats
    base: Floats | None
    targets: NDArray[np.intp]
    output_names: tuple[str, ...]
    method: str
    scale: str
    features: tuple[str, ...]
    rows: Any = field(repr=False)
    evaluations: int
    notes: tuple[str, ...] = ()
    freedom: int | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    @property
    def gap(self) -> Floats | None:
        """What the values leave unexplained in each row, answer - base - their sum, shape (n,)."""
        if self.base is None:
            return None
        return np.asarray(self.answers - self.base - self.values.reshape(len(self), -1).sum(axis=1))

    @property
    def relative_gap(self) -> float:
        """The largest |gap| / |answer - base| over the rows; NaN for methods without a base."""
        gap = self.gap
        if gap is None or self.base is None:
            return float("nan")
        away = np.abs(self.answers - self.base)
        share = np.divide(np.abs(gap), away, out=np.where(gap == 0, 0.0, np.inf), where=away > 0)
        return float(share.max(initial=0))

    def __repr__(self) -> str:
        """Return what was computed and how; `values` has the numbers."""
        shape = " x ".join(map(str, self.values.shape))
        return f"<Attribution ({self.method}): {shape} values as {self.scale}>"

    def to_frame(self, row: int = 0, *, level: float = 0.95) -> pd.DataFrame:
        """Return one line an input of one row, the largest first.

        Parameters
        ----------
        row
            Its position.
        level
            The coverage of the interval of each value, where values are sampled.
        """
        values = self.values[self._at(row)]
        frame: dict[str, Any] = {}
        if values.ndim == 1:
            frame["feature"] = list(self.features or map(str, range(len(values))))
            given = self.rows.iloc[row] if isinstance(self.rows, pd.DataFrame) else self.rows[row]
            if len(given) == len(values):
                frame["given"] = list(given)
        else:
            names = ("channel", "row", "column")[-values.ndim :]
            axes = names if values.ndim <= 3 else tuple(f"axis {k}" for k in range(values.ndim))
            frame |= dict(zip(axes, (at.ravel() for at in np.indices(values.shape)), strict=True))
        frame["value"] = values.ravel()
        if self.standard_errors is not None:
            half = critical_value(level, freedom=self.freedom) * self.standard_errors[row].ravel()
            frame |= {"low": values.ravel() - half, "high": values.ravel() + half}
        order = np.argsort(-np.abs(values.ravel()), kind="stable")
        return pd.DataFrame(frame).iloc[order].reset_index(drop=True)

    def chart(self, row: int = 0, *, most: int = 20) -> Chart:
        """Return one row's values: bars of a table's columns, or tints over an image.

        Parameters
        ----------
        row
            Its position.
        most
            A table's bars, the largest.
        """
        row = self._at(row)
        name = self.output_names[self.targets[row]]
        if self.values.ndim == 4:
            question = f"Which pixels speak for {name!r}?"
            return heat_chart(question, np.asarray(self.rows[row]), self.values[row])
        if self.values.ndim != 2:
            raise InputError(
                f"Values of shape {self.values.shape[1:]} a row are neither a table's nor an "
                "image's (channels, height, width), so there is no chart. Use to_frame()."
            )
        unit = self.scale if self.base is not None else "per unit of the input"
        best = self.to_frame(row).head(most)
        rows = [dict(zip(best.columns, line, strict=True)) for line in best.itertuples(index=False)]
        return bar_chart(
            f"What moved the answer {name!r}?",
            rows,
            x=f"contribution ({unit})" if self.base is not None else f"value ({unit})",
            y="feature",
            value="value",
            percent=False,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        errors, gap = self.standard_errors, self.gap
        return {
            "method": self.method,
            "scale": self.scale,
            "features": list(self.features),
            "outputs": [self.output_names[at] for at in self.targets],
            "answers": self.answers.tolist(),
            "base": None if self.base is None else self.base.tolist(),
            "gap": None if gap is None else gap.tolist(),
            "values": self.values.tolist(),
            "standard_errors": None if errors is None else errors.tolist(),
            "evaluations": self.evaluations,
            "notes": list(self.notes),
        }

    def _at(self, row: int) -> int:
        if not -len(self) <= row < len(self):
            raise InputError(f"row={row} is not one of the {len(self)} rows, from 0.")
        return row % len(self)
