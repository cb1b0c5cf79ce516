"""Intervals that hold the true value as often as promised, around a model as it is.

With the threshold q of the calibration scores (see `ranks`), the interval and the score are

    absolute     f(x) -+ q             |y - f(x)|                [lei2018distribution, alg. 2]
    normalised   f(x) -+ q s(x)        |y - f(x)| / s(x)         [lei2018distribution, sec. 5.2]
    cqr          [l(x) - q, h(x) + q]  max(l(x) - y, y - h(x))   [romano2019conformalized, eq. 6]

where s > 0 says how far off the model is where, and l and h are a model's quantiles. All keep the
promise of coverage on average; they differ in where they are wide. An interval of CQR that q < 0
would turn inside out is its middle alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.row_hashes import require_apart
from alignlab.errors import InputError, ModelError, require_choice
from alignlab.intervals import Estimate
from alignlab.predictors import Predictor, as_predictor
from alignlab.uncertainty.calibration.unseen import hashes_as_read, require_unseen
from alignlab.uncertainty.conformal.cells import (
    CellScores,
    Unseen,
    calibration_cells,
    cell_scores,
    group_labels,
    notes_on,
    positions_among,
    row_thresholds,
)
from alignlab.uncertainty.conformal.coverage import (
    CoverageReport,
    coverage_report,
    expected_in_cells,
)
from alignlab.uncertainty.conformal.ranks import Level, level_value
from alignlab.uncertainty.conformal.rows import answers_for, row_count
from alignlab.uncertainty.conformal.sets import PredictionIntervals, interval_ends, real_values

__all__ = ["CalibratedRegressor", "ConformalRegressor", "ValueScore"]

Floats = NDArray[np.float64]

ValueScore = Literal["absolute", "normalised", "cqr"]

_Answers = tuple[Floats, Floats, Floats | float, int]

VALUE_SCORES: tuple[ValueScore, ...] = ("absolute", "normalised", "cqr")


@dataclass(frozen=True, eq=False)
class ConformalRegressor:
    """How intervals are to be made around a model; `calibrate` makes it ready.

    Use "absolute" where the model is about equally far off everywhere, "normalised" or "cqr" where
    it is not. None of them promises coverage at every single x.

    Attributes
    ----------
    model
        A Predictor, an estimator, a torch module or a function that gives one value a row. For
        "cqr": a pair of them, for the lower and the upper quantile, or one that gives both,
        shape (n, 2).
    score
        "absolute", "normalised" or "cqr".
    spread
        Of "normalised": a model or a function of the rows that says how far off `model` is, above
        0 everywhere. It must not have seen the calibration rows either.
    by
        `None` promises coverage on average, "group" within each group.
    features
        As of `as_predictor`, where the model does not say them.

    References
    ----------
    [lei2018distribution], [romano2019conformalized]

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ready = ConformalRegressor(Ridge().fit(X[::3], y[::3])).calibrate(X[1::3], y[1::3])
    >>> print(ready.check(X[2::3], y[2::3], level=0.9))
    The intervals held the truth in 89.1% of 147 rows, where 90.5% was to be expected: no
    surprise (p = 0.7).
    """

    model: Any
    _: KW_ONLY
    score: ValueScore = "absolute"
    spread: Any = None
    by: Literal["group"] | None = None
    features: Sequence[str] | None = None

    def __post_init__(self) -> None:
        require_choice(self.score, VALUE_SCORES, what="score")
        if self.by is not None:
            require_choice(self.by, ["group"], what="by")
        if (self.score == "normalised") != (self.spread is not None):
            raise InputError(
                "score='normalised' and spread= (a model or function of how far off the model is) "
                "belong together: give both or neither."
            )
        if isinstance(self.model, tuple | list) and (self.score != "cqr" or len(self.model) != 2):
            raise InputError(
                f"A list of {len(self.model)} models with score={self.score!r}: a pair is for "
                "score='cqr', the lower quantile first."
            )

    @cached_property
    def predictors(self) -> tuple[Predictor, ...]:
        """The models as they are asked: one, or one and its spread, or two quantiles."""
        options: dict[str, Any] = {"task": "regression", "features": self.features}
        if isinstance(self.model, tuple | list):
            return tuple(as_predictor(each, **options) for each in self.model)
        if isinstance(self.model, Predictor) or hasattr(self.model, "predict_proba"):
            options["task"] = None
        main = as_predictor(self.model, **options)
        if main.task != "regression":
            raise InputError(
                f"The model {main.name!r} predicts a class. Use ConformalClassifier for it."
            )
        if self.score == "cqr":
            return (_Quantiles.of(main),)
        if self.spread is None:
            return (main,)
        return main, as_predictor(self.spread, task="regression", name="spread")

    def calibrate(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        training: Any = None,
        answers: Any = None,
    ) -> CalibratedRegressor:
        """Score the true values of rows that the model was not fitted on.

        Parameters
        ----------
        X
            n rows.
        y
            Their values, shape (n,).
        groups
            With by="group": one label a row, or the name of a column of X (or of several, joined
            by `*`).
        training
            The rows that the model was fitted on, or their hashes; they are refused here. A model
            from a folder that alignlab wrote knows them itself.
        answers
            What the model said of these rows, where it was asked before; it is not asked again. Of
            several models (`predictors`) one array each.

        Raises
        ------
        InputError
            If a value is not finite, a group has no row, or rows are training rows.
        """
        n = row_count(X)
        values = real_values(y, n)
        hashes = [require_unseen(each, X, training=training) for each in self.predictors]
        codes, names = calibration_cells(self.by, groups, X, n, made="intervals")
        low, high, unit, evaluations = self._answers(X, answers)
        scores = _scores(values, low, high, unit)
        cells = cell_scores(scores, codes, names)
        return CalibratedRegressor(self, cells, hashes[0], evaluations)

    def _answers(self, X: Any, answers: Any = None) -> _Answers:
        """Return the ends before calibration, what one unit of the score is, and the rows asked."""
        before = sum(each.rows_evaluated for each in self.predictors)
        said = answers_for(self.predictors, X, answers)
        evaluations = sum(each.rows_evaluated for each in self.predictors) - before
        if self.score == "cqr":
            low, high = (said[0][:, 0], said[0][:, 1]) if len(said) == 1 else said
            return low, high, 1.0, evaluations
        if self.spread is None:
            return said[0], said[0], 1.0, evaluations
        if not (said[1] > 0).all():
            row = int((said[1] <= 0).argmax())
            raise ModelError(
                f"spread answered {said[1][row]:.4g} on row {row}: how far off a model is lies "
                "above 0. Predict the logarithm and take exp, or add a small number."
            )
        return said[0], said[0], said[1], evaluations


@dataclass(frozen=True, eq=False)
class CalibratedRegressor:
    """A model with the sorted scores of its calibration rows, ready for any level.

    Attributes
    ----------
    description
        What was calibrated.
    cells
        The sorted scores, by group where it was so stated.
    rows
        The calibration rows' hashes; `check` refuses these rows.
    evaluations
        Rows that the models were asked for at calibration.
    """

    description: ConformalRegressor
    cells: CellScores
    rows: NDArray[np.uint64]
    evaluations: int

    def predict(
        self,
        X: Any,
        *,
        level: Level = 0.9,
        groups: Any = None,
        unseen: Unseen = "full",
        answers: Any = None,
    ) -> PredictionIntervals:
        """Return an interval for every row.

        Parameters
        ----------
        X
            n rows.
        level
            The coverage wanted, between 0 and 1, taken as it is written. Intervals at a higher
            level hold those at a lower one.
        groups
            With by="group": as for `calibrate`.
        unseen
            For groups that were not there at calibration: "full", the whole line, which keeps
            every promise; the threshold of all rows "pooled", which keeps none for the group; or
            "refuse".
        answers
            As for `calibrate`.
        """
        return self._made(self.description._answers(X, answers), X, level, groups, unseen)[0]

    def _made(
        self, said: _Answers, X: Any, level: Level, groups: Any, unseen: Unseen
    ) -> tuple[PredictionIntervals, Floats | float]:
        """Return the intervals, and the threshold or each row's."""
        low, high, unit, evaluations = said
        found, new = row_thresholds(
            self.cells, self.description.by, X, level, groups, unseen, len(low)
        )
        cuts = found if isinstance(found, float) else found[:, 0]
        middle = (low + high) / 2
        low, high = interval_ends(low, high, cuts, unit)
        inside_out = low > high
        if inside_out.any():
            low, high = np.where(inside_out, middle, low), np.where(inside_out, middle, high)
        made = PredictionIntervals(
            low=low,
            high=high,
            prediction=middle,
            level=level_value(level),
            too_small=self.cells.too_small(level),
            unseen=new,
            notes=notes_on(self.cells, level, "Their intervals are infinite.", new, unseen),
            evaluations=evaluations,
        )
        return made, cuts

    def expected_coverage(self, level: Level = 0.9, *, confidence: float = 0.95) -> Estimate:
        """Return the coverage to expect from these calibration rows (`ranks.expected_coverage`).

        With groups it is that of rows spread over them as the calibration rows are.
        """
        return expected_in_cells(self.cells, level, confidence=confidence)

    def check(
        self,
        X: Any,
        y: Any,
        *,
        level: Level = 0.9,
        groups: Any = None,
        confidence: float = 0.95,
    ) -> CoverageReport:
        """Hold the intervals against values: is their coverage surprising, whom do they fail.

        Parameters
        ----------
        X, y
            Rows and values that neither trained nor calibrated the model.
        level
            The coverage promised.
        groups
            Whom to look at; needed with by="group".
        confidence
            The level of the intervals of coverage, and 1 less that of the verdicts.

        Raises
        ------
        InputError
            If rows are calibration rows, or a value is not finite.
        """
        by = self.description.by
        rows = hashes_as_read(self.description.predictors[0], X)
        require_apart(rows, self.rows, what="test", of="calibration")
        said = self.description._answers(X)
        made, cuts = self._made(said, X, level, groups if by == "group" else None, "full")
        values = real_values(y, len(made))
        cells, seen = np.zeros(len(made), dtype=np.intp), None
        if groups is not None:
            seen = group_labels(groups, X, len(made))
        if by == "group" and seen is not None:
            cells, _ = positions_among(*seen, self.cells.labels)
        return coverage_report(
            made.contain(values),
            _scores(values, *said[:3]) < cuts,
            made.widths,
            self.cells,
            cells,
            level=level,
            groups=seen,
            confidence=confidence,
        )

    def __repr__(self) -> str:
        """Return what is calibrated and on how many rows."""
        given = self.description
        by = f" by {given.by}" if given.by else ""
        name = " and ".join(each.name for each in given.predictors)
        rows = f"{len(self.cells.scores):,} rows"
        return f"<CalibratedRegressor {given.score}{by} of {name}: {rows}>"


def _scores(values: Floats, low: Floats, high: Floats, unit: Floats | float) -> Floats:
    return np.maximum(low - values, values - high) / unit


class _Quantiles(Predictor):
    """A model that gives the lower and the upper quantile of each row, shape (n, 2)."""

    @classmethod
    def of(cls, model: Predictor) -> _Quantiles:
        """Return the same model, held to two answers a row."""
        return cls(**{each.name: getattr(model, each.name) for each in fields(model) if each.init})

    def _validated(self, raw: Any, n: int, start: int) -> Floats:
        answers = self._numbers(raw)
        if answers.shape != (n, 2):
            raise ModelError(
                f"The model {self.name!r} answered with shape {answers.shape} for {n} rows; "
                f"({n}, 2) was expected for score='cqr': the lower and the upper quantile. Give "
                "such a model, or a pair of models."
            )
        self._require_finite(answers, start)
        return answers
