"""The answers to shuffled rows, asked for once and measured in as many ways as one likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputError, require_choice
from alignlab.predictors import Predictor, class_positions
from alignlab.random import as_generator
from alignlab.transparency.dependence import explained_variance
from alignlab.transparency.importance.conditional import conditional_swaps
from alignlab.transparency.importance.metrics import MetricLike, metric_of
from alignlab.transparency.importance.pairs import change_of
from alignlab.transparency.importance.pooled import Direction, Pooled, row_weights
from alignlab.transparency.importance.results import (
    FeatureImportance,
    Form,
    PermutationImportance,
)
from alignlab.transparency.importance.swaps import Swaps, answers_after, circle, swaps_of
from alignlab.transparency.pool import players_of

__all__ = ["ShuffledAnswers", "shuffled_answers"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Table = pd.DataFrame | NDArray[Any]


@dataclass(frozen=True, eq=False)
class ShuffledAnswers:
    """What a model answers as things are, and with each feature shuffled.

    Attributes
    ----------
    whole
        The rows used, as they are.
    plans
        What was asked on account of each feature.
    after
        The answers, one array a feature.
    explained
        The share of each feature's variance that the others explain.
    form
        "marginal" or "conditional".
    kept
        The positions of the rows used among the rows given.
    given
        The number of rows given.
    evaluations
        Rows that the model was asked for.
    """

    whole: Pooled
    plans: tuple[Swaps, ...]
    after: tuple[Floats, ...]
    explained: tuple[float, ...]
    form: Form
    kept: Rows
    given: int
    evaluations: int

    def importance(
        self,
        metric: MetricLike | None = None,
        *,
        direction: Direction | None = None,
        level: float = 0.95,
        comparisons: int | None = None,
    ) -> PermutationImportance:
        """Return how much each feature matters by one metric; the model is not asked again.

        Parameters
        ----------
        metric, direction, level
            See `permutation_importance`.
        comparisons
            How many intervals hold at once; `None` is one a feature.

        Raises
        ------
        InputError
            If the metric is unknown, or needs outcomes and there are none.
        """
        whole = self.whole
        if whole.outcomes is None and metric is None:
            raise InputError("Without y there is no loss. Give y, or a gap as metric.")
        chosen = metric_of(metric, whole, self.kept, self.given, direction)
        if whole.outcomes is None and chosen.needs_outcomes:
            raise InputError(f"The {chosen.name} needs outcomes, and none were given. Give y.")
        n, family = len(whole.rows), comparisons or len(self.plans)
        if chosen.compute is not None:
            baseline = chosen.compute(whole).value
        else:
            assert chosen.function is not None
            baseline = float(chosen.function(whole.labels, whole.raw))
        measured = []
        for plan, after, explained in zip(self.plans, self.after, self.explained, strict=True):
            change = change_of(chosen, whole, plan, after)
            all_donors = plan.complete and chosen.compute is not None
            measured.append(
                FeatureImportance(
                    plan.name,
                    plan.columns,
                    change.estimate(n, level, family),
                    explained,
                    "all" if all_donors else "sampled",
                    change.share_estimate(n, level, family),
                )
            )
        # Ties keep the order of the columns, so that the result does not hang on a sort's whim.
        measured.sort(key=lambda each: -each.estimate.value)
        return PermutationImportance(
            features=tuple(measured),
            metric=chosen.name,
            direction=chosen.direction,
            form=self.form,
            baseline=baseline,
            rows=n,
            rows_given=self.given,
            repeats=len(self.plans[0].circle.donors) if self.plans else 0,
            level=level,
            evaluations=self.evaluations,
        )


def shuffled_answers(
    predictor: Predictor,
    X: Table,
    y: ArrayLike | None = None,
    *,
    form: Form = "marginal",
    weights: ArrayLike | None = None,
    answers: ArrayLike | None = None,
    repeats: int = 5,
    max_rows: int = 10_000,
    groups: Mapping[str, Sequence[Any]] | None = None,
    seed: int | np.random.Generator = 0,
) -> ShuffledAnswers:
    """Ask a model about every feature's shuffled rows, in a few large calls.

    Use it where several questions are asked of the same shuffled rows (which feature makes the
    gap, and which the accuracy?); `permutation_importance` is for one.

    Parameters
    ----------
    predictor
        The model.
    X
        n rows of features, a data frame or an array; never changed.
    y
        What happened, or `None` for metrics that need no outcome.
    form, weights, answers, repeats, max_rows, groups, seed
        See `permutation_importance`.

    Raises
    ------
    InputError
        If there are fewer than 2 rows, lengths differ, or a group names unknown or shared columns.
    ModelError
        If the model fails on a shuffled row.

    Examples
    --------
    >>> X = pd.DataFrame({"used": np.arange(40.0), "unused": np.arange(40.0) % 7})
    >>> model = Predictor(lambda rows: 2 * rows["used"], task="regression")
    >>> asked = shuffled_answers(model, X, 2 * X["used"])
    >>> asked.importance("r2")["unused"].estimate.high
    0.0
    >>> print(asked.importance(("gap", X["used"] > 19))["used"].share)
    1.018 [0.888, 1.148]
    """
    require_choice(form, ["marginal", "conditional"], what="form")
    players = players_of(X, groups)
    labels, outcomes, shares, known = _at_the_door(predictor, X, y, weights, answers, repeats)
    given = len(X)
    asked = predictor.rows_evaluated
    generator = as_generator(seed, "permutation importance")
    kept = np.flatnonzero(shares > 0)
    if len(kept) > max_rows:
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    n = len(kept)
    if n < 2:
        raise InputError(f"There are {n} rows to use: a value is swapped between two or more.")
    X = X.take(kept).set_axis(pd.RangeIndex(n)) if isinstance(X, pd.DataFrame) else X[kept]
    repeats = min(repeats, n - 1)
    before = predictor(X) if known is None else known[kept]
    if form == "conditional":
        plans, explained = conditional_swaps(X, players, repeats, generator)
    else:
        seated = circle(n, repeats, generator)
        plans = [swaps_of(name, columns, X, seated) for name, columns in players.items()]
        frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X).infer_objects()
        explained = explained_variance(frame, [plan.columns for plan in plans])
    after = answers_after(predictor, X, before, plans)
    whole = Pooled(
        predictor,
        None if outcomes is None else outcomes[kept],
        None if labels is None else labels[kept],
        before,
        np.arange(n),
        shares[kept] / shares[kept].sum(),
    )
    return ShuffledAnswers(
        whole, tuple(plans), tuple(after), tuple(explained), form, kept, given,
        predictor.rows_evaluated - asked,
    )  # fmt: skip


def _at_the_door(
    predictor: Predictor,
    X: Table,
    y: ArrayLike | None,
    weights: ArrayLike | None,
    answers: ArrayLike | None,
    repeats: int,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, Floats, Floats | None]:
    """Return labels as written, outcomes as the measures take them, weights and known answers."""
    if isinstance(repeats, bool) or not isinstance(repeats, int | np.integer) or repeats < 1:
        raise InputError(f"repeats={repeats!r} is not a whole number from 1.")
    n = len(X)
    labels = None if y is None else np.asarray(y)
    shares = row_weights(weights, n)
    known = None if answers is None else np.asarray(answers, float)
    for name, given in (("labels in y", labels), ("answers", known)):
        if given is not None and len(given) != n:
            raise InputError(f"There are {n} rows in X and {len(given)} {name}.")
    return labels, _outcomes(predictor, y, labels), shares, known


def _outcomes(predictor: Predictor, y: Any, labels: NDArray[Any] | None) -> NDArray[Any] | None:
    if labels is None:
        return None
    if predictor.task == "classification":
        return class_positions(y, predictor.classes, where="y", of_model=True)
    try:
        values = labels.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError("The model predicts a value, and y holds something else.") from None
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise InputError(f"Row {row} of y is {values[row]}: give finite numbers.")
    return values
