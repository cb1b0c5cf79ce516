"""Whether explanations are true: their curves, what they foretell, and how they hold still.

For each row, with s the sign of answer - base, features are taken away in the order of s * value,
those first that are said to have brought the answer where it is:

    fall(k) = s (answer - v(all but the first k)),     rise(k) = s (v(the first k) - base),

the areas under which are compared with those of random orders [petsiuk2018rise]. With random sets
S of evenly drawn size, and D(S) = answer - v(all but S),

    infidelity = min_{a >= 0}  sum (a sum_{p in S} value_p - D(S))^2 / sum D(S)^2

[yeh2019infidelity], with the best scaling. The scaling a is one number for all rows and not
negative: else an explanation that is upside down would be forgiven. It is fitted to the rows that
it is judged by, which the jackknife over rows puts right. A row is moved a fixed number
of times for the sensitivity: a maximum over moves grows with their number.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, require_whole
from alignlab.intervals import Estimate, critical_value, mean_estimate
from alignlab.random import as_generator
from alignlab.transparency.outputs import Output, Scale, output_of
from alignlab.transparency.pool import players_of
from alignlab.transparency.quality.explainers import attributions_of, disturbed, reserved
from alignlab.transparency.quality.measures import (
    jackknife_estimate,
    overlap,
    rank_correlation,
    ratio_estimate,
    root,
    sign_agreement,
)
from alignlab.transparency.quality.removal import Removal, area, masks_of, orders_of, steps_of
from alignlab.transparency.quality.results import (
    Agreement,
    Curve,
    ExplanationQuality,
    ExplanationScore,
)
from alignlab.transparency.shapley import shapley_values

__all__ = ["evaluate_explanations"]

Floats = NDArray[np.float64]

LARGEST = 3
"""So many features are the ones that people read."""


def evaluate_explanations(
    model: Any,
    X: pd.DataFrame | NDArray[Any],
    explanations: Mapping[str, Any],
    *,
    background: pd.DataFrame | NDArray[Any],
    scale: Scale | None = None,
    target: Hashable | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    orders: int = 4,
    perturbations: int = 10,
    radius: float = 0.1,
    exact_evaluations: int = 500_000,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> ExplanationQuality:
    """Return how true explanations of a model's answers are, beside random ones and exact ones.

    Use it before an explanation is shown to anybody. It measures whether an explanation is true
    *to the model*, under one law of removal, which it names; not whether the model is right, and
    not whether people understand it.

    Parameters
    ----------
    model
        The model, as `as_predictor` takes it.
    X
        The rows that are explained, shape (n, columns); a few dozen give usable intervals.
    explanations
        From a name to an explainer: a function from rows to attributions (n, features) of one
        output; or the attributions of `X`; or a result such as `ShapleyValues`.
    background
        The rows that fill the place of what is taken away: all of them, each time.
    scale, target
        Which one number is explained; see `output_of`.
    groups
        Columns that are one feature, by the feature's name. One-hot columns are found.
    orders
        Random orders of each row for the control, an even number.
    perturbations
        How often each row is moved for the sensitivity; 0 leaves it out.
    radius
        How far, in standard deviations of the background.
    exact_evaluations
        Exact Shapley values stand beside where they cost at most so many rows; 0 leaves them out.
    level
        The intervals' level. They are over rows.
    seed
        Of orders and moves.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    ExplanationQuality

    Raises
    ------
    InputError
        If an explanation has another shape, several outputs are meant, or a number is out of range.

    References
    ----------
    [petsiuk2018rise], [yeh2019infidelity]

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, slopes = rng.normal(size=(60, 4)), np.array([3.0, 1.0, 0.0, 0.0])
    >>> found = evaluate_explanations(
    ...     lambda rows: rows @ slopes, X[:30], {"true": (X[:30] - X[30:].mean(0)) * slopes},
    ...     background=X[30:], task="regression")
    >>> found["true"].deletion.low > 1, round(found["true"].infidelity.value, 6)
    (True, 0.0)
    """
    reserved(explanations)
    require_whole(orders, "orders", 2, even=True)
    require_whole(perturbations, "perturbations", 0)
    require_whole(exact_evaluations, "exact_evaluations", 0)
    if not isinstance(radius, int | float) or not 0 < radius < np.inf:
        raise InputError(f"radius={radius!r} is not a number above 0. Give one, such as 0.1.")
    critical_value(level)
    output = output_of(
        model, scale=scale, target=target, classes=classes, task=task, features=features
    )
    if len(output.names) != 1:
        raise InputError(
            f"The model has {len(output.names)} classes: name the one explained, such as "
            f"target={output.names[0]!r}."
        )
    players = _players(X, background, groups)
    names = tuple(players)
    rng = as_generator(seed, "explanation quality")
    removal = Removal(output, X, background, players)
    found = {name: attributions_of(each, X, names, name) for name, each in explanations.items()}
    exact = _exact(output, X, background, players, exact_evaluations)
    if exact is not None:
        found["exact Shapley"] = exact[0]
    found["random"] = rng.standard_normal((len(X), len(names)))
    steps = steps_of(len(names))
    control = _Control(removal, steps, orders, rng)
    moved = (
        disturbed(X, background, rng, radius=radius, times=perturbations) if perturbations else None
    )
    scores, curves = [], []
    for name, values in found.items():
        score, curve = _score(
            name, values, explanations.get(name), removal, control, steps, rng, level,
            moved, perturbations, names, None if exact is None else exact[0],
        )  # fmt: skip
        scores.append(score)
        curves.append(curve)
    notes = _notes(control, exact, names, len(X))
    return ExplanationQuality(
        scores=tuple(scores),
        agreement=_agreement(found, level),
        curves=(*curves, control.curve()),
        output=output.names[0],
        scale=output.scale,
        rows=len(X),
        background_rows=len(background),
        features=len(names),
        perturbations=perturbations,
        radius=radius,
        evaluations=removal.evaluations + (0 if exact is None else exact[1]),
        notes=notes,
    )


def _players(X: Any, background: Any, groups: Any) -> dict[str, tuple[Any, ...]]:
    if len(X) < 2 or len(background) < 2:
        raise InputError(
            f"X has {len(X)} rows and the background {len(background)}; at least two of each are "
            "needed."
        )
    frames = isinstance(X, pd.DataFrame) and isinstance(background, pd.DataFrame)
    players = players_of(pd.concat([X, background], ignore_index=True) if frames else X, groups)
    if len(players) < 2:
        raise InputError("There is one feature, so there is no order of importance to judge.")
    return players


class _Control:
    """Random orders of each row, each with its reverse, which asks for the same rows."""

    def __init__(
        self, removal: Removal, steps: NDArray[np.intp], orders: int, rng: np.random.Generator
    ) -> None:
        n, d = removal.rows, len(removal.pool.players)
        drawn = np.stack([orders_of(rng.random((n, d)), rng) for _ in range(orders // 2)])
        masks = masks_of(drawn.reshape(-1, d), steps)
        rows = np.tile(np.arange(n), orders // 2)
        first, rest = _both(removal, rows, masks)
        self.steps = steps
        away = removal.answers - removal.base
        sign = np.where(away < 0, -1.0, 1.0)[rows, None]
        fall = sign * (removal.answers[rows, None] - rest)
        rise = sign * (first - removal.base)
        # The reverse order takes away what this one leaves.
        mirrored = sign * (removal.answers[rows, None] - first[:, ::-1])
        raised = sign * (rest[:, ::-1] - removal.base)
        shape = (orders // 2, n, len(steps))
        self.fall = ((fall + mirrored) / 2).reshape(shape).mean(axis=0)
        self.rise = ((rise + raised) / 2).reshape(shape).mean(axis=0)
        self.deletion, self.insertion = area(self.fall, steps), area(self.rise, steps)
        inner = slice(1, -1)
        # Each inner point is a random set, removed; and its complement another one.
        self.rows = np.repeat(rows, 2 * (len(steps) - 2))
        removed = np.concatenate([masks[:, inner], ~masks[:, inner]], axis=1)
        self.removed = removed.reshape(-1, d)
        change = removal.answers[rows, None] - np.concatenate(
            [rest[:, inner], first[:, inner]], axis=1
        )
        self.change = change.ravel()

    def curve(self) -> Curve:
        """Return the mean curve of random orders."""
        return _curve("random orders", self.fall, self.rise, self.steps)


def _both(
    removal: Removal, rows: NDArray[np.intp], masks: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the answers from the first features alone, and from the rest, shape (m, steps)."""
    m, k, d = masks.shape
    both = np.concatenate([masks.reshape(-1, d), ~masks.reshape(-1, d)])
    worth = removal.worth(np.tile(np.repeat(rows, k), 2), both)
    first, rest = worth.reshape(2, m, k)
    return first, rest


def _score(
    name: str,
    values: Floats,
    explainer: Any,
    removal: Removal,
    control: _Control,
    steps: NDArray[np.intp],
    rng: np.random.Generator,
    level: float,
    moved: Any,
    perturbations: int,
    features: tuple[str, ...],
    exact: Floats | None,
) -> tuple[ExplanationScore, Curve]:
    away = removal.answers - removal.base
    sign = np.where(away < 0, -1.0, 1.0)[:, None]
    masks = masks_of(orders_of(sign * values, rng), steps)
    first, rest = _both(removal, np.arange(removal.rows), masks)
    fall = sign * (removal.answers[:, None] - rest)
    rise = sign * (first - removal.base)
    infidelity, scaling = _infidelity(values, control, removal.rows, level)
    missed = np.abs(away - values.sum(axis=1))
    mean, largest = _sensitivity(
        name, values, explainer, moved, perturbations, features, rng, level
    )
    error = None
    if exact is not None:
        off, size = ((each**2).sum(axis=1) for each in (values - exact, exact))
        error = root(ratio_estimate(off, size, level=level))
    score = ExplanationScore(
        name=name,
        deletion=ratio_estimate(area(fall, steps), control.deletion, level=level),
        insertion=ratio_estimate(area(rise, steps), control.insertion, level=level),
        infidelity=infidelity,
        scaling=scaling,
        incompleteness=ratio_estimate(missed, np.abs(away), level=level),
        sensitivity=mean,
        largest_sensitivity=largest,
        error=error,
    )
    return score, _curve(name, fall, rise, steps)


def _curve(name: str, fall: Floats, rise: Floats, steps: NDArray[np.intp]) -> Curve:
    share = (steps / steps[-1]).tolist()
    return Curve(name, tuple(share), tuple(fall.mean(axis=0)), tuple(rise.mean(axis=0)))


def _infidelity(
    values: Floats, control: _Control, rows: int, level: float
) -> tuple[Estimate, float]:
    """Return the infidelity with the best scaling, and that scaling."""
    foretold = (control.removed * values[control.rows]).sum(axis=1)
    own, crossed, every = (
        np.bincount(control.rows, terms, rows).astype(np.float64)
        for terms in (foretold**2, foretold * control.change, control.change**2)
    )
    # The sums over all rows, and without each row in turn.
    size, both, whole = (
        np.maximum(each.sum() - np.append(0.0, each), 0) for each in (own, crossed, every)
    )
    scaling = float(both[0] / size[0]) if size[0] > 0 else 0.0
    surely = ratio_estimate(every, every, level=level)
    if np.isnan(surely.value):
        return surely, scaling
    # What the best scaling leaves.
    product = size * whole
    left = 1 - np.divide(both**2, product, out=np.zeros(rows + 1), where=product > 0)
    found = jackknife_estimate(left[0], left[1:], level=level)
    return replace(found, value=max(found.value, 0.0), low=max(found.low, 0.0)), scaling


def _sensitivity(
    name: str,
    values: Floats,
    explainer: Any,
    moved: Any,
    times: int,
    features: tuple[str, ...],
    rng: np.random.Generator,
    level: float,
) -> tuple[Estimate | None, Estimate | None]:
    """Return how far the explanation moves with the row: the mean and the largest move."""
    if moved is None or (not callable(explainer) and name != "random"):
        return None, None
    again = (
        rng.standard_normal((len(moved), len(features)))
        if name == "random"
        else attributions_of(explainer, moved, features, name)
    )
    off = np.linalg.norm(again.reshape(len(values), times, -1) - values[:, None], axis=2)
    size = np.linalg.norm(values, axis=1)
    if not (size > 0).any():
        return None, None
    share = off[size > 0] / size[size > 0, None]
    return (
        mean_estimate(share.mean(axis=1), level=level),
        mean_estimate(share.max(axis=1), level=level),
    )


def _exact(
    output: Output, X: Any, background: Any, players: Any, budget: int
) -> tuple[Floats, int] | None:
    """Return the exact Shapley values and their cost, where affordable."""
    if len(players) > 16 or 2 ** len(players) * len(X) * len(background) > budget:
        return None
    target = None if output.scale == "value" else output.names[0]
    found = shapley_values(
        output.predictor, X, background, method="exact", scale=output.scale, target=target,
        groups={name: columns for name, columns in players.items() if len(columns) > 1},
    )  # fmt: skip
    return found.values[:, :, 0], found.evaluations


def _agreement(found: Mapping[str, Floats], level: float) -> tuple[Agreement, ...]:
    lines = []
    for (first, a), (second, b) in combinations(found.items(), 2):
        most = min(LARGEST, a.shape[1])
        correlations = rank_correlation(a, b)
        correlations = np.nan_to_num(correlations)  # no order at all is no agreement
        lines.append(
            Agreement(
                first,
                second,
                mean_estimate(correlations, level=level),
                mean_estimate(overlap(a, b, most), level=level),
                most / a.shape[1],
                mean_estimate(sign_agreement(a, b, most), level=level),
            )
        )
    return tuple(lines)


def _notes(
    control: _Control, exact: tuple[Floats, int] | None, features: tuple[str, ...], rows: int
) -> tuple[str, ...]:
    notes = []
    if exact is None:
        notes.append(
            f"Exact Shapley values of {len(features)} features and {rows} rows were not affordable "
            "(exact_evaluations), so no error to them is given."
        )
    if ratio_estimate(control.deletion, control.deletion).value != 1:
        notes.append(
            "In random order the answers hardly change, so that no explanation can be said to be "
            "faster. Explain rows whose answers differ from the background's."
        )
    return tuple(notes)
