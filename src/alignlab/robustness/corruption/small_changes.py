"""Whether a model's decisions outlive small changes to a row that people would not notice.

For each kind of change, the share of rows whose decision is another one after it,

    share = sum_i w_i [decision(changed row i) != decision(row i)] / sum_i w_i,

over the rows that could be changed, with exact limits [clopper1934use], corrected for the number
of kinds [dunn1961multiple]. For a model of numbers, a decision counts as another one where it
moves by more than a stated share of the outcomes' standard deviation. Assumes independent rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.charts import Chart, interval_chart
from alignlab.datasets import Grouping
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate, mean_estimate, share_limits, share_size
from alignlab.predictors import Predictor
from alignlab.random import as_generator
from alignlab.robustness.corruption.changed_rows import KINDS, Kind, change_rows
from alignlab.robustness.corruption.refusals import AnswersAndRefusals, ask_or_note_refusals

__all__ = ["ChangeOfKind", "ColumnFlips", "SmallChanges", "small_changes"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ColumnFlips:
    """How often a change of one column flipped the decision.

    Attributes
    ----------
    column
        The column changed.
    estimate
        The share of its changed rows that flipped; `None` where the model refused them.
    rows
        How many rows had this column changed.
    refusal
        The model's words where it refused, else empty.
    """

    column: str
    estimate: Estimate | None
    rows: int
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class ChangeOfKind:
    """What one kind of change did.

    Attributes
    ----------
    kind
        "noise", "missing", "typo" or "unit".
    flips
        The share of changed rows that flipped, corrected for the number of kinds; `None` where no
        row could be changed or the model refused every change.
    mean_move
        For a model of numbers, the mean absolute move of its answers; else `None`.
    rows
        Positions in the table of the rows that were changed and answered.
    flipped
        Whether each of them flipped.
    columns
        The column changed in each; `None` where a change concerns the whole row.
    weights
        Their weights.
    refusals
        The model's words, by column ("" for the whole row), where it raised instead of answering.
    refused
        How many changed rows it raised on, by column.
    level
        The level of the intervals.
    """

    kind: Kind
    flips: Estimate | None
    mean_move: Estimate | None
    rows: Rows
    flipped: NDArray[np.bool_]
    columns: NDArray[np.object_] | None
    weights: Floats
    refusals: Mapping[str, str]
    refused: Mapping[str, int]
    level: float

    @property
    def accepted(self) -> bool:
        """Whether the model answered at least some changed rows."""
        return len(self.rows) > 0

    def by_group(self, grouping: Grouping) -> dict[str, Estimate]:
        """Return the share that flipped in each group that has rows here.

        Parameters
        ----------
        grouping
            Of the rows of the table that was given. The intervals hold for its groups together.
        """
        codes = grouping.codes[self.rows]
        present = np.unique(codes)
        return {
            grouping.labels[code]: _share(
                self.flipped[codes == code],
                self.weights[codes == code],
                level=self.level,
                comparisons=len(present),
            )
            for code in present
        }

    def by_column(self) -> tuple[ColumnFlips, ...]:
        """Return what a change of each column did, the largest share first, refusals last."""
        if self.columns is None:
            return ()
        names, at = np.unique(self.columns.astype(str), return_inverse=True)
        answered = [
            ColumnFlips(
                str(name),
                _share(
                    self.flipped[at == code],
                    self.weights[at == code],
                    level=self.level,
                    comparisons=len(names),
                ),
                int((at == code).sum()),
            )
            for code, name in enumerate(names)
        ]
        answered.sort(key=lambda each: -each.estimate.value if each.estimate else 0.0)
        refused = [
            ColumnFlips(name, None, self.refused[name], words)
            for name, words in self.refusals.items()
        ]
        return (*answered, *refused)


@dataclass(frozen=True, eq=False)
class SmallChanges:
    """What small changes did to a model's decisions.

    Attributes
    ----------
    kinds
        One entry a kind asked for, in that order.
    rows
        The number of rows tried.
    rows_given
        The number of rows given.
    strength
        The noise, as a share of each column's spread.
    tolerance
        For a model of numbers, how far an answer may move, in its own unit; else 0.
    level
        The level of the intervals.
    evaluations
        Rows that the model was asked for.
    """

    kinds: tuple[ChangeOfKind, ...]
    rows: int
    rows_given: int
    strength: float
    tolerance: float
    level: float
    evaluations: int

    def __getitem__(self, kind: str) -> ChangeOfKind:
        """Return what one kind did."""
        for each in self.kinds:
            if each.kind == kind:
                return each
        names = [each.kind for each in self.kinds]
        raise InputError(f"There is no kind of change {kind!r}.{nearest(kind, names)}")

    @property
    def worst_kind(self) -> ChangeOfKind | None:
        """The kind that flipped the largest share, of those that the model accepted."""
        answered = [each for each in self.kinds if each.flips is not None]
        return max(answered, key=lambda each: each.flips.value if each.flips else 0, default=None)

    @property
    def worst(self) -> Estimate | None:
        """The largest share of decisions that a kind of change flips, or `None`.

        Its interval goes from the largest lower limit to the largest upper limit of the kinds'
        simultaneous intervals, so it holds although the largest was picked.
        """
        answered = [each.flips for each in self.kinds if each.flips is not None]
        if not answered:
            return None
        largest = max(answered, key=lambda estimate: estimate.value)
        return Estimate(
            largest.value,
            max(estimate.low for estimate in answered),
            max(estimate.high for estimate in answered),
            self.level,
            largest.n,
            f"Clopper–Pearson, largest of {len(answered)}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the shares as plain values."""
        return {
            "rows": self.rows,
            "rows_given": self.rows_given,
            "strength": self.strength,
            "tolerance": self.tolerance,
            "level": self.level,
            "evaluations": self.evaluations,
            "kinds": [
                {
                    "kind": each.kind,
                    "flips": None if each.flips is None else each.flips.to_dict(),
                    "mean_move": None if each.mean_move is None else each.mean_move.to_dict(),
                    "refusals": dict(each.refusals),
                    "refused": dict(each.refused),
                }
                for each in self.kinds
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a kind: rows, share that flipped, its limits, rows refused."""
        return pd.DataFrame(
            [
                {
                    "kind": each.kind,
                    "rows": len(each.rows),
                    "flips": each.flips.value if each.flips else float("nan"),
                    "low": each.flips.low if each.flips else float("nan"),
                    "high": each.flips.high if each.flips else float("nan"),
                    "refused": sum(each.refused.values()),
                }
                for each in self.kinds
            ]
        )

    def chart(self) -> Chart:
        """Draw the share that each kind flips."""
        return interval_chart(
            "Which small changes flip decisions?",
            [
                {
                    "change": each.kind,
                    "value": each.flips.value,
                    "low": each.flips.low,
                    "high": each.flips.high,
                    "n": each.flips.n,
                }
                for each in self.kinds
                if each.flips is not None
            ],
            x="share of decisions that flip",
            y="change",
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, float_format="{:.4g}".format))


def small_changes(
    predictor: Predictor,
    X: pd.DataFrame,
    decisions: ArrayLike,
    *,
    kinds: Sequence[Kind] = KINDS,
    strength: float = 0.05,
    tolerance: float = 0.1,
    spread: float | None = None,
    max_rows: int = 10_000,
    weights: ArrayLike | None = None,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
) -> SmallChanges:
    """Measure which share of decisions flips when rows change a little.

    Use it for any model that takes rows of a table. It tries what happens by accident, once a row
    and kind; it does not search for the worst change as an attack does.

    Parameters
    ----------
    predictor
        The model.
    X
        n rows of features; never changed. Only columns that the model reads are.
    decisions
        What the model decides for `X` as it is, shape (n,): class indices, or values.
    kinds
        Which changes to make; see `change_rows`.
    strength
        The noise, as a share of each column's spread.
    tolerance, spread
        A model of numbers has changed its answer where it moves by more than
        `tolerance` · `spread`; `spread` is the outcomes' standard deviation (the decisions' own
        where `None`).
    max_rows
        More rows than this are sampled down to it. Rows of weight 0 are left out.
    weights
        Non-negative sample weights, shape (n,).
    level
        The level at which the intervals of all kinds hold together.
    seed
        Decides the rows sampled and the changes.

    Returns
    -------
    SmallChanges
        A change that the model raises on (an empty cell, an unknown category) is counted under
        `refused`, in the model's own words, and is no error.

    Raises
    ------
    InputError
        If there is no row, lengths differ or a kind is unknown.

    References
    ----------
    [hendrycks2019benchmarking], [clopper1934use], [dunn1961multiple]

    Examples
    --------
    >>> X = pd.DataFrame({"income": [10.0, 20.0, 30.0, 40.0] * 25})
    >>> model = Predictor(
    ...     lambda rows: (rows["income"] > 29.9) * 1.0, task="classification", classes=(0, 1)
    ... )
    >>> result = small_changes(model, X, (X["income"] > 29.9) * 1, kinds=["noise", "typo"])
    >>> result["typo"].flips is None
    True
    >>> bool(result["noise"].flips.value > 0.05)
    True
    """
    if not isinstance(X, pd.DataFrame) or X.columns.has_duplicates:
        raise InputError("X is not a pandas data frame whose columns have names of their own.")
    if predictor.features is not None:
        read = set(predictor.columns_in(X.columns))
        X = X[[column for column in X.columns if column in read]]
    n = len(X)
    before = np.asarray(decisions)
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    for name, given in (("decisions", before), ("weights", mass)):
        if len(given) != n:
            raise InputError(f"There are {n} rows in X and {len(given)} {name}.")
    kept = np.flatnonzero(mass > 0)
    if len(kept) == 0:
        raise InputError("There is no row to change.")
    if len(kept) > max_rows:
        generator = as_generator(seed, "small changes")
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    allowed = 0.0
    if predictor.task == "regression":
        before = before.astype(float)
        allowed = tolerance * float(before.std() if spread is None else spread)

    asked = predictor.rows_evaluated
    tried = [
        (
            kind,
            ask_or_note_refusals(
                predictor, X, change_rows(X, kind, rows=kept, strength=strength, seed=seed)
            ),
        )
        for kind in dict.fromkeys(kinds)
    ]
    comparisons = sum(len(answered.at) > 0 for _, answered in tried)
    return SmallChanges(
        kinds=tuple(
            _of_kind(kind, answered, predictor, before, mass, allowed, level, comparisons)
            for kind, answered in tried
        ),
        rows=len(kept),
        rows_given=n,
        strength=strength,
        tolerance=allowed,
        level=level,
        evaluations=predictor.rows_evaluated - asked,
    )


def _of_kind(
    kind: Kind,
    answered: AnswersAndRefusals,
    predictor: Predictor,
    before: NDArray[Any],
    mass: Floats,
    allowed: float,
    level: float,
    comparisons: int,
) -> ChangeOfKind:
    changed = answered.changed
    rows = changed.rows[answered.at]
    after = predictor.decide(answered.answers)
    mean_move = None
    if predictor.task == "regression":
        moves = np.abs(after - before[rows])
        flipped = moves > allowed
        mean_move = mean_estimate(moves, weights=mass[rows], level=level) if len(rows) else None
    else:
        flipped = after != before[rows]
    flips = None
    if len(rows):
        flips = _share(flipped, mass[rows], level=level, comparisons=comparisons)
    return ChangeOfKind(
        kind=kind,
        flips=flips,
        mean_move=mean_move,
        rows=rows,
        flipped=flipped,
        columns=None if changed.columns is None else changed.columns[answered.at],
        weights=mass[rows],
        refusals=answered.refusals,
        refused=answered.refused,
        level=level,
    )


def _share(
    flipped: NDArray[np.bool_], weights: Floats, *, level: float, comparisons: int
) -> Estimate:
    total, squares = weights.sum(), weights**2
    share = float(weights @ flipped / total)
    size = share_size(weights @ flipped, total, squares @ flipped, squares.sum())
    low, high = share_limits(share, size, level=level, comparisons=comparisons)
    method = "Clopper–Pearson" + (f", {comparisons} at once" if comparisons > 1 else "")
    return Estimate(share, float(low), float(high), level, len(flipped), method)
