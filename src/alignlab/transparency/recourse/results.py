"""What would have changed an answer, as a result: changes, rows, words, a table, a chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from alignlab.charts import Chart
from alignlab.plain import plain
from alignlab.tables import Table
from alignlab.theme import ACCENT, QUIET, WARN
from alignlab.wording import cell_text, joined, shortened

__all__ = ["Change", "Counterfactual", "Counterfactuals"]


@dataclass(frozen=True, slots=True)
class Change:
    """One changed column.

    Attributes
    ----------
    column
        Its name, or that of a one-hot group.
    before, after
        The values, as plain Python values; for a group the names of its levels.
    move
        How far: in spreads of the column for numbers, signed; what a category counts else.
    """

    column: str
    before: Any
    after: Any
    move: float

    @property
    def text(self) -> str:
        """The change in words.

        >>> Change("savings", 900, 3200, 1.5).text
        'savings of 3,200 instead of 900'
        """
        before, after = cell_text(self.before), cell_text(self.after)
        number = isinstance(self.after, int | float) and not isinstance(self.after, bool)
        link = " of " if number else " "
        return f"{self.column}{link}{after} instead of {before}"

    def to_dict(self) -> dict[str, Any]:
        """Return column, from, to and move as plain values."""
        return {
            "column": self.column,
            "from": plain(self.before),
            "to": plain(self.after),
            "move": self.move,
        }


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A row for which the model answers as wanted.

    Attributes
    ----------
    changes
        What differs from the row given, the largest move first.
    row
        The row, as the model takes it: a data frame or an array of one row.
    decision
        What the model answers: a class, or a value as text.
    answer
        The probability of that class, or the value; `None` where the model gives decisions only.
    cost
        What the changes cost.
    plausibility
        The share of the data's rows that lie as far from their neighbours as this one, or farther.
    plausible
        Whether that share is large enough.
    """

    changes: tuple[Change, ...]
    row: Any = field(repr=False)
    decision: str
    answer: float | None
    cost: float
    plausibility: float
    plausible: bool

    @property
    def sentence(self) -> str:
        """What would have changed the answer; it says nothing of causes."""
        rare = "" if self.plausible else " Hardly any row of the data is as unusual as this one."
        changes = joined(change.text for change in self.changes)
        return f"With {changes} the answer would have been {_answered(self)}.{rare}"

    def to_dict(self) -> dict[str, Any]:
        """Return the changes and numbers as plain values."""
        return {
            "changes": [change.to_dict() for change in self.changes],
            "decision": self.decision,
            "answer": self.answer,
            "cost": self.cost,
            "plausibility": plain(self.plausibility),
            "plausible": self.plausible,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """Changes of one row after which the model answers as wanted, the cheapest first.

    Attributes
    ----------
    found
        The changed rows; empty where there are none.
    decision, answer
        What the model answers for the row as it is; see `Counterfactual`.
    target
        What was wanted, in words.
    method
        How they were found: "exact: …", or "search".
    least_cost
        The least cost that any allowed change can have, where that is proven; else `None`. Numbers
        written with fewer digits may cost a little more.
    why_none
        Why there are none, in one sentence; empty where there are some.
    spreads
        What counts as a move by 1, for each column of numbers that may change.
    per_change
        What each changed column costs beside its move.
    evaluations
        Rows that the model was asked for.
    notes
        What else to know.
    """

    found: tuple[Counterfactual, ...]
    decision: str
    answer: float | None
    target: str
    method: str
    least_cost: float | None
    why_none: str
    spreads: dict[str, float]
    per_change: float
    evaluations: int
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Counterfactual]:
        return iter(self.found)

    def __getitem__(self, at: int) -> Counterfactual:
        return self.found[at]

    @property
    def proven(self) -> bool:
        """Whether it is proven that nothing allowed is cheaper, or that there is nothing."""
        return self.method != "search"

    @property
    def changes(self) -> tuple[tuple[Change, ...], ...]:
        """The changes of each row."""
        return tuple(each.changes for each in self.found)

    @property
    def rows(self) -> Any:
        """The changed rows, as the model takes them; `None` where there are none."""
        rows = [each.row for each in self.found]
        if not rows:
            return None
        if isinstance(rows[0], pd.DataFrame):
            return pd.concat(rows, ignore_index=True)
        return np.concatenate(rows)

    def __repr__(self) -> str:
        """Return the sentences; `to_frame` has the numbers."""
        return f"<Counterfactuals: {shortened(' '.join(self.sentences))}>"

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence a changed row, or why there is none."""
        return tuple(each.sentence for each in self.found) or (self.why_none,)

    def to_frame(self) -> pd.DataFrame:
        """Return one line a change: counterfactual, column, from, to, move, cost, …."""
        return pd.DataFrame(
            [
                {
                    "counterfactual": at + 1,
                    "column": change.column,
                    "from": change.before,
                    "to": change.after,
                    "move": change.move,
                    "cost": each.cost,
                    "decision": each.decision,
                    "answer": each.answer,
                    "plausibility": each.plausibility,
                }
                for at, each in enumerate(self.found)
                for change in each.changes
            ],
            columns=[
                "counterfactual", "column", "from", "to", "move", "cost", "decision", "answer",
                "plausibility",
            ],
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "decision": self.decision,
            "answer": self.answer,
            "target": self.target,
            "method": self.method,
            "proven": self.proven,
            "least_cost": self.least_cost,
            "why_none": self.why_none,
            "counterfactuals": [each.to_dict() for each in self.found],
            "spreads": dict(self.spreads),
            "per_change": self.per_change,
            "evaluations": self.evaluations,
            "notes": list(self.notes),
        }

    def chart(self) -> Chart:
        """Draw which columns each changed row changes, and to what."""
        question = f"What would have made the answer {self.target}?"
        lines: list[dict[str, Any]] = [
            {
                "way": f"{at + 1}. {_answered(each)}",
                "column": change.column,
                "change": f"{cell_text(change.before)} → {cell_text(change.after)}",
                "move": change.move,
            }
            for at, each in enumerate(self.found)
            for change in each.changes
        ]
        columns = ("way", "column", "change", "move")
        table = Table(
            question, columns, tuple(tuple(plain(line[c]) for c in columns) for line in lines)
        )
        ways = list(dict.fromkeys(line["way"] for line in lines))
        names = list(dict.fromkeys(line["column"] for line in lines))
        most = max((abs(line["move"]) for line in lines), default=1.0)
        spec: dict[str, Any] = {
            "data": {"values": lines},
            "encoding": {
                "x": {
                    "field": "way", "type": "nominal", "sort": ways, "title": None,
                    "axis": {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False},
                },
                "y": {"field": "column", "type": "nominal", "sort": names, "title": None},
                "tooltip": [
                    {"field": key, "type": kind, "title": title, **form}
                    for key, kind, title, form in (
                        ("way", "nominal", "answer", {}),
                        ("column", "nominal", "column", {}),
                        ("change", "nominal", "change", {}),
                        ("move", "quantitative", "move (spreads)", {"format": ".2f"}),
                    )
                ],
            },
            "layer": [
                {
                    "mark": {"type": "rect", "cornerRadius": 3, "stroke": QUIET},
                    "encoding": {
                        "color": {
                            "field": "move", "type": "quantitative",
                            "title": "move (spreads of the column)",
                            "scale": {
                                "domain": [-most, 0, most], "range": [WARN, "#ffffff", ACCENT],
                            },
                            "legend": {"orient": "bottom", "gradientLength": 160},
                        },
                    },
                },
                {
                    "mark": {"type": "text", "fontSize": 12},
                    "encoding": {
                        "text": {"field": "change"},
                        "color": {
                            "condition": {
                                "test": f"abs(datum.move) > {0.6 * most:.6g}", "value": "#ffffff",
                            },
                            "value": "#1b1f24",
                        },
                    },
                },
            ],
            "width": {"step": 150},
            "height": {"step": 30},
        }  # fmt: skip
        return Chart(question, plain(spec), table)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))


def _answered(each: Counterfactual) -> str:
    """Return the decision with its probability; a value stands for itself."""
    if each.answer is None or each.decision == f"{each.answer:,.6g}":
        return each.decision
    return f"{each.decision} ({each.answer:.2f})"
