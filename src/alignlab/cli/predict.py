"""`alignlab predict`: what a model says of each row, how sure it is, and whether to ask."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import (
    ROWS,
    AllowPickle,
    Classes,
    Features,
    Json,
    Model,
    Task,
    Training,
    Trust,
    split_names,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from alignlab.cli.predicted_data import Rows
    from alignlab.predictors import Predictor

__all__ = ["predict"]

FINE = 0

# Each option is a type of its own, so that the command's signature reads as the list of options.
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=f"The rows: {ROWS}",
    ),
]
Intervals = Annotated[
    bool,
    typer.Option(
        "--intervals",
        help="Give a set of classes, or an interval, that holds the truth as often as --level "
        "says; needs --calibration.",
    ),
]
Calibration = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Rows with what happened, that the model was not fitted on."),
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COL", help="The column of FILE that holds what happened."),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="COL",
        help="Keep the promise within each group of this column; COL*COL is an intersection.",
    ),
]
Level = Annotated[float, typer.Option(metavar="SHARE", help="How often sets hold the truth.")]
MaxRisk = Annotated[
    float | None,
    typer.Option(
        metavar="R",
        help="Say decide or ask for each row, such that at most a share R of the decided ones is "
        "wrong; needs --calibration.",
    ),
]
Confidence = Annotated[
    float, typer.Option(metavar="SHARE", help="How sure R is to be kept, over calibration rows.")
]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write predict.csv and predict.json there."),
]


@dataclass
class Predicted:
    """What is said of the rows, as it comes together."""

    table: pd.DataFrame
    content: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def predict(
    context: typer.Context,
    model: Model,
    data: Data,
    intervals: Intervals = False,
    calibration: Calibration = None,
    target: Target = None,
    by: By = None,
    level: Level = 0.9,
    max_risk: MaxRisk = None,
    confidence: Confidence = 0.95,
    training: Training = None,
    task: Task = None,
    classes: Classes = None,
    features: Features = None,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Predict every row, with sets or intervals that keep a promise, and decide or ask.

    Prints a table (CSV) on standard output and notes on standard error, unless --out or --json
    is given. With --calibration, what is promised is about rows like those in FILE. Exit code: 0
    fine, 2 if something given cannot be used.
    """
    from alignlab.cli.output import Result, deliver, prepare
    from alignlab.cli.predicted_data import Reading, opened, read_rows, training_rows
    from alignlab.uncertainty.calibration.unseen import require_unseen

    _require(intervals, calibration, target, by, level, max_risk, confidence, training)
    place = prepare(out)
    reading = Reading(
        model=model,
        target=target,
        by=by,
        classes=split_names(classes, "--classes"),
        features=split_names(features, "--features"),
        task=task,
        allow_pickle=allow_pickle,
        trust=trust or (),
    )
    predictor = opened(reading, calibration)
    rows, predictor = read_rows(data, predictor, reading, labelled=False)
    if max_risk is not None:
        _require_probabilities(predictor)
    known = None
    if calibration is not None:
        known, _ = read_rows(calibration, predictor, reading, labelled=True)
        seen = None if training is None else training_rows(training, known)
        require_unseen(predictor, known.X, training=seen)
    before = predictor.rows_evaluated
    answers = predictor(rows.X)
    made = _answers(predictor, answers)
    if known is not None:
        _note_shared(made, predictor, rows, known)
        said = predictor(known.X)
        if intervals:
            _add_sets(made, predictor, answers, rows, said, known, level)
        if max_risk is not None:
            _add_decisions(made, predictor, rows, said, known, max_risk, confidence)
    made.content = {
        "model": predictor.name,
        "data": rows.name,
        "task": predictor.task,
        "classes": list(predictor.class_names),
        "evaluations": predictor.rows_evaluated - before,
        **made.content,
        "notes": made.notes,
        "predictions": made.table.to_dict("list"),
    }
    if place is None and not as_json:
        for note in made.notes:
            print(f"alignlab: note: {note}", file=sys.stderr)
        made.table.to_csv(sys.stdout, index=False, lineterminator="\n")
        return FINE
    deliver(
        lambda: Result("predict", made.content, made.table),
        lambda console: _show(console, predictor, rows, made),
        words=context.obj,
        out=place,
        as_json=as_json,
    )
    return FINE


def _require(
    intervals: bool,
    calibration: str | None,
    target: str | None,
    by: str | None,
    level: float,
    max_risk: float | None,
    confidence: float,
    training: str | None,
) -> None:
    from alignlab.errors import InputError

    for name, value in (("--level", level), ("--confidence", confidence), ("--max-risk", max_risk)):
        if value is not None and not 0 < value < 1:
            near = f" Did you mean {value / 100:g}?" if 1 < value < 100 else ""
            raise InputError(f"{name} {value:g} is not between 0 and 1.{near}")
    uses = [name for name, on in (("--intervals", intervals), ("--max-risk", max_risk)) if on]
    if uses and calibration is None:
        raise InputError(
            f"{uses[0]} needs rows with what happened, that the model was not fitted on: name "
            "their file with --calibration and their column with --target."
        )
    if not uses:
        for name, given in (
            ("--calibration", calibration),
            ("--target", target),
            ("--by", by),
            ("--training", training),
        ):
            if given is not None:
                raise InputError(
                    f"{name} is used for sets and intervals (--intervals) and for deciding or "
                    "asking (--max-risk): say which, or leave it out."
                )


def _require_probabilities(predictor: Predictor) -> None:
    from alignlab.errors import InputError

    if predictor.task != "classification":
        raise InputError(
            f"--max-risk is a share of wrong decisions, and the model {predictor.name!r} predicts "
            "a number. Use --intervals, and ask where the interval is too wide."
        )
    if not predictor.probabilistic:
        raise InputError(
            f"--max-risk goes by how sure the model is, and {predictor.name!r} gives decisions "
            "without probabilities. Give a model with probabilities."
        )


def _note_shared(made: Predicted, predictor: Predictor, rows: Rows, known: Rows) -> None:
    """Note rows that are calibration rows, not those of other cases that merely look alike."""
    import numpy as np

    from alignlab.datasets.row_hashes import require_apart, row_hashes, shared_rows
    from alignlab.errors import InputError, listed

    here, there = (row_hashes(predictor.selected(each.X)) for each in (rows, known))
    try:
        require_apart(here, there)
    except InputError:
        at = np.flatnonzero(shared_rows(here, there))
        made.notes.append(
            f"{len(at):,} of the {len(rows):,} rows of {rows.name} are also in {known.name} (rows "
            f"{listed(at.tolist(), most=5)}): what is promised is about rows that are new."
        )


def _answers(predictor: Predictor, answers: Any) -> Predicted:
    """Return each row's prediction and, where the model says them, its probabilities."""
    import numpy as np
    import pandas as pd

    decided = predictor.decide(answers)
    columns: dict[str, Any] = {"row": np.arange(len(answers))}
    if predictor.task == "regression":
        columns["prediction"] = decided
        return Predicted(pd.DataFrame(columns))
    names = np.array(predictor.class_names, dtype=object)
    columns["prediction"] = names[decided]
    if predictor.probabilistic:
        columns["sure"] = answers[np.arange(len(answers)), decided]
        columns |= {f"P({name})": answers[:, at] for at, name in enumerate(names)}
    return Predicted(pd.DataFrame(columns))


def _add_sets(
    made: Predicted,
    predictor: Predictor,
    answers: Any,
    rows: Rows,
    said: Any,
    known: Rows,
    level: float,
) -> None:
    """Add a set of classes, or an interval, for every row."""
    from alignlab.uncertainty.conformal import ConformalClassifier, ConformalRegressor

    by: Any = None if known.groups is None else "group"
    description: Any = ConformalRegressor(predictor, by=by)
    if predictor.task == "classification":
        description = ConformalClassifier(predictor, by=by)
    ready = description.calibrate(known.X, known.y, groups=known.groups, answers=said)
    found = ready.predict(rows.X, level=level, groups=rows.groups, answers=answers)
    frame = found.to_frame()
    for name in ("set", "size", "low", "high"):
        if name in frame.columns:
            made.table[name] = frame[name].to_numpy()
    made.notes += list(found.notes)
    expected = ready.expected_coverage(level)
    made.content["intervals"] = {
        "level": level,
        "calibration_rows": len(known),
        "expected_coverage": expected.to_dict(),
        "mean_size": float(found.sizes.mean()),
    }


def _add_decisions(
    made: Predicted,
    predictor: Predictor,
    rows: Rows,
    said: Any,
    known: Rows,
    max_risk: float,
    confidence: float,
) -> None:
    """Add whether to decide or to ask, by one threshold or by one for each group."""
    import numpy as np

    from alignlab.predictors import class_positions
    from alignlab.uncertainty.selective import choose_threshold

    decided = predictor.decide(said)
    happened = class_positions(known.y, predictor.classes, where=known.name, of_model=True)
    sure, wrong = said[np.arange(len(said)), decided], (decided != happened).astype(float)
    now = made.table["sure"].to_numpy()
    decide = np.zeros(len(rows), dtype=bool)
    kinds = [None] if known.groups is None else sorted({*rows.groups, *known.groups})
    thresholds = []
    for kind in kinds:
        fitted = np.full(len(known), True) if kind is None else known.groups == kind
        asked = np.full(len(rows), True) if kind is None else rows.groups == kind
        if not fitted.any():
            made.notes.append(
                f"The group {kind!r} has no calibration row: its {int(asked.sum()):,} rows are "
                "asked about."
            )
            continue
        found = choose_threshold(
            sure[fitted], wrong[fitted], max_risk=max_risk, confidence=confidence
        )
        decide[asked] = found.accepts(now[asked])
        thresholds.append({"group": kind, **found.to_dict()})
        made.notes.append(found.summary if kind is None else f"{kind}: {found.summary}")
    made.table["what to do"] = np.where(decide, "decide", "ask")
    made.content["decisions"] = {
        "max_risk": max_risk,
        "confidence": confidence,
        "decided": int(decide.sum()),
        "asked": int((~decide).sum()),
        "thresholds": thresholds,
    }


def _show(console: Console, predictor: Predictor, rows: Rows, made: Predicted) -> None:
    from alignlab.cli.output import bullet, rows_table

    console.print(
        f"{predictor.name} ({predictor.kind}) on {len(rows):,} rows of {rows.name}",
        style="bold",
        soft_wrap=True,
    )
    console.print()
    shown = made.table.head(10).copy()
    for name in shown.columns:
        if shown[name].dtype == float:
            shown[name] = [f"{value:.4g}" for value in shown[name]]
    console.print(rows_table(shown.astype(str), right=("row",)))
    more = len(made.table) - len(shown)
    if more > 0:
        console.print(f"and {more:,} more")
    for note in made.notes:
        console.print()
        bullet(console, note)
