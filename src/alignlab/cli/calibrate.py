"""`alignlab calibrate`: mend a model's probabilities on rows that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import (
    ROWS,
    AllowPickle,
    Classes,
    Features,
    Json,
    Level,
    Model,
    Seed,
    Target,
    Training,
    Trust,
    split_names,
)

if TYPE_CHECKING:
    from rich.console import Console

    from alignlab.cli.output import Result
    from alignlab.cli.predicted_data import Reading, Rows
    from alignlab.predictors import Predictor
    from alignlab.uncertainty.calibration import RecalibratedResult

__all__ = ["calibrate"]

FINE = 0

REPORT = "report.md"

# Each option is a type of its own, so that the command's signature reads as the list of options.
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=f"Rows that the model was not fitted on: {ROWS}",
    ),
]
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="auto (the simplest of those that foretell best), temperature, platt, beta, vector, "
        "isotonic, or none.",
    ),
]
NewDecisions = Annotated[
    bool,
    typer.Option(
        "--new-decisions", help="Let decisions follow the new probabilities, not stay as they are."
    ),
]
TestShare = Annotated[
    float, typer.Option(metavar="SHARE", help="Of the rows, those kept apart for the report.")
]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write the recalibrated model and the report there."),
]


def calibrate(
    context: typer.Context,
    model: Model,
    data: Data,
    target: Target = None,
    method: Method = "auto",
    new_decisions: NewDecisions = False,
    training: Training = None,
    test_share: TestShare = 0.3,
    classes: Classes = None,
    features: Features = None,
    seed: Seed = 0,
    level: Level = 0.95,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Mend a classifier's probabilities on rows that it has not seen.

    Fits a map of the probabilities on one part of the rows, and says on the other part what it
    changed. The model itself is not touched, and its decisions stay. DIR becomes a model that every
    command opens (calibration.json and base/), with report.md, recalibration.json, .csv and .svg.
    Exit code: 0 fine, 2 if something given cannot be used.
    """
    from alignlab.cli.output import deliver, prepare
    from alignlab.cli.predicted_data import Reading, opened, read_rows, training_rows
    from alignlab.uncertainty.calibration import recalibrate

    place = prepare(out)
    reading = Reading(
        model=model,
        target=target,
        by=None,
        classes=split_names(classes, "--classes"),
        features=split_names(features, "--features"),
        task="classification",
        allow_pickle=allow_pickle,
        trust=trust or (),
    )
    _require_new(model, place)
    rows, predictor = read_rows(data, opened(reading, data), reading, labelled=True)
    result = recalibrate(
        predictor,
        rows.X,
        rows.y,
        method=method,
        test_share=test_share,
        seed=seed,
        level=level,
        keep_decisions=not new_decisions,
        training=None if training is None else training_rows(training, rows),
    )
    if place is not None:
        _keep(place, reading, predictor, result)
    deliver(
        lambda: _result(predictor, rows, result),
        lambda console: _show(console, predictor, rows, result, place),
        words=context.obj,
        out=place,
        as_json=as_json,
    )
    return FINE


def _require_new(model: str, place: Path | None) -> None:
    """Raise now what keeping the model would raise after the work."""
    from alignlab.errors import InputError
    from alignlab.predictors.model_folder import is_model_folder
    from alignlab.predictors.recalibrated_folder import BASE, is_recalibrated

    if is_recalibrated(Path(model)):
        raise InputError(
            f"{model} is recalibrated already. Recalibrate the model that it was made of, which is "
            f"in {Path(model) / BASE}."
        )
    if place is not None and is_model_folder(place):
        raise InputError(f"{place} holds a model already: name another directory with --out.")


def _keep(place: Path, reading: Reading, predictor: Predictor, result: RecalibratedResult) -> None:
    from alignlab.predictors.recalibrated_folder import keep_recalibrated

    keep_recalibrated(
        place,
        reading.model,
        result.map,
        keep_decisions=result.keep_decisions,
        trained_on=result.trained_on,
        classes=predictor.class_names,
        features=reading.features,
    )


def _result(predictor: Predictor, rows: Rows, result: RecalibratedResult) -> Result:
    from alignlab.cli.output import Result, drawn

    content = {"model": predictor.name, "data": rows.name, **result.to_dict()}
    chart = result.chart("Does it happen as often as the model says, before and after?")
    picture = None if chart is None else drawn(chart)
    report = _report(predictor, rows, result, picture is not None)
    return Result("recalibration", content, result.to_frame(), chart, {REPORT: report})


def _report(predictor: Predictor, rows: Rows, result: RecalibratedResult, drawn: bool) -> str:
    """Return the report as Markdown, the picture beside it."""
    paragraphs = [
        f"# {predictor.name} on {rows.name}, before and after recalibration",
        result.headline,
        result.decisions,
        *result.notes,
        "## Before and after",
        f"On {len(result.held_out):,} rows that had no say in the map; it was chosen and fitted on "
        f"{len(result.fitted_on):,} others. The change is by pairs of rows, with its "
        f"{result.level:.0%} interval.",
        _markdown(_change_rows(result)),
    ]
    if (errors := _error_rows(result)) is not None:
        paragraphs.append(_markdown(errors))
    if drawn:
        paragraphs.append("![What was predicted and what happened](recalibration.svg)")
    if result.after is not None:
        paragraphs.append(result.after.definition)
    paragraphs += [
        "## How the map was chosen",
        "Each row's log loss is that of a map fitted without it; the first map within one standard "
        "error of the smallest is taken.",
        _markdown(_candidate_rows(result)),
        "The map's numbers are in calibration.json.",
    ]
    return "\n\n".join(each for each in paragraphs if each) + "\n"


def _markdown(lines: list[list[str]]) -> str:
    head, *rest = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([head, f"|{'---|' * len(lines[0])}", *rest])


def _change_rows(result: RecalibratedResult) -> list[list[str]]:
    rows = [["measure", "before", "after", "change", "p"]]
    for measure, before, after, change, low, high, p in result.to_table().rows:
        if p is None:  # a calibration error, which has an interval of its own
            continue
        rows.append(
            [
                str(measure),
                f"{before:.4f}",
                f"{after:.4f}",
                f"{_signed(change)} ({_signed(low)} to {_signed(high)})",
                "< 0.001" if float(p) < 0.001 else f"{p:.3f}",
            ]
        )
    return rows


def _error_rows(result: RecalibratedResult) -> list[list[str]] | None:
    """Return the calibration errors before and after, with their intervals."""
    before, after = result.before, result.after
    if before is None or after is None:
        return None
    return [
        ["calibration error", "before", "after"],
        ["root mean square", str(before.root_mean_square), str(after.root_mean_square)],
        ["mean (ECE, debiased)", str(before.expected), str(after.expected)],
    ]


def _signed(number: Any) -> str:
    return f"{round(float(number), 4) + 0.0:+.4f}"  # there is no -0.0000


def _candidate_rows(result: RecalibratedResult) -> list[list[str]]:
    return [
        ["map", "log loss", "above the best", "standard error", ""],
        *(
            [
                each.method,
                f"{each.log_loss:.4f}",
                f"{each.excess:.4f}",
                f"{each.standard_error:.4f}",
                "taken" if each.chosen else "",
            ]
            for each in result.candidates
        ),
    ]


def _show(
    console: Console,
    predictor: Predictor,
    rows: Rows,
    result: RecalibratedResult,
    place: Path | None,
) -> None:
    import pandas as pd

    from alignlab.cli.output import paragraph, rows_table

    console.print(
        f"{predictor.name} ({predictor.kind}) on {len(rows):,} rows of {rows.name}",
        style="bold",
        soft_wrap=True,
    )
    console.print()
    if len(result.candidates) > 1:
        head, *lines = _candidate_rows(result)
        frame = pd.DataFrame(lines, columns=[*head[:-1], " "])
        console.print(rows_table(frame, right=tuple(head[1:4])))
        console.print()
    head, *lines = _change_rows(result)
    head[0] = f"on {len(result.held_out):,} held-out rows"
    console.print(rows_table(pd.DataFrame(lines, columns=head), right=("before", "after")))
    if (errors := _error_rows(result)) is not None:
        head, *lines = errors
        console.print()
        console.print(rows_table(pd.DataFrame(lines, columns=head)))
    paragraph(console, result.headline)
    paragraph(console, result.decisions)
    for note in result.notes:
        paragraph(console, note)
    if place is not None:
        console.print()
        console.print(f"Model: {place}", soft_wrap=True)
