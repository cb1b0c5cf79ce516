"""Which share of rows stays right when somebody who wants an error moves them a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, Status, verdict
from alignlab.charts import Table
from alignlab.datasets import Constraints
from alignlab.errors import InputError, ModelError
from alignlab.intervals import Estimate, share_limits, share_size
from alignlab.robustness import (
    Linf,
    RobustnessCurve,
    RobustnessResult,
    Square,
    TabularSearch,
    TabularThreat,
    robustness_curve,
)
from alignlab.robustness.results import AS_IT_IS

ROWS = 100
"""Rows attacked, the same ones for the same seed: the share is then known to ten points."""

QUERIES = 60
"""Answers that one row of a table is attacked with: each column both ways, then what helped."""

STEPS = 500
"""Steps of the search on images for each, where there are no gradients."""

BATCH_ROWS = 4096
"""Rows of a table in one call: pipelines take their time for each."""

SECONDS = 30.0
"""What all attacks may take together."""

SHOWN = 10
"""Broken rows listed."""

CELLS = 3
"""Changed cells listed of each."""

TABLE_RADIUS = 0.1
"""How far a number may be moved, in standard deviations of its column."""

PIXEL_RADIUS = 8 / 255
"""How far a pixel between 0 and 1 may be moved, as in RobustBench [croce2021robustbench]."""

CHANGES = ("row", "was", "becomes", "decided before", "decided after", "found by")
ATTACKS = ("attack", "rows given", "rows broken", "rows passed", "of these with a gradient")
RADII = ("radius", "not broken", "low", "high", "certified")


@dataclass(frozen=True, eq=False)
class _Study:
    """What is attacked: rows, their classes, and what may be done to them, in words."""

    X: Any
    y: list[Any]
    at: NDArray[np.intp]
    threat: Any
    attacks: Any
    allowed: str
    stated: str


@check(
    "robustness.adversarial",
    question="Do decisions outlast an attack?",
    needs=("classification", "model"),
    limit=Limit(float("nan"), "at least", "share of rows that are right and stay so"),
    limit_range=(0, 1),
    evidence=(
        "nist.measure-2.6", "nist.measure-2.7", "eu.annex-iv-2g", "eu.annex-iv-2h", "iso.a-6-2-4",
    ),
)  # fmt: skip
def adversarial(check: Check, context: AuditContext) -> Finding:
    """Search for small changes that make the model wrong, and certify where that is possible."""
    kept = np.arange(len(context.outcomes))
    if context.weights is not None:
        kept = kept[context.weights > 0]
    if not len(kept):
        return check.finding("not enough data", "No row has a weight above 0.")
    if len(kept) > ROWS:
        generator = context.generator(check.name)
        kept = np.sort(generator.choice(kept, ROWS, replace=False))
    limit = check.limit_in(context)
    status: Status
    try:
        study = _study(context, kept)
        assert context.predictor is not None
        curve = robustness_curve(
            context.predictor,
            study.X,
            study.y,
            study.threat,
            [0, study.threat.radius, 2 * study.threat.radius],
            attacks=study.attacks,
            seconds=SECONDS / 2,
            seed=context.seed,
            level=context.level,
            batch_rows=context.predictor.batch_rows or BATCH_ROWS,
        )
    except (InputError, ModelError) as error:
        status = "not applicable" if limit is None else "not enough data"
        told = f"No attack could be made: {_one_sentence(error)}"
        return check.finding(status, told, limit=limit)
    result = curve.results[1]
    weights = np.ones(len(kept)) if context.weights is None else context.weights[kept]
    estimates = {
        "robust accuracy": _share(~result.broken, weights, context.level),
        "accuracy": _share(result.broken_by != AS_IT_IS, weights, context.level),
        "certified": _share(result.certified, weights, context.level),
    }
    status = _status(estimates["robust accuracy"], limit, result)
    return check.finding(
        status,
        _summary(study, result, estimates, len(context.outcomes)),
        estimates=estimates,
        limit=limit,
        advice=_advice(study, result, status, context),
        charts=(curve.chart(),),
        tables=_tables(study, curve, context),
    )


def _study(context: AuditContext, at: NDArray[np.intp]) -> _Study:
    assert context.predictor is not None
    y = [context.predictor.classes[int(outcome)] for outcome in context.outcomes[at]]
    if context.images is not None:
        images = context.images.images[at]
        blind = Square(queries=STEPS, rescale=True)
        attacks = blind if context.predictor.module is None else "efficient"
        allowed = f"every pixel may be moved by {255 * PIXEL_RADIUS:g}/255"
        stated = f"linf:{PIXEL_RADIUS:.4g}"
        return _Study(images, y, at, Linf(PIXEL_RADIUS), attacks, allowed, stated)
    features = context.features
    constraints = Constraints.observed(features)
    scale = {
        name: float(spread)
        for name in constraints.bounds
        if (spread := pd.to_numeric(features[name]).astype(float).std(ddof=0)) > 0
    }
    if scale:
        threat = TabularThreat(constraints, TABLE_RADIUS, data=features, scales="std")
        allowed = (
            f"every number may be moved by {TABLE_RADIUS:g} of its column's standard deviation"
        )
        stated = f"linf:{TABLE_RADIUS:g}"
    else:
        threat = TabularThreat(constraints, 1.0, data=features, norm="l1")
        allowed, stated = "one cell may become another value that was seen", "l1:1"
    rows = features.iloc[at].reset_index(drop=True)
    return _Study(rows, y, at, threat, TabularSearch(queries=QUERIES, tidy=False), allowed, stated)


def _status(share: Estimate, limit: Limit | None, result: RobustnessResult) -> Status:
    """Return the verdict; that nothing was found is no pass where the search could not see."""
    status = verdict(share, limit)
    unseen = result.stopped or not result.reliable
    return "not enough data" if status == "pass" and unseen else status


def _share(which: NDArray[np.bool_], weights: NDArray[np.float64], level: float) -> Estimate:
    total, squares = weights.sum(), weights**2
    share = float(weights @ which / total)
    size = share_size(weights @ which, total, squares @ which, squares.sum())
    low, high = share_limits(share, size, level=level)
    return Estimate(share, float(low), float(high), level, len(which), "Clopper–Pearson")


def _summary(
    study: _Study, result: RobustnessResult, estimates: dict[str, Estimate], n: int
) -> str:
    before, after = estimates["accuracy"].value, estimates["robust accuracy"]
    rows = f"{len(study.y):,} rows" if len(study.y) == n else f"{len(study.y):,} of {n:,} rows"
    sentence = (
        f"Of {rows}, the model gets {before:.1%} right, and at most {after.value:.1%} "
        f"({after.low:.1%} to {after.high:.1%}) where {study.allowed}"
    )
    if result.certificate:
        sentence += f"; {estimates['certified'].value:.1%} are certified"
    if result.stopped:
        sentence += f"; the search was stopped after {SECONDS / 2:g} seconds"
    if result.warnings:
        sentence = f"Unreliable: {result.warnings[0].summary.rstrip('.')}. {sentence}"
    return sentence + "."


def _advice(
    study: _Study, result: RobustnessResult, status: str, context: AuditContext
) -> tuple[str, ...]:
    assert context.predictor is not None
    lines = [warning.summary for warning in result.warnings]
    if status == "fail":
        radius = study.stated.partition(":")[2]
        if context.predictor.module is not None:
            lines.append(
                "Train on attacked rows: alignlab train with the term adversarial or trades in its "
                f"objective (radius {radius}), or at a lower price fast_adversarial, jacobian or "
                "label_smoothing."
            )
        else:
            lines.append(
                "Have a person look where a decision is near, check inputs against what else is "
                "known of them, or train a network that holds: alignlab train with the term "
                "adversarial or trades in its objective."
            )
    if result.stopped or status in ("fail", "not enough data"):
        lines.append(
            "Look longer, at more rows, or within what an attacker of this model can do: alignlab "
            f"attack MODEL DATA --threat {study.stated} --constraints FILE.toml --rows N "
            "--seconds S."
        )
    return tuple(lines)


def _tables(study: _Study, curve: RobustnessCurve, context: AuditContext) -> tuple[Table, ...]:
    result = curve.results[1]
    attacks = tuple(
        (run.name, run.asked, run.broke, run.forward_rows, run.backward_rows)
        for run in result.attacks
    )
    within = tuple(
        (
            each.radius,
            each.robust_accuracy.value,
            each.robust_accuracy.low,
            each.robust_accuracy.high,
            each.certified_accuracy.value,
        )
        for each in curve.results
    )
    tables = [
        Table("What is left within each radius", RADII, within),
        Table("What each attack broke", ATTACKS, attacks),
    ]
    if witnesses := _witnesses(study, result, context):
        tables.insert(0, Table("Rows that a small change breaks", CHANGES, witnesses))
    return tuple(tables)


def _witnesses(
    study: _Study, result: RobustnessResult, context: AuditContext
) -> tuple[tuple[Any, ...], ...]:
    """Return the first broken rows: what was changed, and what the model says then."""
    assert context.predictor is not None
    moved = np.flatnonzero(result.broken & (result.broken_by != AS_IT_IS))[:SHOWN]
    if not len(moved):
        return ()
    witnesses = result.witnesses
    is_table = isinstance(witnesses, pd.DataFrame)
    after = context.predictor.decide(
        context.predictor(witnesses.iloc[moved] if is_table else witnesses[moved])
    )
    changed = _changed_cells if is_table else _changed_pixels
    return tuple(
        (
            int(study.at[row]),
            *changed(study.X, witnesses, int(row)),
            context.classes[int(context.decisions[study.at[row]])],
            context.classes[int(decision)],
            str(result.broken_by[row]),
        )
        for row, decision in zip(moved, after, strict=True)
    )


def _changed_pixels(before: Any, after: Any, row: int) -> tuple[str, str]:
    """Return what an image's change comes to."""
    moves = np.abs(after[row].astype(float) - before[row].astype(float))
    return "", (
        f"{(moves > 0).mean():.0%} of the pixels moved, by {255 * moves.max():.3g}/255 at most "
        f"and by {255 * moves.mean():.2g}/255 on average"
    )


def _changed_cells(X: pd.DataFrame, witnesses: pd.DataFrame, row: int) -> tuple[str, str]:
    """Return the changed cells of a row as they were and as they are."""
    before, after = X.iloc[row], witnesses.iloc[row]
    changed = [
        name
        for name in before.index
        if not (pd.isna(before[name]) and pd.isna(after[name])) and before[name] != after[name]
    ]
    more = f" and {len(changed) - CELLS} more" if len(changed) > CELLS else ""
    was, becomes = (
        ", ".join(f"{name} {_shown(each[name])}" for name in changed[:CELLS]) + more
        for each in (before, after)
    )
    return was, becomes


def _shown(cell: Any) -> str:
    return f"{cell:.6g}" if isinstance(cell, float | np.floating) else str(cell)


def _one_sentence(error: Exception) -> str:
    first, _, _ = str(error).partition(". ")
    return first[:1].lower() + first[1:].rstrip(".") + "."
