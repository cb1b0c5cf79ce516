"""What the audit relies on in every check, tested on small made-up audits of many shapes.

A plug-in's test is one line: `assert_conforms("fairness.mine")`. The built-in checks pass it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.audit.check import Check, all_checks, run_check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import STATUSES, Finding, verdict
from alignlab.datasets import ImageData, grouping
from alignlab.errors import InputError, nearest
from alignlab.intervals import Estimate
from alignlab.oversight.items import Advice, Answered
from alignlab.predictors import Predictor

__all__ = ["CASES", "assert_conforms"]

ROUNDING = 1e-9


def assert_conforms(name: str) -> None:
    """Test that a check keeps the promises that the audit relies on.

    It returns a finding of its own name whatever the audit holds (two or more classes, values,
    groups or none, a group of one row, weights, decisions alone, images, a model that always
    answers the same); its summary is one line; its numbers lie inside their intervals and can be
    written as JSON; the same seed gives the same finding, and nothing that it was given is changed.

    Parameters
    ----------
    name
        The check's name. Its module must have been imported, or be an installed plug-in.

    Raises
    ------
    InputError
        If no check has that name.
    AssertionError
        If a promise is broken; the message names the case and the promise.

    Examples
    --------
    >>> assert_conforms("performance.accuracy")
    """
    known = all_checks()
    if name not in known:
        raise InputError(f"There is no check {name!r}.{nearest(name, known)}")
    checked = known[name]
    _promise(checked.question.endswith("?"), f"{name}: the question must end with '?'.")
    found: set[str] = set()
    for case, make in CASES.items():
        for context, stated in _with_and_without_limit(checked, make()):
            trial = _Trial(checked, context, f"{name} on {case}{stated}")
            told = _assert_keeps_promises(trial)
            if told in found:
                # What this case adds makes no difference to the check.
                break
            found.add(told)
            _assert_says_the_same_again(trial, told)


@dataclass(frozen=True, slots=True)
class _Trial:
    checked: Check
    context: AuditContext
    where: str


def _with_and_without_limit(
    checked: Check, context: AuditContext
) -> list[tuple[AuditContext, str]]:
    if checked.limit is None:
        return [(context, "")]
    low, high = np.nan_to_num(checked.limit_range, neginf=-1.0, posinf=1.0)
    stated = replace(context, limits={checked.name: float(low + high) / 2})
    return [(context, ""), (stated, ", with a limit")]


def _assert_keeps_promises(trial: _Trial) -> str:
    """Return the finding as text."""
    before = _snapshot(trial.context)
    global_state = _global_random_state()
    finding = run_check(trial.checked, trial.context)
    _promise(
        _global_random_state() == global_state,
        f"{trial.where}: NumPy's global random state was used. Draw from context.generator(...).",
    )
    _promise(
        _snapshot(trial.context) == before,
        f"{trial.where}: the context was changed. Work on a copy.",
    )
    _assert_says_what_it_is(finding, trial)
    for name, estimate in finding.estimates.items():
        _assert_is_an_interval(estimate, f"{trial.where}: the estimate {name!r}")
    _assert_is_plain(finding.to_dict(), trial.where)
    return json.dumps(finding.to_dict(), default=str)


def _assert_says_the_same_again(trial: _Trial, told: str) -> None:
    again = run_check(trial.checked, trial.context)
    _promise(
        json.dumps(again.to_dict(), default=str) == told,
        f"{trial.where}: the same seed gave another finding. Draw from context.generator(...).",
    )


def _assert_says_what_it_is(finding: Finding, trial: _Trial) -> None:
    checked, where = trial.checked, trial.where
    _promise(
        isinstance(finding, Finding)
        and (finding.check, finding.pillar) == (checked.name, checked.pillar),
        f"{where}: it must return a finding of its own. Use check.finding(...).",
    )
    _promise(finding.status in STATUSES, f"{where}: the status {finding.status!r} is none.")
    summary = finding.summary
    _promise(
        bool(summary) and "\n" not in summary and summary == summary.strip() and summary[-1] == ".",
        f"{where}: the summary must be one line that ends with a full stop: {summary!r}.",
    )
    _promise(
        all("\n" not in line and line[-1:] == "." for line in finding.advice),
        f"{where}: every piece of advice must be one line that ends with a full stop.",
    )
    if checked.absent(trial.context):
        _promise(
            finding.status == "not applicable" and not finding.estimates,
            f"{where}: something it needs is absent, so it must be 'not applicable'.",
        )
    if "model" not in checked.needs:
        _promise(
            finding.evaluations == 0,
            f"{where}: it asked the model about rows without saying needs=('model',).",
        )
    if finding.status in ("pass", "fail"):
        _promise(
            finding.limit is not None and finding.headline is not None,
            f"{where}: {finding.status!r} needs a limit and a number held against it.",
        )
    if finding.headline is not None and finding.limit is not None:
        opposite = {finding.status, verdict(finding.headline, finding.limit)}
        _promise(
            opposite != {"pass", "fail"},
            f"{where}: the status is {finding.status!r}, but the first estimate says the opposite.",
        )


def _assert_is_an_interval(estimate: Estimate, what: str) -> None:
    low, value, high = estimate.low, estimate.value, estimate.high
    inside = np.isnan([low, value, high]).any() or low - ROUNDING <= value <= high + ROUNDING
    _promise(bool(inside), f"{what} lies outside its interval: {low} <= {value} <= {high}.")
    _promise(0 < estimate.level < 1, f"{what} has the level {estimate.level}.")
    _promise(estimate.n >= 0, f"{what} has n = {estimate.n}.")
    _promise(bool(estimate.method), f"{what} does not say how its interval was made.")


def _assert_is_plain(value: Any, where: str) -> None:
    """Refuse what JSON could only hold as its text."""
    if isinstance(value, Mapping):
        _promise(all(isinstance(key, str) for key in value), f"{where}: a key is no text.")
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            _assert_is_plain(each, where)
        return
    _promise(
        value is None or isinstance(value, str | int | float | np.number | np.bool_ | np.ndarray),
        f"{where}: the finding holds something of type {type(value).__name__}, which is no JSON.",
    )


def _promise(kept: bool, message: str) -> None:
    if not kept:
        raise AssertionError(message)


def _global_random_state() -> str:
    return str(np.random.get_state())  # noqa: NPY002 (looked at, not drawn from)


def _snapshot(context: AuditContext) -> tuple[Any, ...]:
    arrays = (
        context.outcomes, context.decisions, context.probabilities, context.weights,
        context.utilities, *(each.codes for each in context.groupings),
        None if context.images is None else context.images.images,
    )  # fmt: skip
    tables = tuple(
        (tuple(frame.columns), pd.util.hash_pandas_object(frame).to_numpy().tobytes())
        for frame in (context.frame, context.features, context.reference)
        if isinstance(frame, pd.DataFrame)
    )
    return (*tables, *(None if array is None else array.tobytes() for array in arrays))


def _table(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    region = pd.Series(rng.choice(["north", "south", "west"], n))
    return pd.DataFrame(
        {
            "income": rng.normal(40, 12, n),
            "debt": rng.gamma(2.0, 3.0, n),
            "children": rng.integers(0, 4, n),
            "home": pd.Categorical(rng.choice(["own", "rent", "free"], n)),
            "sex": rng.choice(["f", "m"], n),
            "region": region.mask(rng.random(n) < 0.1),
        }
    )


FEATURES = ("income", "debt", "children", "home")


def _score(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Answer as a model does that copes with missing and unknown values."""
    numbers = rows[["income", "debt", "children"]].apply(pd.to_numeric, errors="coerce")
    income, debt, children = numbers.fillna(0).to_numpy(float).T
    owns = (rows["home"].astype(object) == "own").to_numpy(float)
    return 0.06 * (income - 40) - 0.15 * (debt - 6) - 0.1 * children + 0.5 * owns


def _softmax(rows: pd.DataFrame, slopes: tuple[float, ...]) -> NDArray[np.float64]:
    powers = np.exp(np.outer(_score(rows), slopes))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _classification(
    *, n: int = 240, slopes: tuple[float, ...] = (0.0, 1.0), groups: tuple[str, ...] = ()
) -> AuditContext:
    frame = _table(n)
    classes = tuple("abcdefg"[: len(slopes)])
    predictor = Predictor(
        lambda rows: _softmax(rows, slopes), "classification", classes, features=FEATURES
    )
    probabilities = predictor(frame)
    cumulated = probabilities.cumsum(axis=1)
    outcomes = (np.random.default_rng(3).random((n, 1)) > cumulated).sum(axis=1)
    outcomes = np.minimum(outcomes, len(slopes) - 1)
    return AuditContext(
        task="classification",
        classes=classes,
        frame=frame.assign(outcome=np.array(classes)[outcomes]),
        features=frame[list(FEATURES)],
        predictor=predictor,
        outcomes=outcomes,
        decisions=probabilities.argmax(axis=1),
        probabilities=probabilities,
        groupings=tuple(grouping(frame, name) for name in groups),
        favourable=1 if groups else None,
    )


def _regression(groups: tuple[str, ...] = ()) -> AuditContext:
    frame = _table(240)
    predictor = Predictor(_score, "regression", features=FEATURES)
    values = predictor(frame)
    outcomes = values + np.random.default_rng(4).normal(0, 0.5, len(values))
    return AuditContext(
        task="regression",
        classes=(),
        frame=frame.assign(outcome=outcomes),
        features=frame[list(FEATURES)],
        predictor=predictor,
        outcomes=outcomes,
        decisions=values,
        groupings=tuple(grouping(frame, name) for name in groups),
    )


def _grouped() -> AuditContext:
    return _classification(groups=("sex", "region", "sex*region"))


def _one_row_group() -> AuditContext:
    context = _classification(groups=("sex",))
    frame = context.frame.assign(sex=["x", *context.frame["sex"][1:]])
    return replace(context, frame=frame, groupings=(grouping(frame, "sex"),))


def _weighted() -> AuditContext:
    weights = np.random.default_rng(5).exponential(1.0, 240)
    weights[:5] = 0
    return replace(_grouped(), weights=weights)


def _without_model(context: AuditContext) -> AuditContext:
    return replace(context, predictor=None, features=context.features.iloc[:, :0])


def _decisions_only() -> AuditContext:
    return replace(_without_model(_grouped()), probabilities=None)


def _with_utilities() -> AuditContext:
    return replace(_grouped(), utilities=np.array([[0.0, -1.0], [-4.0, 1.0]]), asking_cost=0.2)


def _controlled() -> AuditContext:
    context = _grouped()
    return replace(context, control=grouping(context.frame, "home"))


def _images() -> AuditContext:
    """Return grey images of three brightnesses, and a model that sees those, with errors."""
    rng = np.random.default_rng(6)
    outcomes = rng.integers(0, 3, 60)
    pixels = 0.2 + 0.25 * outcomes[:, None, None, None] + 0.1 * rng.standard_normal((60, 1, 8, 8))
    pixels += 0.15 * rng.standard_normal((60, 1, 1, 1))
    breed = pd.DataFrame({"breed": rng.choice(["pug", "boxer"], 60)})
    classes = ("dark", "grey", "light")
    images = ImageData(np.clip(pixels, 0, 1), outcomes, classes, breed, "made up")

    def answer(x: NDArray[np.float32]) -> NDArray[np.float64]:
        away = np.abs(x.mean(axis=(1, 2, 3), dtype=float)[:, None] - [0.2, 0.45, 0.7])
        powers = np.exp(-8 * away)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    predictor = Predictor(answer, "classification", classes, batch_rows=256)
    probabilities = predictor(images.images)
    return AuditContext(
        task="classification",
        classes=classes,
        frame=breed.assign(label=images.label_names),
        features=breed,
        predictor=predictor,
        outcomes=outcomes,
        decisions=probabilities.argmax(axis=1),
        probabilities=probabilities,
        groupings=(grouping(breed, "breed"),),
        images=images,
    )


def _with_reference(context: AuditContext, **unlike: Any) -> AuditContext:
    """Return an audit with other rows of the same kind, but for what is unlike."""
    if context.images is not None:
        return replace(context, reference=context.images.take(np.arange(0, 60, 2)))
    other = context.features.sample(frac=0.8, replace=True, random_state=8)
    return replace(context, reference=other.assign(**unlike).reset_index(drop=True))


def _with_review(context: AuditContext, *, truth: bool = True) -> AuditContext:
    """Return an audit with the answers of three people to its first forty rows."""
    rng = np.random.default_rng(11)
    said = [context.classes[int(each)] for each in context.decisions[:40]]
    known = [context.classes[int(each)] for each in context.outcomes[:40]]
    answers = [
        Answered(
            seq=3 * at + person,
            key=f"row {at}",
            kind="decide",
            reviewer=f"person {person}",
            at=0.0,
            answer={"decision": said[at] if rng.random() < 0.6 else known[at]},
            own=None,
            said=(),
            arm="advice",
            advice_seen=True,
            card_seen=False,
            swapped=False,
            visible_ms=None,
            server_ms=1.0,
            drawn="random",
            stratum="",
            group="",
            advice=Advice(said[at]),
            truth=known[at] if truth else None,
            gold=None,
            source={},
        )
        for at in range(len(said))
        for person in range(3)
    ]
    return replace(context, review=tuple(answers))


CASES: dict[str, Callable[[], AuditContext]] = {
    "two classes, no groups": _classification,
    "two classes and groups": _grouped,
    "a group of one row": _one_row_group,
    "groups within a control": _controlled,
    "sample weights": _weighted,
    "utilities": _with_utilities,
    "probabilities without a model": lambda: _without_model(_grouped()),
    "decisions alone": _decisions_only,
    "three classes": lambda: _classification(slopes=(0.0, 0.7, -0.5), groups=("sex",)),
    "a model that always answers the same": lambda: _classification(
        slopes=(0.0, 0.0), groups=("sex",)
    ),
    "eight rows": lambda: _classification(n=8, groups=("sex",)),
    "images": _images,
    "a reference": lambda: _with_reference(_grouped()),
    "a reference that these rows are unlike": lambda: _with_reference(_weighted(), debt=90.0),
    "a reference of columns without a model": lambda: _with_reference(_without_model(_grouped())),
    "eight rows and a reference": lambda: _with_reference(_classification(n=8)),
    "images and a reference": lambda: _with_reference(_images()),
    "values and a reference": lambda: _with_reference(_regression(("sex",))),
    "a review": lambda: _with_review(_grouped()),
    "a review without truth": lambda: _with_review(_grouped(), truth=False),
    "eight rows and a review": lambda: _with_review(_classification(n=8)),
    "values": _regression,
    "values and groups": lambda: _regression(("sex", "region")),
}
"""The made-up audits by what is special about them."""
