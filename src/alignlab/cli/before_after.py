"""A model before and after training, on the same held-out rows, in the few numbers that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.audit import AuditResult
    from alignlab.fairness.disparity import Disparity
    from alignlab.intervals import Estimate
    from alignlab.predictors import Predictor
    from alignlab.robustness.results import RobustnessResult
    from alignlab.training.setup import Setup

__all__ = ["Audited", "audited", "compared"]

GAPS = {
    "fairness.selection_rate": "gap in selection rates",
    "fairness.equalized_odds": "gap in error rates",
    "fairness.accuracy": "gap in accuracy",
}
"""The headline of these checks, where groups and a favourable outcome are stated."""

TIMED = "robustness.adversarial"
"""The check that stops by the clock: the threat that was trained against is measured in full."""


@dataclass(frozen=True, eq=False)
class Audited:
    """What was measured of one model.

    Attributes
    ----------
    report
        The audit.
    robustness
        What is known under the threat; `None` without one.
    gaps
        For each column of groups, the differences, within a class, between groups' shares of rows
        decided right; and which groups have too few rows to be compared.
    """

    report: AuditResult
    robustness: RobustnessResult | None
    gaps: Mapping[str, Disparity]


def audited(setup: Setup, predictor: Predictor, *, command: str | None = None) -> Audited:
    """Audit a model on the held-out rows.

    Parameters
    ----------
    setup
        What was asked for.
    predictor
        Takes rows as people have them.
    command
        What the report names as the way to make it again.
    """
    from alignlab.audit import all_checks, audit
    from alignlab.datasets import TableData
    from alignlab.robustness.evaluation import evaluate_robustness

    spec = setup.spec
    rows: Any = setup.test_rows
    fair = spec.favourable is not None
    options: dict[str, Any] = {"seed": spec.seed, "groups": spec.groups if fair else ()}
    options["reproduce"] = command
    options["checks"] = [name for name in all_checks() if name != TIMED]
    if fair:
        options["favourable"] = spec.favourable
    if setup.images:
        report = audit(predictor, rows, **options)
    else:
        known = rows if fair or not spec.groups else rows.drop(columns=_unread(setup))
        named = TableData(known, name=f"{Path(spec.data).name}, rows held out")
        report = audit(predictor, named, target=spec.target, **options)
    robustness = None
    if setup.threat is not None:
        x = setup.test.x.numpy() if setup.images else rows
        classes = [setup.classes[code] for code in setup.test.y.tolist()]
        robustness = evaluate_robustness(
            predictor, x, classes, setup.threat, seed=spec.seed, batch_rows=256
        )
        report = _with_robustness(report, robustness)
    return Audited(report, robustness, _gaps(setup, predictor))


def compared(setup: Setup, audits: Mapping[str, Audited]) -> list[dict[str, Any]]:
    """Return one row a measure, with each model's estimate by its name."""

    def row(measure: str, of: Callable[[Audited], Estimate | None]) -> dict[str, Any]:
        return {"measure": measure, **{name: _told(of(each)) for name, each in audits.items()}}

    def headline(check: str) -> Callable[[Audited], Estimate | None]:
        return lambda each: next(iter(each.report.finding(check).estimates.values()), None)

    def gap(column: str) -> Callable[[Audited], Estimate | None]:
        return lambda each: each.gaps[column].gap

    def robust(each: Audited) -> Estimate | None:
        return None if each.robustness is None else each.robustness.robust_accuracy

    rows = [row("accuracy", headline("performance.accuracy"))]
    if setup.spec.favourable is not None and setup.spec.groups:
        rows += [row(called, headline(check)) for check, called in GAPS.items()]
    else:
        gaps = next(iter(audits.values())).gaps
        rows += [
            {**row(f"worst gap in {column}", gap(column)), "left_out": gaps[column].too_small}
            for column in setup.spec.groups
        ]
    if setup.threat is not None:
        known = [each.robustness for each in audits.values() if each.robustness is not None]
        doubt = "" if all(each.reliable for each in known) else " (unreliable)"
        units = "" if setup.images else " in the columns' own units"
        rows.append(row(f"robust accuracy under {setup.threat}{units}{doubt}", robust))
    return rows


def _with_robustness(report: AuditResult, robustness: RobustnessResult) -> AuditResult:
    """Return the report with what was measured in place of the check that stops by the clock."""
    from dataclasses import replace

    from alignlab.audit import all_checks

    finding = all_checks()[TIMED].finding(
        "measured",
        robustness.headline,
        estimates={
            "robust accuracy": robustness.robust_accuracy,
            "accuracy": robustness.accuracy,
            "certified": robustness.certified_accuracy,
        },
        advice=tuple(each.summary for each in robustness.warnings),
        charts=(robustness.chart(),),
    )
    order = list(all_checks())
    findings = sorted([*report.findings, finding], key=lambda each: order.index(each.check))
    return replace(report, findings=tuple(findings))


def _told(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None or estimate.value != estimate.value:
        return {"said": "not enough rows"}
    return {**estimate.to_dict(), "said": str(estimate)}


def _unread(setup: Setup) -> list[str]:
    read = set(setup.inputs.names) if hasattr(setup.inputs, "names") else set()
    return [name for name in setup.spec.groups if name not in read]


def _gaps(setup: Setup, predictor: Predictor) -> dict[str, Disparity]:
    import numpy as np
    import pandas as pd

    from alignlab.datasets import grouping
    from alignlab.fairness import GroupValues, disparity
    from alignlab.intervals import share_limits

    given: Any = setup.test_rows
    answers = predictor(given.images if setup.images else given)
    truth = setup.test.y.numpy()
    right = predictor.decide(answers) == truth
    gaps = {}
    for name in setup.spec.groups:
        groups = grouping(given.columns if setup.images else given, name)
        table = pd.DataFrame({"class": truth, "group": groups.codes, "right": right})
        cells = table.groupby(["class", "group"])["right"].agg(["mean", "size"]).reset_index()
        shares, sizes = cells["mean"].to_numpy(float), cells["size"].to_numpy(float)

        def limits(
            level: float, comparisons: int, shares: Any = shares, sizes: Any = sizes
        ) -> tuple[Any, Any]:
            return share_limits(shares, sizes, level=level, comparisons=comparisons)

        labels = tuple(
            f"{groups.labels[group]} of {setup.classes[code]}"
            for code, group in zip(cells["class"], cells["group"], strict=True)
        )
        strata = cells["class"].to_numpy(np.intp)
        of_cells = GroupValues(labels, shares, sizes, sizes.astype(np.intp), limits, strata)
        gaps[name] = disparity(of_cells)
    return gaps
