"""`alignlab audit`: audit a model, write the report, say what matters, and gate."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alignlab.cli.options import ROWS, AllowPickle, Classes, Features, Task, Trust

if TYPE_CHECKING:
    from alignlab.audit.check import Check
    from alignlab.audit.spec import AuditSpec

__all__ = ["audit", "command_line"]

FINE, CHECK_FAILED = 0, 1

# Each option is a type of its own, so that the command's signature reads as the list of options.
Spec = Annotated[
    Path | None,
    typer.Argument(metavar="SPEC.toml", help="A file with these options; flags win over it."),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="REF",
        help="package.module:function, https://…, model.skops, model.onnx, "
        "weights.safetensors@package.module:Class, model.pt2, the folder that alignlab train "
        "wrote, or model.pkl with --allow-pickle.",
    ),
]
Predictions = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Instead of a model: a table that holds its answers."),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help=f"The rows: {ROWS}",
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Other rows that are as they should be, such as those of training: what is unlike "
        "them is found, and what has drifted.",
    ),
]
Reviewed = Annotated[
    str | None,
    typer.Option(
        "--review",
        metavar="PROJECT",
        help="The folder of a review of this model's decisions: do people rely on it where it is "
        "right, and do they agree?",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="COL", help="The column that holds what happened.")
]
Prediction = Annotated[
    str | None, typer.Option(metavar="COL", help="The column of predicted classes or values.")
]
Probability = Annotated[
    str | None,
    typer.Option(
        metavar="COL[,COL…]",
        help="The columns of probabilities: one (of the class that sorts last), or one a class "
        "in sorted order, or CLASS=COL,…",
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(metavar="COL[,COL…]", help='Groups to compare; "race*sex" is an intersection.'),
]
Control = Annotated[
    str | None,
    typer.Option(metavar="COL", help="Compare groups only within the levels of this column."),
]
Favourable = Annotated[
    str | None,
    typer.Option(metavar="VALUE", help="The target's value that people want to receive."),
]
Weights = Annotated[str | None, typer.Option(metavar="COL", help="The column of sample weights.")]
NoRows = Annotated[
    bool,
    typer.Option(
        "--no-rows",
        help="Keep no row's outcome, decision, probabilities and groups in report.json.",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="CHECK=VALUE", help="Hold a check to a limit; repeatable."),
]
Checks = Annotated[
    str | None,
    typer.Option(metavar="CHECK[,CHECK…]", help="Run only these checks or pillars."),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        metavar="CHECK[,CHECK…]", help="Exit with 1 if one of these checks or pillars fails."
    ),
]
Level = Annotated[
    float | None, typer.Option(metavar="SHARE", help="Coverage of the intervals. [default: 0.95]")
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="The root of all randomness. [default: 0]")
]
Out = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Where the report goes. [default: alignlab-report]"),
]


def audit(
    context: typer.Context,
    spec: Spec = None,
    model: Model = None,
    predictions: Predictions = None,
    data: Data = None,
    target: Target = None,
    prediction: Prediction = None,
    probability: Probability = None,
    groups: Groups = None,
    favourable: Favourable = None,
    weights: Weights = None,
    limit: Limits = None,
    seed: Seed = None,
    fail_on: FailOn = None,
    out: Out = None,
    control: Control = None,
    task: Task = None,
    classes: Classes = None,
    features: Features = None,
    checks: Checks = None,
    level: Level = None,
    allow_pickle: AllowPickle = False,
    trust: Trust = None,
    no_rows: NoRows = False,
    reference: Reference = None,
    review: Reviewed = None,
) -> int:
    """Audit a model, or a table of its predictions, and write a report.

    Writes DIR/report.html, report.json, model-card.md, evidence.md and junit.xml. Exit code: 0
    fine, 1 if a check named by --fail-on failed, 2 if something given cannot be used.
    """
    from alignlab.audit.spec import AuditSpec, parse_limits, parse_probability, read_spec
    from alignlab.errors import InputError

    if spec is not None and spec.is_dir():
        raise InputError(
            f"{spec} is a directory, and a file SPEC.toml stands there. A model is named with "
            "--model and its rows with --data."
        )
    stated = AuditSpec() if spec is None else read_spec(spec)
    flags: dict[str, Any] = {
        "model": model,
        "predictions": predictions,
        "data": data,
        "reference": reference,
        "review": review,
        "target": target,
        "prediction": prediction,
        "probability": probability,
        "groups": groups,
        "control": control,
        "favourable": favourable,
        "weights": weights,
        "task": task,
        "classes": classes,
        "features": features,
        "rows": False if no_rows else None,
        "checks": checks,
        "fail_on": fail_on,
        "level": level,
        "seed": seed,
        "out": out,
    }
    for name, value in flags.items():
        if isinstance(value, str) and not value.strip(" ,"):
            flag = name.replace("_", "-")
            raise InputError(f"--{flag} is empty: give it a value, or leave it out.")
    flags["probability"] = parse_probability(probability)
    asked = stated.overridden(
        {name: value for name, value in flags.items() if value is not None},
        limits=parse_limits(limit or []),
    )
    return _audit(asked, allow_pickle, trust or [], command_line(context.obj))


def _audit(spec: AuditSpec, allow_pickle: bool, trust: Sequence[str], command: str) -> int:
    from alignlab.audit import audit as run_audit
    from alignlab.cli.terminal import show_result
    from alignlab.files import require_writable

    directory = Path(spec.out)
    gate = _gate(spec)
    _require_directory(directory)
    require_writable(directory)
    result = run_audit(
        **spec.options(),
        gate=spec.fail_on,
        allow_pickle=allow_pickle,
        trust=trust,
        reproduce=command,
    )
    result.save(directory)
    show_result(result, directory, gate=gate)
    return CHECK_FAILED if gate and result.failed(gate) else FINE


def _require_directory(directory: Path, *, named: str = "with --out") -> None:
    from alignlab.errors import OutputError

    place = next((each for each in (directory, *directory.parents) if each.exists()), directory)
    if place.exists() and not place.is_dir():
        raise OutputError(
            f"Cannot write to {directory}: Not a directory. Nothing was written. {place} is a "
            f"file: name another directory {named}."
        )


def _gate(spec: AuditSpec) -> tuple[str, ...]:
    """Return the checks whose failing makes the exit code 1; refuse one that could never fail."""
    from alignlab.audit import choose_checks
    from alignlab.errors import InputError

    run = {each.name for each in choose_checks(spec.checks)}
    gate: list[str] = []
    for name in spec.fail_on:
        meant = choose_checks([name])
        can_fail = [
            each.name
            for each in meant
            if each.name in run and (each.name in spec.limits or _has_limit(each))
        ]
        if not can_fail:
            reason = "is not among the checks that are run (--checks)"
            if any(each.name in run for each in meant):
                reason = _without_limit(name, [each for each in meant if each.name in run])
            raise InputError(f"--fail-on {name}: {name} {reason}.")
        gate += can_fail
    return tuple(dict.fromkeys(gate))


def _without_limit(name: str, meant: Sequence[Check]) -> str:
    takes = [each.name for each in meant if each.limit is not None]
    if not takes:
        return "has no check that takes a limit, so it cannot fail"
    more = "" if takes == [name] else f" (or of {', '.join(takes[1:])})" if takes[1:] else ""
    return f"has no limit, so it cannot fail: state one with --limit {takes[0]}=VALUE{more}"


def _has_limit(check: Check) -> bool:
    return check.limit is not None and not isnan(check.limit.value)


NOT_THE_RESULT = ("--out",)
"""Where the report lies is not part of what is in it."""


def command_line(words: Sequence[str]) -> str:
    """Return the command that runs this again."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in NOT_THE_RESULT:
            skip = True
        elif not word.startswith(tuple(f"{flag}=" for flag in NOT_THE_RESULT)):
            kept.append(word)
    return shlex.join(["alignlab", *kept])
