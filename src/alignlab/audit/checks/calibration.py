"""Calibration: whether what the model gives a chance of p happens in a share p of cases."""

import numpy as np
from numpy.typing import NDArray

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.audit.gaps import named_group
from alignlab.charts import Cell, Chart, Table, interval_chart
from alignlab.errors import InputError
from alignlab.uncertainty import (
    CalibrationError,
    CalibrationLine,
    brier_decomposition,
    calibration_error,
    calibration_line,
)

FEWEST_ROWS = 20
"""A smaller group is listed without a number: one bin of it would say nothing."""

GROUP_COLUMNS = (
    "grouping", "group", "rows", "calibration error", "low", "high", "predicted − observed", "note",
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
    groups = _groups(context, said, happened)
    limit = check.limit_in(context)
    estimates = {
        "calibration error": error.root_mean_square,
        "expected calibration error": error.expected,
        "predicted − observed": line.excess,
    }
    if line.slope is not None:
        estimates["calibration slope"] = line.slope
    for grouping, label, _, found, _ in groups:
        if found is not None:
            estimates[f"{grouping}={label}"] = found.root_mean_square
    return check.finding(
        verdict(error.root_mean_square, limit),
        _summary(error, line, words, context.level) + _groups_off(groups),
        estimates=estimates,
        limit=limit,
        advice=_advice(error, line, context.level),
        charts=(error.reliability.chart(check.question), *_group_charts(groups)),
        tables=(
            _definition(context, error, line, said, happened),
            error.reliability.to_table(
                f"Bins: {words} (the interval bin by bin, the band for all at once)"
            ),
            *_group_tables(groups, context.level),
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


Group = tuple[str, str, int, CalibrationError | None, bool]
"""A grouping, one of its groups, its rows, its error, and whether all groups' limits exclude 0."""


def _groups(
    context: AuditContext, said: NDArray[np.float64], happened: NDArray[np.intp]
) -> list[Group]:
    """Return each group's error; no error where there are too few rows."""
    weights = np.ones(len(said)) if context.weights is None else context.weights
    members = [
        (grouping.name, label, (grouping.codes == code) & (weights > 0))
        for grouping in context.groupings
        for code, label in enumerate(grouping.labels)
    ]
    large = sum(int(member.sum()) >= FEWEST_ROWS for _, _, member in members)
    # Of many groups some lie outside their own interval by chance.
    all_at_once = 1 - (1 - context.level) / max(large, 1)

    def error(member: NDArray[np.bool_], level: float) -> CalibrationError:
        part = None if context.weights is None else context.weights[member]
        return calibration_error(
            said[member], happened[member], weights=part, level=level, redraws=0
        )

    found: list[Group] = []
    for name, label, member in members:
        rows = int(member.sum())
        if rows < FEWEST_ROWS:
            found.append((name, label, rows, None, False))
            continue
        surely_off = error(member, all_at_once).root_mean_square.low > 0
        found.append((name, label, rows, error(member, context.level), surely_off))
    return found


def _groups_off(groups: list[Group]) -> str:
    """Return which groups are surely off, widest first, as a sentence, or nothing."""
    off = sorted(
        (
            (error.root_mean_square.value, named_group(name, label))
            for name, label, _, error, surely_off in groups
            if error is not None and surely_off
        ),
        reverse=True,
    )
    if not off:
        return ""
    shown = "; ".join(f"{group} by {100 * value:.1f} points" for value, group in off[:3])
    more = f" and {len(off) - 3} more" if len(off) > 3 else ""
    return f" Within groups it is surely off for {shown}{more}."


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


def _advice(error: CalibrationError, line: CalibrationLine, level: float) -> tuple[str, ...]:
    if error.p_value > 1 - level:
        return ()
    remedy = {
        "over-confident": "The model is over-confident: fit a temperature above 1",
        "under-confident": "The model is under-confident: fit a temperature below 1",
        "neither": "The probabilities are off, but neither too extreme nor too timid on the "
        "whole: fit an isotonic recalibration",
    }[line.direction]
    return (f"{remedy} on rows kept apart from training and test, and audit again.",)


def _definition(
    context: AuditContext,
    error: CalibrationError,
    line: CalibrationLine,
    said: NDArray[np.float64],
    happened: NDArray[np.intp],
) -> Table:
    parts = brier_decomposition(said, happened, weights=context.weights)
    rows: list[tuple[Cell, ...]] = [
        ("definition", error.definition),
        ("mean squared gap, unbiased (negative where noise hides it)", error.squared),
        ("plug-in ECE, for comparison with others' numbers (too large)", error.expected_plug_in),
        ("p-value: probabilities right, gap by chance", error.p_value),
        ("redraws of the outcomes behind the p-value", error.reliability.redraws),
        ("Brier score" if said.ndim == 1 else "Brier score, all classes", parts.score),
        ("… reliability (smaller is better)", parts.reliability),
        ("… − resolution (larger is better)", parts.resolution),
        ("… + uncertainty (not the model's)", parts.uncertainty),
        ("… + variance within bins", parts.within_bin_variance),
        ("… − covariance within bins", parts.within_bin_covariance),
    ]
    if line.intercept is not None and line.slope is not None:
        rows += [
            ("recalibration intercept (0 if calibrated)", str(line.intercept)),
            ("recalibration slope (1 if calibrated, below if too extreme)", str(line.slope)),
        ]
    return Table("How calibration was measured", ("what", "value"), tuple(rows))


def _group_charts(groups: list[Group]) -> tuple[Chart, ...]:
    rows = [
        {
            "group": label,
            "grouping": grouping,
            "value": found.root_mean_square.value,
            "low": found.root_mean_square.low,
            "high": found.root_mean_square.high,
            "n": rows,
        }
        for grouping, label, rows, found, _ in groups
        if found is not None
    ]
    if not rows:
        return ()
    chart = interval_chart(
        "Are the probabilities right for every group?",
        rows,
        x="calibration error (percentage points off, root mean square)",
        facet="grouping",
    )
    return (chart,)


def _group_tables(groups: list[Group], level: float) -> tuple[Table, ...]:
    if not groups:
        return ()
    rows = tuple(_group_row(*group[:4]) for group in groups)
    title = f"Calibration error by group (each interval at {level:.0%} by itself)"
    return (Table(title, GROUP_COLUMNS, rows),)


def _group_row(
    grouping: str, label: str, rows: int, found: CalibrationError | None
) -> tuple[Cell, ...]:
    if found is None:
        return (grouping, label, rows, None, None, None, None, "too few rows")
    seen, bins = found.root_mean_square, found.reliability
    excess = float(bins.share @ (bins.predicted - bins.observed))
    note = "below 0 before the root" if found.squared < 0 else ""
    return (grouping, label, rows, seen.value, seen.low, seen.high, excess, note)
