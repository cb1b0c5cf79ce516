"""An audit from end to end: read what was given, ask the model once, run the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from alignlab import __version__
from alignlab.audit.check import Check, all_checks, run_check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import PILLARS, Finding
from alignlab.audit.inputs import Request, read_study
from alignlab.audit.result import AuditResult
from alignlab.audit.rows import encode_rows
from alignlab.datasets import require_apart, row_hashes
from alignlab.errors import InputError, nearest
from alignlab.progress import ProgressCallback, track

__all__ = ["audit", "choose_checks", "run_checks", "validated_limits"]


def audit(
    model: Any = None,
    data: Any = None,
    *,
    predictions: Any = None,
    target: str | None = None,
    prediction: str | None = None,
    probability: str | Sequence[str] | Mapping[str, str] | None = None,
    groups: str | Sequence[str] = (),
    favourable: Any = None,
    weights: str | None = None,
    limits: Mapping[str, float] | None = None,
    utilities: Mapping[str, Any] | None = None,
    checks: Sequence[str] | None = None,
    seed: int = 0,
    control: str | None = None,
    classes: Sequence[str] | None = None,
    task: str | None = None,
    asking_cost: float | None = None,
    level: float = 0.95,
    allow_pickle: bool = False,
    trust: Sequence[str] = (),
    endpoint: Mapping[str, Any] | None = None,
    progress: ProgressCallback | None = None,
    reproduce: str | None = None,
    gate: Sequence[str] = (),
    features: str | Sequence[str] | None = None,
    rows: bool = True,
    reference: Any = None,
    review: Any = None,
) -> AuditResult:
    """Audit one model on one table or set of images: every check, with limits, as one result.

    The model is asked for the rows once, and never fitted or changed.

    Parameters
    ----------
    model
        An estimator, a torch module, a function of rows, a `Predictor`, or a reference such as
        `"package.module:function"`, `"model.skops"` or `"https://host/predict"`.
    data
        The rows: a data frame, a `TableData`, or the path of a CSV, Parquet or Arrow file. Or
        images: `ImageData`, the path of a .npz file, or of a folder with one folder of pictures a
        class, "digits" or "mnist-5k"; their class is the target, and their columns are what
        `groups` can name.
    predictions
        Instead of a model: a table that holds its answers, and the other columns too unless
        `data` has them.
    target
        The column that holds what really happened; may be left out where `data` is a `TableData`
        that knows.
    prediction
        The column of predicted classes or values, in `predictions`.
    probability
        The columns of predicted probabilities: one column, a list in the order of the sorted
        classes, or a mapping from class to column.
    groups
        The groupings to compare: `"race,sex,race*sex"` or a list; `*` asks for an intersection.
    favourable
        The target's value that people want to receive. It has no default: what is good for the
        people concerned cannot be seen in a table.
    weights
        The column of sample weights.
    limits
        Check name to the limit that its number is held against.
    utilities
        Decision to outcome to what that is worth; `"ask"` may hold the cost of asking a person.
    checks
        Names or pillars to run; `None` runs all.
    seed
        The root of all randomness.
    control
        Compare groups only within the levels of this column.
    classes
        All classes in the order of the model's probabilities, where neither the model nor the
        table shows them.
    task
        "classification" or "regression", where a target of few whole numbers leaves it open.
    asking_cost
        The cost of asking a person, on the scale of `utilities`.
    level
        The coverage of the intervals.
    allow_pickle
        Open a pickle, which can run any code. Only for files that you trust.
    trust
        Types that a skops file may hold beyond those known to be safe.
    endpoint
        How to talk to a model behind HTTP; see `alignlab.predictors.Endpoint`.
    progress
        Told of each check instead of the terminal.
    reproduce
        What the report names as the way to run this again; the call itself if left out.
    gate
        Checks or pillars that something hangs on: refused, before any check runs, where none of
        what one of them names can be judged on these rows.
    features
        The columns that the model reads, in its order, where it does not name them: a model of one
        matrix beside group columns. `None` takes what the model names, and else every column that
        has no other role; groups are left out where only that fits the model's width.
    rows
        Keep each row's outcome, decision, probabilities and groups in the result, so that two
        reports on the same rows can be compared in pairs.
    reference
        Other rows that are as they should be, in the form of `data`, such as those that the model
        was made for: what is unlike them is found, and what has drifted.
    review
        What people decided who were shown this model's decisions: the folder of a review, a
        `Review`, or answers as `Review.answers` gives them.

    Returns
    -------
    AuditResult

    Raises
    ------
    AlignlabError
        If something given cannot be used or the model fails; one line says what, where and
        what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"paid": [1, 0, 1, 1] * 50, "said": [1, 0, 0, 1] * 50})
    >>> result = audit(predictions=table, target="paid", prediction="said",
    ...                checks=["performance.accuracy"])
    >>> result.subject["data"]["rows"]
    200
    """
    chosen = choose_checks(checks)
    request = Request(
        model=model,
        data=data,
        predictions=predictions,
        target=target,
        prediction=prediction,
        probability=probability,
        groups=groups,
        favourable=favourable,
        weights=weights,
        limits=validated_limits(limits or {}),
        utilities=utilities,
        checks=checks,
        seed=seed,
        control=control,
        classes=classes,
        task=task,
        asking_cost=asking_cost,
        level=level,
        allow_pickle=allow_pickle,
        trust=trust,
        endpoint=endpoint,
        features=features,
        rows=rows,
        reference=reference,
        review=review,
    )
    study = read_study(
        request,
        favourable_needed_by=[
            each.name
            for each in chosen
            if "groups" in each.needs and {"favourable", "scores"} & set(each.needs)
        ],
    )
    context = study.context
    _require_judged(gate, chosen, context)
    findings = run_checks(context, [each.name for each in chosen], progress=progress)
    predictor = context.predictor
    asked = 0 if predictor is None else predictor.rows_evaluated - study.asked_before
    settings = {
        "limits": dict(request.limits),
        "level": level,
        "seed": seed,
        "utilities": _stated_utilities(context),
        "asking_cost": context.asking_cost,
        "checks": [each.name for each in chosen],
    }
    subject = {
        "alignlab": __version__,
        "model": {**study.model, "rows_evaluated": asked},
        "data": study.data | _seen(context),
        "settings": settings,
        "reproduce": reproduce or _as_call(request),
    }
    return AuditResult(findings, subject, rows=encode_rows(context) if rows else {})


def _seen(context: AuditContext) -> dict[str, str]:
    """Return what there is to say where the model has learned from the rows it is measured on."""
    model = context.predictor
    if model is None or model.trained_on is None:
        return {}
    rows = context.features if context.images is None else context.images.images
    try:
        require_apart(row_hashes(model.selected(rows)), model.trained_on, what="audited")
    except InputError as error:
        return {"seen": str(error)}
    return {}


def _require_judged(gate: Sequence[str], chosen: Sequence[Check], context: AuditContext) -> None:
    """Raise if a gate could only ever stand open: nothing that it names applies here."""
    for name in gate:
        meant = [
            each
            for each in choose_checks([name])
            if each in chosen and each.limit_in(context) is not None
        ]
        reasons = [each.absent(context) for each in meant]
        if not meant:
            raise InputError(f"--fail-on {name}: no check with a limit is run under that name.")
        if all(reasons):
            raise InputError(
                f"--fail-on {name}: {name} cannot be judged here: {reasons[0]}. "
                "Give what is missing, or take it out of --fail-on."
            )


def run_checks(
    context: AuditContext,
    checks: Sequence[str] | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> tuple[Finding, ...]:
    """Run checks on a context.

    Parameters
    ----------
    context
        The rows, the answers and what people want of them.
    checks
        Names or pillars ("fairness"); `None` runs all.
    progress
        Told of each check instead of the terminal.

    Raises
    ------
    InputError
        If a check does not exist, or a limit is stated for none, or lies outside its range.
    """
    chosen = choose_checks(checks)
    validated_limits(context.limits)
    steps = track(chosen, total=len(chosen), name=lambda each: each.name, callback=progress)
    return tuple(run_check(each, context) for each in steps)


def choose_checks(names: Sequence[str] | None) -> list[Check]:
    """Return the checks of those names or pillars, in the order of the report.

    Parameters
    ----------
    names
        Names or pillars ("fairness"); `None` chooses all.

    Raises
    ------
    InputError
        If there is no such check; the message names the nearest.

    Examples
    --------
    >>> choose_checks(["fairnes"])
    Traceback (most recent call last):
    alignlab.errors.InputError: There is no check 'fairnes'. Did you mean 'fairness'? ...
    """
    known = all_checks()
    if names is None:
        return list(known.values())
    chosen: set[str] = set()
    for name in names:
        found = {each.name for each in known.values() if name in (each.name, each.pillar)}
        if not found:
            raise InputError(
                f"There is no check {name!r}.{nearest(name, [*known, *PILLARS])} "
                f"Checks: {', '.join(known)}."
            )
        chosen |= found
    return [each for each in known.values() if each.name in chosen]


def validated_limits(limits: Mapping[str, float]) -> dict[str, float]:
    """Return the stated limits as numbers.

    Parameters
    ----------
    limits
        Check name to value.

    Raises
    ------
    InputError
        If a check does not exist or takes no limit, or the value is no number in its range.
    """
    known = {each.name: each for each in all_checks().values() if each.limit is not None}
    for name, value in limits.items():
        if name not in known:
            raise InputError(
                f"There is no limit for {name!r}.{nearest(name, known)} "
                f"Checks with a limit: {', '.join(known)}."
            )
        limit = known[name].limit
        low, high = known[name].limit_range
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise InputError(f"The limit {name}={value!r} is not a number.")
        if limit is not None and not low <= value <= high:
            raise InputError(
                f"The limit {name}={value:g} is out of range: {limit.of} {limit.side} a value "
                f"from {low:g} to {high:g}."
            )
    return {name: float(value) for name, value in limits.items()}


def _stated_utilities(context: AuditContext) -> dict[str, dict[str, float]] | None:
    if context.utilities is None:
        return None
    return {
        decision: dict(zip(context.classes, row.tolist(), strict=True))
        for decision, row in zip(context.classes, context.utilities, strict=True)
    }


def _as_call(request: Request) -> str:
    """Return the Python call that asks for this; what is no literal, by its type."""
    shown = []
    for field in fields(request):
        value = getattr(request, field.name)
        if value is None or (isinstance(value, str | tuple | list | dict) and not value):
            continue
        literal = isinstance(value, str | int | float | bool | list | tuple | dict)
        if not literal:
            shown.append(f"{field.name}=<{type(value).__name__}>")
        elif value != field.default:
            shown.append(f"{field.name}={value!r}")
    return f"alignlab.audit({', '.join(shown)})"
