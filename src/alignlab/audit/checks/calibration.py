"""Calibration: whether what the model gives a chance of p happens in a share p of cases.

The headline is the favourable class's probability where there are two classes and the class
chosen's where there are more; each class and each group are judged beside it, each family with one
chance of any false alarm.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.audit.gaps import named_group
from alignlab.charts import Cell, Table
from alignlab.errors import InputError
from alignlab.uncertainty.calibration import (
    CalibrationError,
    CalibrationLine,
    ClasswiseCalibration,
    GroupCalibration,
    GroupError,
    brier_decomposition,
    calibration_by_group,
    calibration_error,
    calibration_line,
    classwise_calibration,
    log_loss_decomposition,
    smooth_calibration_error,
)

MOST_CLASSES_BY_GROUP = 12
"""With more classes than this, groups are judged by the class chosen alone."""

GROUP_COLUMNS = (
    "grouping", "group", "rows", "calibration error", "low", "high", "predicted − observed",
    "p, all groups", "note",
)  # fmt: skip


@check(
    "uncertainty.calibration",
    question="Does it happen as often as the model says?",
    needs=("classification", "probabilities"),
    limit=Limit(float("nan"), "at most", "calibration error (root mean square)", "none"),
    limit_range=(0, 1),
    evidence=("nist.map-2.2", "nist.measure-2.5", "eu.annex-iv-3", "iso.a-6-2-4"),
)
def calibration(check: Check, context: AuditContext) -> Finding:
    """Measure the calibration error of the favourable class, or of the class chosen."""
    said, happened, words = _event(context)
    try:
        error = calibration_error(
            said,
            happened,
            weights=context.weights,
            level=context.level,
            seed=context.generator(check.name),
            event=words,
        )
    except InputError as reason:
        return check.finding("not enough data", str(reason))
    line = calibration_line(said, happened, weights=context.weights, level=context.level)
    classes = _by_class(check, context)
    groups = _by_group(check, context, said, happened)
    limit = check.limit_in(context)
    estimates = {
        "calibration error": error.root_mean_square,
        "expected calibration error": error.expected,
        "predicted − observed": line.excess,
    }
    if line.slope is not None:
        estimates["calibration slope"] = line.slope
    if classes is not None:
        estimates["classwise calibration error"] = classes.root_mean_square
    for each in groups.groups:
        if each.error is not None:
            estimates[f"{each.grouping}={each.group}"] = each.error.root_mean_square
    charts = [error.reliability.chart(check.question)]
    if any(each.error is not None for each in groups.groups):
        charts.append(groups.chart())
    return check.finding(
        verdict(error.root_mean_square, limit),
        _summary(error, line, words, context.level)
        + _classes_off(classes, context.level)
        + _groups_off(groups),
        estimates=estimates,
        limit=limit,
        advice=_advice(error, line, classes, groups, context.level),
        charts=tuple(charts),
        tables=(
            _definition(check, context, error, line, said, happened),
            error.reliability.to_table(
                f"Bins: {words} (the interval bin by bin, the band for all at once)"
            ),
            *_class_tables(classes, context.level),
            *_group_tables(check, context, groups),
        ),
    )


def _event(context: AuditContext) -> tuple[NDArray[np.float64], NDArray[np.intp], str]:
    assert context.probabilities is not None
    outcomes = context.outcomes.astype(np.intp)
    if len(context.classes) != 2:
        return context.probabilities, outcomes, "the probability of the class chosen"
    label = 1 if context.favourable is None else context.favourable
    words = f"the probability of {context.classes[label]!r}"
    return context.probabilities[:, label], (outcomes == label).astype(np.intp), words


def _by_class(check: Check, context: AuditContext) -> ClasswiseCalibration | None:
    """Return each class's calibration where there are more than two."""
    if len(context.classes) == 2:
        return None
    assert context.probabilities is not None
    return classwise_calibration(
        context.probabilities,
        context.outcomes.astype(np.intp),
        classes=context.classes,
        weights=context.weights,
        level=context.level,
        seed=context.generator(f"{check.name} classes"),
    )


def _by_group(
    check: Check,
    context: AuditContext,
    said: NDArray[np.float64],
    happened: NDArray[np.intp],
    about: int | None = None,
) -> GroupCalibration:
    """Return each group's calibration, of the event as a whole or about one class."""
    found = calibration_by_group(
        said,
        happened,
        {grouping.name: grouping.codes for grouping in context.groupings},
        weights=context.weights,
        about="auto" if about is None else about,
        level=context.level,
        seed=context.generator(f"{check.name} groups {'' if about is None else about}"),
    )
    labels = {grouping.name: grouping.labels for grouping in context.groupings}
    named = tuple(
        replace(each, group=labels[each.grouping][int(each.group)]) for each in found.groups
    )
    return replace(found, groups=named)


def _classes_off(classes: ClasswiseCalibration | None, level: float) -> str:
    off = set(classes.off(1 - level)) if classes is not None else set()
    if classes is None or not off:
        return ""
    widest = sorted(
        (
            (error.root_mean_square.value, name)
            for name, error in zip(classes.classes, classes.errors, strict=True)
            if name in off
        ),
        reverse=True,
    )
    return f" Of single classes it is surely off for {_listed(widest)}."


def _groups_off(groups: GroupCalibration) -> str:
    """Return which groups are surely off, widest first, as a sentence, or nothing."""
    off = groups.off(1 - groups.level)
    if not off:
        return ""
    return f" Within groups it is surely off for {_listed([_named(each) for each in off])}."


def _named(each: GroupError) -> tuple[float, str]:
    value = each.error.root_mean_square.value if each.error is not None else 0.0
    return value, named_group(each.grouping, each.group)


def _listed(off: list[tuple[float, str]]) -> str:
    shown = "; ".join(f"{name} by {100 * value:.1f} points" for value, name in off[:3])
    return shown + (f" and {len(off) - 3} more" if len(off) > 3 else "")


def _summary(error: CalibrationError, line: CalibrationLine, words: str, level: float) -> str:
    seen = error.root_mean_square
    if error.p_value > 1 - level:
        return (
            f"No calibration error beyond chance is seen (p = {error.p_value:.2f}): {words} is "
            f"typically off what happens by less than {100 * seen.high:.1f} percentage points."
        )
    return (
        f"{words[0].upper()}{words[1:]} is typically {100 * seen.value:.1f} percentage points off "
        f"what happens ({100 * seen.low:.1f} to {100 * seen.high:.1f}){_direction(line)}."
    )


def _direction(line: CalibrationLine) -> str:
    extent = {
        "over-confident": ", and too extreme: the model is surer than it should be",
        "under-confident": ", and too timid: the model is less sure than it could be",
        "neither": "",
    }[line.direction]
    if extent:
        return extent
    if line.excess.low > 0:
        return f", and too high by {100 * line.excess.value:.1f} on average"
    if line.excess.high < 0:
        return f", and too low by {-100 * line.excess.value:.1f} on average"
    return ""


def _advice(
    error: CalibrationError,
    line: CalibrationLine,
    classes: ClasswiseCalibration | None,
    groups: GroupCalibration,
    level: float,
) -> tuple[str, ...]:
    command = (
        "alignlab calibrate MODEL DATA --target COLUMN --out DIR, on rows kept apart from training "
        "and from this audit; then audit the model in DIR"
    )
    advice = []
    if error.p_value <= 1 - level:
        what = {
            "over-confident": "The model is over-confident, as a temperature above 1 mends",
            "under-confident": "The model is under-confident, as a temperature below 1 mends",
            "neither": "The probabilities are off, but neither too extreme nor too timid on the "
            "whole",
        }[line.direction]
        advice.append(f"{what}: {command}.")
    elif classes is not None and classes.off(1 - level):
        advice.append(
            f"The class chosen is right as often as said, other classes are not: {command}."
        )
    if groups.off(1 - level) and error.p_value > 1 - level:
        advice.append(
            "The probabilities are right on the whole and wrong within groups, which no "
            "recalibration of the whole mends: look for what the model does not know of those "
            "groups, or train it on more of their rows."
        )
    return tuple(advice)


def _definition(
    check: Check,
    context: AuditContext,
    error: CalibrationError,
    line: CalibrationLine,
    said: NDArray[np.float64],
    happened: NDArray[np.intp],
) -> Table:
    brier = brier_decomposition(said, happened, weights=context.weights)
    log_loss = log_loss_decomposition(said, happened, weights=context.weights)
    smooth = smooth_calibration_error(
        said,
        happened,
        weights=context.weights,
        level=context.level,
        seed=context.generator(f"{check.name} smooth"),
    )
    rows: list[tuple[Cell, ...]] = [
        ("definition", error.definition),
        ("mean squared gap, unbiased (negative where noise hides it)", error.squared),
        ("plug-in ECE, for comparison with others' numbers (too large)", error.expected_plug_in),
        ("largest gap of a bin", str(error.largest)),
        ("p-value: probabilities right, gap by chance", error.p_value),
        ("redraws of the outcomes behind the p-value", error.reliability.redraws),
        ("smooth calibration error, without bins", str(smooth)),
        ("smECE as published, for comparison (too large)", smooth.plug_in),
        ("p-value of the smooth error", smooth.p_value),
        ("Brier score" if said.ndim == 1 else "Brier score, all classes", brier.score),
        ("… reliability (smaller is better)", brier.reliability),
        ("… − resolution (larger is better)", brier.resolution),
        ("… + uncertainty (not the model's)", brier.uncertainty),
        ("… + variance within bins", brier.within_bin_variance),
        ("… − covariance within bins", brier.within_bin_covariance),
        ("log loss (nats)", _finite(log_loss.score)),
        ("log loss: reliability (smaller is better)", _finite(log_loss.reliability)),
        ("log loss: − resolution (larger is better)", log_loss.resolution),
        ("log loss: + uncertainty (not the model's)", log_loss.uncertainty),
        ("log loss: + within cells (negative where rows are told apart)",
         _finite(log_loss.within_cells)),
    ]  # fmt: skip
    if line.intercept is not None and line.slope is not None:
        rows += [
            ("recalibration intercept (0 if calibrated)", str(line.intercept)),
            ("recalibration slope (1 if calibrated, below if too extreme)", str(line.slope)),
        ]
    return Table("How calibration was measured", ("what", "value"), tuple(rows))


def _finite(value: float) -> Cell:
    return value if np.isfinite(value) else "infinite: what was called impossible happened"


def _class_tables(classes: ClasswiseCalibration | None, level: float) -> tuple[Table, ...]:
    if classes is None:
        return ()
    columns = (
        "class", "predicted", "observed", "calibration error", "low", "high", "plug-in ECE",
        "p, all classes",
    )  # fmt: skip
    rows = tuple(tuple(row) for row in classes.to_frame().astype(object).to_numpy().tolist())
    title = f"Calibration error by class (each interval at {level:.0%} by itself)"
    return (Table(title, columns, rows),)


def _group_tables(
    check: Check, context: AuditContext, groups: GroupCalibration
) -> tuple[Table, ...]:
    if not groups.groups:
        return ()
    title = f"Calibration error by group (each interval at {groups.level:.0%} by itself)"
    tables = [Table(title, GROUP_COLUMNS, tuple(_group_row(each) for each in groups.groups))]
    if 2 < len(context.classes) <= MOST_CLASSES_BY_GROUP:
        assert context.probabilities is not None
        outcomes = context.outcomes.astype(np.intp)
        rows: list[tuple[Cell, ...]] = []
        for k, name in enumerate(context.classes):
            found = _by_group(check, context, context.probabilities, outcomes, about=k)
            rows += [(name, *_group_row(each)) for each in found.groups]
        columns = ("class", *GROUP_COLUMNS[:-2], "p, all groups of the class", "note")
        tables.append(Table("Calibration error by class and group", columns, tuple(rows)))
    return tuple(tables)


def _group_row(each: GroupError) -> tuple[Cell, ...]:
    if each.error is None or each.excess is None:
        return (each.grouping, each.group, each.rows, None, None, None, None, None, "too few rows")
    seen = each.error.root_mean_square
    note = "below 0 before the root" if each.error.squared < 0 else ""
    numbers = (seen.value, seen.low, seen.high, each.excess.value, each.p_value)
    return (each.grouping, each.group, each.rows, *numbers, note)
