"""`alignlab attack`: search for changes that make a model wrong, and say what is left."""

from __future__ import annotations

import io
from collections.abc import Mapping
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
    Trust,
    split_names,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from alignlab.cli.attacked_data import Attacked
    from alignlab.cli.output import Result
    from alignlab.robustness.curves import RobustnessCurve
    from alignlab.robustness.results import RobustnessResult

__all__ = ["attack"]

FINE, BELOW = 0, 1

WITNESSES = ("witnesses.npz", "witnesses.csv")
"""The rows that the model gets wrong: of images, of a table."""

# Each option is a type of its own, so that the command's signature reads as the list of options.
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=f"The rows: {ROWS}",
    ),
]
ThreatText = Annotated[
    str,
    typer.Option(
        "--threat",
        metavar="NORM:RADIUS",
        help="What may be done to a row: linf:8/255 moves every pixel (from 0 to 1) by at most "
        "8/255, linf:0.1 every number of a table by at most 0.1 of its scale. Also l2 and l1.",
    ),
]
Attacks = Annotated[
    str,
    typer.Option(
        metavar="NAME[,NAME…]",
        help="efficient (as few as each row still needs), standard (AutoAttack as published), or "
        "in order: pgd, apgd, apgd-t, fab, square, hopskipjump; of a table: tabular.",
    ),
]
ConstraintsFile = Annotated[
    Path | None,
    typer.Option(
        "--constraints",
        metavar="FILE.toml",
        help="Of a table: immutable, bounds, integers, one_hot, categories, monotone, relations; "
        "bounds and categories that it does not state are those of the data.",
    ),
]
Scales = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of a table: a move by 1 is a column's standard deviation (std), its range (range), "
        "or 1 (none). [default: std]",
    ),
]
CategoryCost = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="Of a table: the move that another category counts as. [default: 1]",
    ),
]
MaxChanged = Annotated[
    int | None, typer.Option(metavar="N", help="Of a table: change at most N columns of a row.")
]
Radii = Annotated[
    str | None, typer.Option(metavar="R[,R…]", help="Further radii, for a curve of accuracy.")
]
Rows = Annotated[int, typer.Option(metavar="N", help="Attack at most N rows, drawn by the seed.")]
Seconds = Annotated[
    float | None,
    typer.Option(metavar="S", help="Attack for S seconds a radius at most. [default: to the end]"),
]
FailUnder = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE", help="Exit with 1 if the share of rows not broken is surely below SHARE."
    ),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write the verdicts, the broken rows and a picture there."),
]


def attack(
    context: typer.Context,
    model: Model,
    data: Data,
    threat: ThreatText,
    attacks: Attacks = "efficient",
    target: Target = None,
    constraints: ConstraintsFile = None,
    scales: Scales = None,
    category_cost: CategoryCost = None,
    max_changed: MaxChanged = None,
    radii: Radii = None,
    rows: Rows = 500,
    seconds: Seconds = None,
    fail_under: FailUnder = None,
    classes: Classes = None,
    features: Features = None,
    seed: Seed = 0,
    level: Level = 0.95,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Search for small changes that make a classifier wrong.

    Says how many rows are right as they are, how many of these no attack broke (no more are
    robust), and how many are proved to hold (no fewer are). DIR gets attack.json, attack.csv (each
    row's verdict), attack.svg, and the rows that the model gets wrong as witnesses.npz (images) or
    witnesses.csv (tables). Exit code: 0 fine, 1 below --fail-under, 2 if something given cannot be
    used.
    """
    from alignlab.cli.attacked_data import SCALES, Opening, read_attacked, read_threat
    from alignlab.cli.output import deliver, prepare
    from alignlab.errors import InputError, require_choice
    from alignlab.intervals import critical_value
    from alignlab.random import as_generator
    from alignlab.robustness.curves import robustness_curve
    from alignlab.robustness.stated import norm_and_radius, number_from_0, require_pixels

    _require_settings(rows, seconds, fail_under, max_changed)
    critical_value(level)  # refuses a level outside (0, 1)
    as_generator(seed)
    norm, radius = norm_and_radius(threat, what="--threat")
    if scales is not None:
        require_choice(scales, SCALES, what="--scales")
    named = split_names(attacks, "--attacks") or []
    further = [number_from_0(each, what="--radii") for each in split_names(radii, "--radii") or []]
    place = prepare(out)
    opening = Opening(
        classes=split_names(classes, "--classes"),
        features=split_names(features, "--features"),
        allow_pickle=allow_pickle,
        trust=trust or (),
    )
    attacked = read_attacked(model, data, target=target, opening=opening, rows=rows, seed=seed)
    allowed = read_threat(
        norm,
        radius,
        attacked,
        constraints=constraints,
        scales=scales,
        category_cost=category_cost,
        max_changed=max_changed,
    )
    if not attacked.is_table:
        if "tabular" in named:
            raise InputError("--attacks tabular is for rows of a table, and these are images.")
        for each in further:
            require_pixels(norm, each, what="--radii")
    curve = robustness_curve(
        attacked.predictor,
        attacked.X,
        attacked.y,
        allowed,
        [*further, allowed.radius],
        attacks=named,
        seconds=seconds,
        seed=seed,
        level=level,
    )
    found = next(each for each in curve.results if each.radius == allowed.radius)
    below = fail_under is not None and found.robust_accuracy.high < fail_under
    deliver(
        lambda: _result(attacked, curve, found),
        lambda console: _show(console, attacked, curve, found, fail_under),
        words=context.obj,
        out=place,
        as_json=as_json,
    )
    if place is not None:
        for name in set(WITNESSES) - set(_witnesses(attacked, found)):
            (place / name).unlink(missing_ok=True)  # those of an earlier run are not of this one
    return BELOW if below else FINE


def _require_settings(
    rows: int, seconds: float | None, fail_under: float | None, max_changed: int | None
) -> None:
    from alignlab.errors import InputError

    if rows < 1:
        raise InputError(f"--rows {rows}: attack at least one row.")
    if seconds is not None and not seconds > 0:
        raise InputError(
            f"--seconds {seconds:g} is not above 0. Leave it out to attack to the end."
        )
    if fail_under is not None and not 0 <= fail_under <= 1:
        raise InputError(f"--fail-under {fail_under:g} is no share: give one from 0 to 1.")
    if max_changed is not None and max_changed < 1:
        raise InputError(f"--max-changed {max_changed}: give 1 or more, or leave it out.")


def _result(attacked: Attacked, curve: RobustnessCurve, found: RobustnessResult) -> Result:
    """Return what leaves: all but the times, for the same seed writes the same files."""
    from alignlab.cli.output import Result

    content = {
        "model": attacked.predictor.name,
        "data": attacked.name,
        "rows": attacked.at.tolist(),
        **_untimed(found),
        "curve": [_untimed(each) for each in curve.results if each is not found],
    }
    table = found.to_frame()
    table.insert(0, "row", attacked.at)
    chart = found.chart() if len(curve.results) == 1 else curve.chart()
    return Result("attack", content, table, chart, _witnesses(attacked, found))


def _untimed(result: RobustnessResult) -> dict[str, Any]:
    content = result.to_dict()
    for timed in (content, *content["attacks"]):
        timed.pop("seconds", None)
        timed.pop("model_seconds", None)
    return content


def _witnesses(attacked: Attacked, found: RobustnessResult) -> Mapping[str, str | bytes]:
    """Return the rows that the model gets wrong as a file: none where there are none."""
    import numpy as np

    at = np.flatnonzero(found.broken)
    if not len(at):
        return {}
    if attacked.is_table:
        frame: pd.DataFrame = found.witnesses.iloc[at]
        frame = frame.assign(row=attacked.at[at], **{"broken by": found.broken_by[at]})
        first = ["row", "broken by"]
        frame = frame[[*first, *(name for name in frame.columns if name not in first)]]
        return {WITNESSES[1]: frame.to_csv(index=False, lineterminator="\n")}
    names = attacked.predictor.class_names
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        images=found.witnesses[at],
        labels=np.array([str(name) for name in attacked.y[at]]),
        classes=np.array(names),
        row=attacked.at[at],
        broken_by=found.broken_by[at],
    )
    return {WITNESSES[0]: buffer.getvalue()}


def _show(
    console: Console,
    attacked: Attacked,
    curve: RobustnessCurve,
    found: RobustnessResult,
    fail_under: float | None,
) -> None:
    import pandas as pd

    from alignlab.cli.output import bullet, paragraph, rows_table

    console.print(f"{attacked.title}: {found.threat}", style="bold", soft_wrap=True)
    console.print()
    shares = {
        "right as they are": found.accuracy,
        "not broken": found.robust_accuracy,
        "certified": found.certified_accuracy,
    }
    if not found.certificate:
        del shares["certified"]
    lines = [[name, f"{each.value:.1%}", _interval(each)] for name, each in shares.items()]
    limits = f"{found.level:.0%} limits"
    frame = pd.DataFrame(lines, columns=["rows", "share", limits])
    console.print(rows_table(frame, right=("share", limits)))
    if found.attacks:
        console.print()
        console.print(rows_table(_runs(found), right=("given", "broke", "passes", "gradients")))
    if len(curve.results) > 1:
        console.print()
        console.print(rows_table(_radii(curve), right=("radius", "not broken", "certified")))
    paragraph(console, found.headline, style="" if found.reliable else "bold red")
    for warning in found.warnings[1:]:
        bullet(console, warning.summary)
    if found.stopped:
        paragraph(console, "The time was over before all attacks were made; --seconds sets it.")
    if found.certificate:
        paragraph(console, f"Certified by {found.certificate}.")
    if fail_under is not None:
        told = "below" if found.robust_accuracy.high < fail_under else "not surely below"
        paragraph(console, f"The share not broken is {told} --fail-under {fail_under:g}.")


def _interval(estimate: Any) -> str:
    return f"{estimate.low:.1%} to {estimate.high:.1%}"


def _runs(found: RobustnessResult) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            [
                run.name,
                f"{run.asked:,}",
                f"{run.broke:,}",
                f"{run.forward_rows:,}",
                f"{run.backward_rows:,}",
            ]
            for run in found.attacks
        ],
        columns=["attack", "given", "broke", "passes", "gradients"],
    )


def _radii(curve: RobustnessCurve) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            [
                f"{each.radius:g}",
                f"{each.robust_accuracy.value:.1%}",
                f"{each.certified_accuracy.value:.1%}",
            ]
            for each in curve.results
        ],
        columns=["radius", "not broken", "certified"],
    )
