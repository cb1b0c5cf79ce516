"""What may worsen when a feature is shuffled: any measure T of outcomes and answers.

A measure comes with its influence psi on every row, and two measures' influences with the interval
of their difference (`pairs`). So a mean loss, an AUC, an expected utility and a gap between groups
are one case, and only a function of which nothing is known is measured by leaving rows out.

    mean of a loss or utility        T = E l,                        psi = l - T
    gap between groups a and b       T = E[s | a] - E[s | b],        psi = ±(s - E[s | group]) / P(group)
    slope of answers on outcomes     T = E f' y' / E y'²,            psi = y' (f' - T y') / E y'²

with f' and y' centred [hampel1974influence]; the others stand in `alignlab.measures`.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import grouping
from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value
from alignlab.measures import (
    CLASSIFICATION_MEASURES,
    REGRESSION_MEASURES,
    Answers,
    Measured,
    measure,
    row_losses,
)
from alignlab.predictors import Predictor, class_positions

__all__ = ["Direction", "Gap", "Metric", "MetricLike", "Pooled", "gap_of", "metric_of", "skill_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
RowFunction = Callable[[Any, Any], Any]
Direction = Literal["rise", "fall"]

FEWEST_ROWS = 20
"""A group of fewer rows is not compared."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """Answers to many rows, each made from one of the n rows given.

    Attributes
    ----------
    predictor
        The model.
    outcomes
        What happened in the n rows: class indices or values; `None` where nobody said.
    labels
        The same as people write it.
    raw
        The model's answers, shape (m, n_classes) or (m,).
    rows
        Which of the n rows each is made from, shape (m,).
    weights
        Shape (m,).
    """

    predictor: Predictor
    outcomes: NDArray[Any] | None
    labels: NDArray[Any] | None
    raw: Floats
    rows: Rows
    weights: Floats

    @cached_property
    def shares(self) -> Floats:
        """The weights, scaled to sum to one."""
        return self.weights / self.weights.sum()

    @cached_property
    def answers(self) -> Answers:
        """Outcomes, decisions and probabilities, as measures take them."""
        scored = self.predictor.task == "classification" and self.predictor.probabilistic
        truth = np.zeros(1, dtype=np.intp) if self.outcomes is None else self.outcomes
        return Answers(
            truth[self.rows] if self.outcomes is not None else np.resize(truth, len(self.rows)),
            self.predictor.decide(self.raw),
            self.raw if scored else None,
            self.weights,
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of answers, and which of its changes is meant.

    Attributes
    ----------
    name
        What it is called.
    direction
        Whether a feature matters by the measure's "rise" (a loss) or its "fall" (an AUC, a gap)
        when the feature is shuffled.
    compute
        From pooled answers to the value and its influences; `None` where there is a `function`.
    function
        From outcomes as people write them and answers to one number.
    chance
        The value that says nothing, of which shares are taken: 0.5 for the AUC, 0 for a gap.
    needs_outcomes
        Whether it cannot be computed without what happened.
    """

    name: str
    direction: Direction
    compute: Callable[[Pooled], Measured] | None = None
    function: RowFunction | None = None
    chance: float | None = None
    needs_outcomes: bool = True


@dataclass(frozen=True, eq=False)
class Gap:
    """The gap between two groups as a metric, which says what feature makes it.

    Attributes
    ----------
    groups
        Each row's group, shape (n,). A number with many values is cut at its quartiles.
    of
        Whose mean is compared: the "answer" (the probability of `target`, or the value; default),
        the "decision" for `target`, the "loss", or a function of outcomes and answers that
        returns one number a row.
    target
        The class that is meant; `None` takes the second of two.
    among
        Only rows of this outcome: with `of="decision"` and the favourable outcome, the gap is that
        of the true positive rates.
    between
        The two groups, the first less the second; `None` takes those whose gap,
        on the rows as they are, has the greatest lower limit.
    """

    groups: Any
    of: Literal["answer", "decision", "loss"] | RowFunction = "answer"
    target: Hashable | None = None
    among: Hashable | None = None
    between: tuple[Hashable, Hashable] | None = None


MetricLike = str | Metric | Gap | RowFunction | ArrayLike | tuple[str, Any]


def metric_of(
    metric: MetricLike | None, whole: Pooled, kept: Rows, given: int, direction: Direction | None
) -> Metric:
    """Return what a person asked for as a metric.

    Parameters
    ----------
    metric
        See `permutation_importance`.
    whole
        The rows as they are.
    kept
        Their positions among the rows given.
    given
        The number of rows given.
    direction
        What a function's value does when answers worsen.
    """
    if isinstance(metric, tuple) and len(metric) == 2 and isinstance(metric[0], str):
        require_choice(metric[0], ["gap"], what="metric")
        metric = Gap(metric[1])
    if metric is None:
        return Metric(row_losses(whole.answers)[1], "rise", _mean_loss)
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        return _named(metric, whole)
    if isinstance(metric, Gap):
        return gap_of(metric, whole, kept, given)[0]
    if callable(metric):
        return _function(metric, whole, direction)
    return _utility(metric, whole.predictor)


def skill_of(predictor: Predictor) -> Metric:
    """Return how far a model's answers keep outcomes apart: 0 without any skill.

    Of classes, the mean over k of E[p_k | k] - E[p_k | not k], which is Tjur's coefficient for two
    [tjur2009coefficients]; of values, the slope of answers on outcomes. It is linear in the
    answers: in a model that adds up, the features' shares add up to one, and a feature that breaks
    ties has the share of what it adds, where in an AUC it has that of whatever it orders.
    """
    compute = _slope if predictor.task == "regression" else _separation
    return Metric("separation of outcomes", "fall", compute, chance=0.0)


def _named(name: str, whole: Pooled) -> Metric:
    known = REGRESSION_MEASURES if whole.predictor.task == "regression" else CLASSIFICATION_MEASURES
    found = known[require_choice(name, known, what="metric")]
    if found.needs_probabilities and whole.answers.probabilities is None:
        raise InputError(
            f"metric={name!r} needs probabilities, and the model {whole.predictor.name!r} gives "
            "decisions only. Take metric='accuracy' or 'balanced_accuracy'."
        )
    chances = {"auc": 0.5, "r2": 0.0, "balanced_accuracy": 1 / max(len(whole.predictor.classes), 1)}
    return Metric(
        found.name,
        "fall" if found.better == "higher" else "rise",
        _of_answers(name),
        chance=chances.get(name),
    )


def _of_answers(name: str) -> Callable[[Pooled], Measured]:
    return lambda pooled: measure(name, pooled.answers)


def _mean(values: Floats, pooled: Pooled) -> Measured:
    value = float(pooled.shares @ values)
    return Measured(value, values - value, pooled.shares)


def _mean_loss(pooled: Pooled) -> Measured:
    return _mean(row_losses(pooled.answers)[0], pooled)


def _separation(pooled: Pooled) -> Measured:
    shares, outcomes = pooled.shares, pooled.answers.outcomes
    influence = np.zeros(len(shares))
    value, compared = 0.0, 0
    for k, said in enumerate(pooled.raw.T):
        members = outcomes == k
        mass = float(shares[members].sum())
        if not 0 < mass < 1:  # nobody, or everybody, is of this class
            continue
        compared += 1
        for side, part, sign in ((members, mass, 1.0), (~members, 1 - mass, -1.0)):
            mean = float(shares[side] @ said[side]) / part
            value += sign * mean
            influence[side] += sign * (said[side] - mean) / part
    compared = max(compared, 1)
    return Measured(value / compared, influence / compared, shares, (-1, 1))


def _slope(pooled: Pooled) -> Measured:
    shares, y = pooled.shares, pooled.answers.outcomes.astype(np.float64)
    y = y - shares @ y
    said = pooled.raw - shares @ pooled.raw
    spread = float(shares @ y**2)
    if spread == 0:  # nothing to keep apart
        return Measured(0.0, np.zeros(len(y)), shares)
    value = float(shares @ (said * y)) / spread
    return Measured(value, y * (said - value * y) / spread, shares)


def _utility(matrix: Any, predictor: Predictor) -> Metric:
    try:
        utilities = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        utilities = np.zeros(0)
    k = len(predictor.classes)
    if predictor.task == "regression" or utilities.shape != (k, k):
        raise InputError(
            f"metric={_short(matrix)} is neither the name of a measure nor a function nor a table "
            f"of utilities, which holds one number for each decision and each outcome"
            + (f": shape ({k}, {k})." if k else ", and the model decides nothing.")
        )
    if not np.isfinite(utilities).all():
        raise InputError("The utilities given as metric hold a number that is not finite.")
    return Metric(
        "expected utility",
        "fall",
        lambda pooled: _mean(
            utilities[pooled.answers.decisions, pooled.answers.outcomes.astype(np.intp)], pooled
        ),
    )


def _short(given: Any) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _function(function: RowFunction, whole: Pooled, direction: Direction | None) -> Metric:
    name = getattr(function, "__name__", "metric")
    name = "metric" if name == "<lambda>" else name.replace("_", " ")
    shape = np.shape(function(whole.labels, whole.raw))
    if shape == (len(whole.rows),):
        return Metric(
            name, direction or "rise", lambda pooled: _mean(_per_row(function, pooled), pooled)
        )
    if shape != ():
        raise InputError(
            f"The metric {name!r} returned shape {shape} for {len(whole.rows)} rows. Return one "
            "number a row, or one number."
        )
    if direction is None:
        raise InputError(
            f"The metric {name!r} returns one number, and nothing says which way is worse. Give "
            "direction='rise' for a loss, direction='fall' for a score."
        )
    if (whole.weights != whole.weights[0]).any():
        raise InputError(
            f"The metric {name!r} is a function that knows no weights. Give one that returns one "
            "number a row, or the name of a measure."
        )
    return Metric(name, direction, function=function)


def _per_row(function: RowFunction, pooled: Pooled) -> Floats:
    labels = None if pooled.labels is None else pooled.labels[pooled.rows]
    values = np.asarray(function(labels, pooled.raw), dtype=np.float64)
    if values.shape != (len(pooled.rows),) or not np.isfinite(values).all():
        raise InputError(
            f"The function of rows returned shape {values.shape} for {len(pooled.rows)} rows, or "
            "a number that is not finite. Return one finite number a row."
        )
    return values


def gap_of(
    stated: Gap, whole: Pooled, kept: Rows, given: int
) -> tuple[Metric, tuple[str, str], Rows]:
    """Return a gap as a metric, its two groups, and which rows are theirs: 0, 1 or -1 for none."""
    labels = pd.Series(np.asarray(stated.groups, dtype=object)).infer_objects()
    if len(labels) != given:
        raise InputError(f"There are {given} rows in X and {len(labels)} labels of groups.")
    parted = grouping(pd.DataFrame({"groups": labels}), "groups")
    codes = parted.codes[kept]
    counted = np.ones(len(kept), dtype=bool)
    if stated.among is not None:
        if whole.outcomes is None or whole.predictor.task == "regression":
            raise InputError(f"among={stated.among!r} is an outcome's class, and there are none.")
        among = class_positions([stated.among], whole.predictor.classes, of_model=True)[0]
        counted = whole.outcomes == among
    score = _scores(stated, whole.predictor)
    values = score(whole)
    sizes = np.bincount(codes[counted], minlength=len(parted.labels))
    if stated.between is not None:
        texts = [str(each) for each in stated.between]
        first, second = (
            parted.labels.index(require_choice(text, parted.labels, what="group")) for text in texts
        )
        if first == second or min(sizes[first], sizes[second]) == 0:
            raise InputError(f"between={stated.between!r} names a group twice or one of no rows.")
    else:
        enough = np.flatnonzero(sizes >= FEWEST_ROWS)
        if len(enough) < 2:
            raise InputError(
                f"A gap needs two groups of {FEWEST_ROWS} rows or more; {len(enough)} of "
                f"{len(parted.labels)} have as many."
            )
        first, second = _surest(values, np.where(counted, codes, -1), whole.shares, enough)

    def compute(pooled: Pooled) -> Measured:
        of, shares = score(pooled), pooled.shares
        influence = np.zeros(len(of))
        value = 0.0
        for at, sign in ((first, 1.0), (second, -1.0)):
            members = (codes[pooled.rows] == at) & counted[pooled.rows]
            mass = float(shares[members].sum())
            mean = float(shares[members] @ of[members]) / mass
            value += sign * mean
            influence[members] = sign * (of[members] - mean) / mass
        return Measured(value, influence, shares)

    ends = parted.labels[first], parted.labels[second]
    what = stated.of if isinstance(stated.of, str) else "number"
    where = "" if stated.among is None else f" where the outcome is {stated.among}"
    metric = Metric(
        f"gap in the mean {what} between {ends[0]} and {ends[1]}{where}",
        "fall",
        compute,
        chance=0.0,
        needs_outcomes=stated.of == "loss" or stated.among is not None or callable(stated.of),
    )
    members = np.where(codes == first, 0, np.where(codes == second, 1, -1))
    return metric, ends, np.where(counted, members, -1)


def _surest(values: Floats, codes: Rows, shares: Floats, groups: Rows) -> tuple[int, int]:
    """Return the two groups whose gap has the greatest lower limit, the larger mean first.

    The largest gap alone would be that of the two smallest groups, by chance.
    """
    means, variances = [], []
    for at in groups:
        own = shares * (codes == at)
        own = own / own.sum()
        centre = float(own @ values)
        means.append(centre)
        variances.append(float(own**2 @ (values - centre) ** 2))
    mean, variance = np.array(means), np.array(variances)
    sure = mean[:, None] - mean - critical_value(0.95) * np.sqrt(variance[:, None] + variance)
    np.fill_diagonal(sure, -np.inf)
    first, second = np.unravel_index(int(sure.argmax()), sure.shape)
    return int(groups[first]), int(groups[second])


def _scores(stated: Gap, predictor: Predictor) -> Callable[[Pooled], Floats]:
    """Return the function whose mean is compared between groups."""
    if callable(stated.of):
        of = stated.of
        return lambda pooled: _per_row(of, pooled)
    require_choice(stated.of, ["answer", "decision", "loss"], what="of")
    if stated.of == "loss":
        return lambda pooled: row_losses(pooled.answers)[0]
    if predictor.task == "regression":
        if stated.of == "decision" or stated.target is not None:
            raise InputError("The model predicts a value: take of='answer', and name no target.")
        return lambda pooled: pooled.raw
    if stated.target is None and len(predictor.classes) > 2:
        raise InputError(
            f"The model has {len(predictor.classes)} classes; say which one the gap is about: "
            "Gap(groups, target=...)."
        )
    at = (
        1
        if stated.target is None
        else int(class_positions([stated.target], predictor.classes, of_model=True)[0])
    )
    if stated.of == "decision":
        return lambda pooled: (pooled.answers.decisions == at).astype(np.float64)
    return lambda pooled: pooled.raw[:, at]
