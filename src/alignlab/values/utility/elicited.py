"""What an elicitation found: utilities with intervals, as a function, a matrix, a table, a chart.

On the scale with u(worst) = 0 and u(best) = 1. The values are posterior means, which is what an
expected utility takes; the intervals are equal-tailed. Any positive affine map of them says the
same [vonneumann1944theory].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.charts import Chart, interval_chart, line_chart
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate
from alignlab.tables import Table
from alignlab.values.utility.functions import CARA, CRRA, PiecewiseLinear
from alignlab.values.utility.questions import Item

__all__ = ["ElicitedUtility"]


@dataclass(frozen=True, eq=False)
class ElicitedUtility:
    """The utility that a person's answers support.

    Attributes
    ----------
    items
        The amounts or outcomes asked about.
    worst, best
        Those worth 0 and 1.
    estimates
        Each item's utility, with its interval.
    noise
        The scale of the person's errors, as a share of the whole range.
    aversion
        In a family: its risk aversion, per unit of amount for CARA, without unit for CRRA.
    function
        A utility of amounts: in a family, the one of the aversion's median; else straight between
        the items. `None` for named outcomes.
    notes
        What the answers leave open beyond the intervals, one sentence or two each.
    """

    items: tuple[Item, ...]
    worst: Item
    best: Item
    estimates: tuple[Estimate, ...]
    noise: Estimate
    aversion: Estimate | None
    function: CARA | CRRA | PiecewiseLinear | None
    notes: tuple[str, ...] = ()

    @property
    def utilities(self) -> dict[Item, float]:
        """Every item's utility, with the worst and the best."""
        found = (each.value for each in self.estimates)
        inside = dict(zip(self.items, found, strict=True))
        return {self.worst: 0.0, **inside, self.best: 1.0}

    def matrix(self, layout: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Return utilities laid out as decisions by classes, for `decision_policy`.

        Parameters
        ----------
        layout
            The outcomes' names: one row a decision, one column a class that may be true.

        Raises
        ------
        InputError
            If a name is not an outcome, or the rows differ in length.
        """
        known = {str(name): value for name, value in self.utilities.items()}
        lengths = {len(row) for row in layout}
        if len(lengths) != 1:
            raise InputError("The layout is a table of names: one row a decision, equally long.")
        for name in (name for row in layout for name in row):
            if name not in known:
                raise InputError(f"{name!r} is not an outcome asked about.{nearest(name, known)}")
        return np.array([[known[name] for name in row] for row in layout])

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "worst": self.worst,
            "best": self.best,
            "utilities": [
                {"item": item, **estimate.to_dict()}
                for item, estimate in zip(self.items, self.estimates, strict=True)
            ],
            "noise": self.noise.to_dict(),
            "aversion": None if self.aversion is None else self.aversion.to_dict(),
            "notes": list(self.notes),
        }

    def table(self) -> Table:
        """Return the utilities and their intervals."""
        rows = tuple(
            (item, each.value, each.low, each.high)
            for item, each in zip(self.items, self.estimates, strict=True)
        )
        ends = ((self.worst, 0.0, 0.0, 0.0), *rows, (self.best, 1.0, 1.0, 1.0))
        return Table("Elicited utilities", ("item", "utility", "low", "high"), ends)

    def to_frame(self) -> Any:
        """Return the table as a pandas data frame."""
        return self.table().to_frame()

    def chart(self, question: str = "What is it worth to this person?") -> Chart:
        """Draw the utilities: a curve with its band for amounts, intervals for outcomes."""
        columns = self.table().rows
        if self.function is None:
            rows: list[dict[str, Any]] = [
                {"outcome": item, "value": value, "low": low, "high": high, "n": self.noise.n}
                for item, value, low, high in columns
            ]
            title = f"utility, {self.worst} = 0, {self.best} = 1"
            return interval_chart(question, rows, x=title, y="outcome", percent=False)
        rows = [
            {"amount": item, "utility": value, "low": low, "high": high}
            for item, value, low, high in columns
        ]
        return line_chart(
            question, rows, x="amount", y="utility", x_title="amount", band=("low", "high"),
            y_title="utility (worst 0, best 1)", percent=False,
        )  # fmt: skip
