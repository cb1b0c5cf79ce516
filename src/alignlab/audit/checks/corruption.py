"""How accurate the model stays on noisy, blurred, snowed-on and badly compressed images."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.charts import Chart, Table, interval_chart
from alignlab.datasets import ImageData
from alignlab.intervals import Estimate
from alignlab.robustness import CORRUPTIONS, CorruptionResult, evaluate_corruptions

SEVERITIES = (1, 3, 5)
"""Every other severity: the ones between add passes and little else."""

NUMBERS = 2_500_000
"""Images are sampled until their pixels are so many numbers: some seconds of drawing."""

FEWEST, MOST = 50, 400
"""But at least and at most so many of them: the accuracy is then known to a few points."""

MUCH = 0.05
"""Advice is given from so much added error on, also where nobody has stated a limit."""

LEAST_SIDE = 8

HELPS = {
    "noise": (
        "train against small moves of every pixel (the terms adversarial and jacobian), or on "
        "images with such noise"
    ),
    "blur": "train on blurred images beside the sharp ones, or refuse images that are not sharp",
    "weather": "train on images of such weather, drawn or photographed",
    "digital": "train on images that went through the same cameras and encoders",
}
"""What to try, by the group of the corruption that hurts most."""

BY_KIND = ("corruption", "severity", "accuracy", "low", "high", "images")
BY_GROUP = ("grouping", "group", "accuracy under corruption", "low", "high", "images")


@check(
    "robustness.corruption",
    question="How accurate is the model where images are corrupted?",
    needs=("images", "classification", "model"),
    limit=Limit(float("nan"), "at most", "error that common corruptions add"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.5", "nist.measure-2.6", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def corruption(check: Check, context: AuditContext) -> Finding:
    """Corrupt images in 15 ways and count the errors beside those on images as given."""
    assert context.images is not None
    images = context.images.images
    if min(images.shape[2:]) < LEAST_SIDE:
        return check.finding(
            "not applicable",
            f"Not applicable: images of {images.shape[2]}×{images.shape[3]} pixels are too small "
            "to be corrupted in so many ways.",
        )
    if context.weights is not None and not (context.weights > 0).any():
        return check.finding("not enough data", "No row has a weight above 0.")
    result = evaluate_corruptions(
        context.predictor,
        ImageData(images, context.outcomes.astype(np.int64), context.classes),
        severities=SEVERITIES,
        weights=context.weights,
        max_rows=int(np.clip(NUMBERS // images[0].size, FEWEST, MOST)),
        level=context.level,
        seed=context.seed,
        progress=lambda *_: None,
    )
    limit = check.limit_in(context)
    added = result.added
    status = verdict(added, limit)
    kinds = {kind.replace("_", " "): _right(result.error_of(kind)) for kind in result.kinds}
    return check.finding(
        status,
        _sentence(result),
        estimates={
            "added error": added,
            "accuracy under corruption": _right(result.error),
            "accuracy as given": result.clean,
            **kinds,
        },
        limit=limit,
        advice=_advice(result, status),
        charts=(result.chart(), result.kinds_chart(), *_group_charts(result, context)),
        tables=_tables(result, context),
    )


def _right(error: Estimate) -> Estimate:
    """Return the share that is right, from the share that is wrong."""
    return Estimate(
        1 - error.value, 1 - error.high, 1 - error.low, error.level, error.n, error.method
    )


def _sentence(result: CorruptionResult) -> str:
    worst = result.worst
    sampled = f"{len(result.rows):,} images"
    if len(result.rows) < result.rows_given:
        sampled = f"{len(result.rows):,} of {result.rows_given:,} images"
    added = result.added
    sentence = (
        f"On {sampled}, 15 corruptions at severities 1, 3 and 5 take accuracy from "
        f"{result.clean.value:.1%} to {1 - result.error.value:.1%}: {100 * added.value:.1f} points "
        f"({100 * added.low:.1f} to {100 * added.high:.1f}) of added error, the most by "
        f"{worst.replace('_', ' ')} ({1 - result.error_of(worst).value:.1%})"
    )
    refused = sorted({kind.replace("_", " ") for kind, _ in result.refusals})
    if refused:
        sentence += f"; the model raises an error after {', '.join(refused)}"
    return sentence + "."


def _advice(result: CorruptionResult, status: str) -> tuple[str, ...]:
    lines = [
        f"Decide what should happen to images after {kind.replace('_', ' ')}: the model answers "
        f"with the error “{words.rstrip('.')}”."
        for (kind, _), words in list(result.refusals.items())[:1]
    ]
    if status == "fail" or (status == "measured" and result.added.low > MUCH):
        group = next(name for name, kinds in CORRUPTIONS.items() if result.worst in kinds)
        lines.append(
            f"Against {result.worst.replace('_', ' ')}, {HELPS[group]} "
            "(alignlab.robustness.corrupt_images makes them), and audit again."
        )
    return tuple(lines)


def _group_charts(result: CorruptionResult, context: AuditContext) -> tuple[Chart, ...]:
    rows = [
        {
            "group": group,
            "grouping": grouping.name,
            "value": 1 - error.value,
            "low": 1 - error.high,
            "high": 1 - error.low,
            "n": error.n,
        }
        for grouping in context.groupings
        for group, error in result.by_group(grouping).items()
    ]
    if not rows:
        return ()
    question = "Whose images stay right under corruption?"
    return (interval_chart(question, rows, x="accuracy under corruption", facet="grouping"),)


def _tables(result: CorruptionResult, context: AuditContext) -> tuple[Table, ...]:
    kinds = tuple(
        (kind.replace("_", " "), severity, found.value, found.low, found.high, found.n)
        for kind in result.kinds
        for severity in result.severities
        for found in [result.accuracy(kind, severity)]
    )
    groups = tuple(
        (grouping.name, group, 1 - error.value, 1 - error.high, 1 - error.low, error.n)
        for grouping in context.groupings
        for group, error in result.by_group(grouping).items()
    )
    tables = [Table("Accuracy by corruption and severity", BY_KIND, kinds)]
    if groups:
        tables.append(Table("Accuracy under corruption, by group", BY_GROUP, groups))
    return tuple(tables)
