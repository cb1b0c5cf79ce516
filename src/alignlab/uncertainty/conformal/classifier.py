"""Sets of classes that hold the true one as often as promised, around a model as it is.

Split conformal prediction [vovk2005algorithmic, sec. 4.1], [papadopoulos2002inductive]: score the
true labels of calibration rows, and put into a new row's set every label that scores at most the
threshold. The promise is about rows exchangeable with the calibration rows, whatever the model:

    P(true class in the set) >= k / (n + 1) >= level,      k = ceil((n + 1) level)

on average over everything; with `by`, within each group or each class.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.datasets.row_hashes import require_apart
from alignlab.errors import InputError, require_choice
from alignlab.intervals import Estimate
from alignlab.predictors import Predictor, as_predictor, class_positions
from alignlab.uncertainty.calibration.unseen import hashes_as_read, require_unseen
from alignlab.uncertainty.conformal.cells import (
    ALL,
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
from alignlab.uncertainty.conformal.rows import answers_for, row_count, row_uniforms
from alignlab.uncertainty.conformal.scores import (
    CLASS_SCORES,
    ClassScore,
    class_scores,
    require_penalty,
)
from alignlab.uncertainty.conformal.sets import PredictionSets
from alignlab.uncertainty.conformal.tuning import tuned_penalty

__all__ = ["CalibratedClassifier", "ConformalClassifier"]


@dataclass(frozen=True, eq=False)
class ConformalClassifier:
    """How sets of classes are to be made around a model; `calibrate` makes it ready.

    Use it where a decision can live with several candidates, or should go to a person where there
    is not exactly one. It promises coverage of rows like the calibration rows, not of shifted ones.

    Attributes
    ----------
    model
        A Predictor, an estimator, a torch module that returns logits, or a function.
    score
        "lac" (smallest sets), "aps" (sets grow where the model is unsure) or "raps" (APS with
        its long tails cut; needs `penalty` and `free_labels`).
    by
        `None` promises coverage on average, "group" within each group, "class" within each class.
    randomized
        Whether APS and RAPS are exact, by a number that each row draws for itself. Without it
        coverage is too high where classes are few.
    penalty, free_labels
        Of RAPS; see `class_scores`. `tuned` chooses them on rows of their own.
    seed
        Of the numbers that rows draw.
    tuned_on
        The hashes of the rows that `tuned` was given; they may not calibrate.
    classes, features
        As of `as_predictor`, where the model does not say them.

    References
    ----------
    [sadinle2019least], [romano2020classification], [angelopoulos2021uncertainty]

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(C=0.05).fit(X[::3], y[::3])
    >>> ready = ConformalClassifier(model).calibrate(X[1::3], y[1::3])
    >>> sets = ready.predict(X[2::3], level=0.98)
    >>> sets.to_frame().iloc[[0, 23]]
          set  size
    0       0     1
    23  1 | 2     2
    >>> print(ready.expected_coverage(0.9))
    0.902 [0.808, 0.967]
    """

    model: Any
    _: KW_ONLY
    score: ClassScore = "lac"
    by: Literal["group", "class"] | None = None
    randomized: bool = True
    penalty: float | None = None
    free_labels: int | None = None
    seed: int = 0
    classes: Sequence[Hashable] | None = None
    features: Sequence[str] | None = None
    tuned_on: NDArray[np.uint64] | None = None

    def __post_init__(self) -> None:
        require_choice(self.score, CLASS_SCORES, what="score")
        if self.by is not None:
            require_choice(self.by, ["group", "class"], what="by")

    @cached_property
    def predictor(self) -> Predictor:
        """The model as it is asked."""
        found = as_predictor(self.model, classes=self.classes, features=self.features)
        if found.task != "classification":
            raise InputError(
                f"The model {found.name!r} predicts a number. Use ConformalRegressor for it."
            )
        if not found.probabilistic:
            raise InputError(
                f"The model {found.name!r} gives decisions only, and a set is made from "
                "probabilities. Give a model that has them."
            )
        return found

    def calibrate(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        training: Any = None,
        answers: Any = None,
    ) -> CalibratedClassifier:
        """Score the true labels of rows that the model was not fitted on.

        Parameters
        ----------
        X
            n rows.
        y
            Their labels, as people write them.
        groups
            With by="group": one label a row, or the name of a column of X (or of several, joined
            by `*`).
        training
            The rows that the model was fitted on, or their hashes; they are refused here. A model
            from a folder that alignlab wrote knows them itself.
        answers
            The model's probabilities of these rows, where it was asked before; it is not asked
            again.

        Raises
        ------
        InputError
            If a label is unknown, all labels are one class, a class or group has no row, or rows
            are training or tuning rows.
        """
        n = row_count(X)
        labels = self._labels(y, n)
        hashes = require_unseen(self.predictor, X, training=training)
        if self.tuned_on is not None:
            require_apart(hashes, self.tuned_on, of="tuning")
        codes, names = self._cells(labels, groups, X, n)
        before = self.predictor.rows_evaluated
        [probabilities] = answers_for([self.predictor], X, answers)
        found = self._scores(probabilities, X)[np.arange(n), labels]
        return CalibratedClassifier(
            self, cell_scores(found, codes, names), hashes, self.predictor.rows_evaluated - before
        )

    def tuned(self, X: Any, y: Any, *, level: Level = 0.9) -> ConformalClassifier:
        """Return this with RAPS's penalty and free labels chosen for small sets on these rows.

        The rows must be others than those that calibrate, which is checked; chosen on the same
        ones, coverage falls below what is promised.

        Parameters
        ----------
        X, y
            Rows and labels kept for this.
        level
            The level at which sets are to be small.
        """
        labels = self._labels(y, row_count(X))
        uniform = row_uniforms(X, self.predictor, self.seed) if self.randomized else None
        penalty, free = tuned_penalty(self.predictor(X), labels, uniform, level=level)
        rows = hashes_as_read(self.predictor, X)
        return replace(self, score="raps", penalty=penalty, free_labels=free, tuned_on=rows)

    def _labels(self, y: Any, n: int) -> NDArray[np.intp]:
        labels = class_positions(y, self.predictor.classes, of_model=True)
        if len(labels) != n:
            raise InputError(f"There are {n} rows and {len(labels)} labels. Give one a row.")
        if n and (labels == labels[0]).all():
            raise InputError(
                f"All {n} rows are of the class {self.predictor.class_names[labels[0]]!r}: sets "
                "calibrated on one class promise nothing for the others. Give rows of each."
            )
        return labels

    def _cells(
        self, labels: NDArray[np.intp], groups: Any, X: Any, n: int
    ) -> tuple[NDArray[np.intp] | None, tuple[str, ...]]:
        cells = calibration_cells(self.by, groups, X, n, made="sets")
        if self.by != "class":
            return cells
        names = self.predictor.class_names
        rows = np.bincount(labels, minlength=len(names))
        if not rows.all():
            raise InputError(
                f"The class {names[int(rows.argmin())]!r} has no calibration row, and by='class' "
                "promises coverage of it. Bring rows of it."
            )
        return labels, names

    def _scores(self, probabilities: NDArray[np.float64], X: Any) -> NDArray[np.float64]:
        if self.score == "raps":
            require_penalty(self.penalty, self.free_labels)
        draws = self.randomized and self.score != "lac"
        return class_scores(
            probabilities,
            score=self.score,
            uniform=row_uniforms(X, self.predictor, self.seed) if draws else None,
            penalty=self.penalty or 0.0,
            free_labels=self.free_labels or 0,
        )


@dataclass(frozen=True, eq=False)
class CalibratedClassifier:
    """A model with the sorted scores of its calibration rows, ready for any level.

    Attributes
    ----------
    description
        What was calibrated.
    cells
        The sorted scores, by group or class where it was so stated.
    rows
        The calibration rows' hashes; `check` refuses these rows.
    evaluations
        Rows that the model was asked for at calibration.
    """

    description: ConformalClassifier
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
    ) -> PredictionSets:
        """Return a set of classes for every row.

        Parameters
        ----------
        X
            n rows.
        level
            The coverage wanted, between 0 and 1, taken as it is written. Sets at a higher level
            hold those at a lower one.
        groups
            With by="group": as for `calibrate`.
        unseen
            For groups that were not there at calibration: "full" sets, which keep every promise;
            the threshold of all rows "pooled", which keeps none for the group; or "refuse".
        answers
            As for `calibrate`.

        Raises
        ------
        InputError
            If the level is not between 0 and 1, or groups are missing or refused.
        """
        return self._made(X, level, groups, unseen, answers)[0]

    def _made(
        self, X: Any, level: Level, groups: Any, unseen: Unseen, answers: Any = None
    ) -> tuple[PredictionSets, NDArray[np.bool_]]:
        """Return the sets, and which classes score less than the threshold, not just as much."""
        predictor = self.description.predictor
        before = predictor.rows_evaluated
        [probabilities] = answers_for([predictor], X, answers)
        thresholds, new = self._thresholds(X, level, groups, unseen, len(probabilities))
        scores = self.description._scores(probabilities, X)
        small = self.cells.too_small(level)
        always = (
            "Each of these classes is in every set."
            if self.description.by == "class"
            else "Their sets are full."
        )
        made = PredictionSets(
            members=scores <= thresholds,
            classes=predictor.classes,
            probabilities=probabilities,
            level=level_value(level),
            too_small=small,
            unseen=new,
            notes=notes_on(self.cells, level, always, new, unseen),
            evaluations=predictor.rows_evaluated - before,
        )
        return made, scores < thresholds

    def expected_coverage(self, level: Level = 0.9, *, confidence: float = 0.95) -> Estimate:
        """Return the coverage to expect from these calibration rows (`ranks.expected_coverage`).

        With groups or classes it is that of rows spread over them as the calibration rows are.
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
        """Hold the sets against labels: is their coverage surprising, and whom do they fail.

        Parameters
        ----------
        X, y
            Rows and labels that neither trained nor calibrated the model.
        level
            The coverage promised.
        groups
            Whom to look at; needed with by="group".
        confidence
            The level of the intervals, and 1 less that of the verdicts.

        Raises
        ------
        InputError
            If rows are calibration rows, or a label is unknown.
        """
        by = self.description.by
        rows = hashes_as_read(self.description.predictor, X)
        require_apart(rows, self.rows, what="test", of="calibration")
        sets, below = self._made(X, level, groups if by == "group" else None, "full")
        names = self.description.predictor.class_names
        labels = class_positions(y, sets.classes, of_model=True)
        inside = sets.contain(y)
        codes = np.zeros(len(sets), dtype=np.intp)
        seen: tuple[str, ...] = (ALL,)
        if groups is not None:
            codes, seen = group_labels(groups, X, len(sets))
        elif by == "class":
            present, codes = np.unique(labels, return_inverse=True)
            seen = tuple(names[at] for at in present)
        cells = np.zeros(len(sets), dtype=np.intp)
        if by == "group":
            cells, _ = positions_among(codes, seen, self.cells.labels)
        elif by == "class":
            cells = labels
        return coverage_report(
            inside,
            below[np.arange(len(sets)), labels],
            sets.sizes,
            self.cells,
            cells,
            level=level,
            groups=None if seen == (ALL,) else (codes, seen),
            n_classes=len(names),
            confidence=confidence,
        )

    def _thresholds(
        self, X: Any, level: Level, groups: Any, unseen: Unseen, n: int
    ) -> tuple[NDArray[np.float64] | float, tuple[str, ...]]:
        if self.description.by == "class":
            if groups is not None:
                raise InputError("groups= is given, and the calibration was by='class'.")
            return self.cells.thresholds(level)[None, :], ()
        return row_thresholds(self.cells, self.description.by, X, level, groups, unseen, n)

    def __repr__(self) -> str:
        """Return what is calibrated and on how many rows."""
        given = self.description
        by = f" by {given.by}" if given.by else ""
        rows = f"{len(self.cells.scores):,} rows"
        return f"<CalibratedClassifier {given.score}{by} of {given.predictor.name}: {rows}>"
