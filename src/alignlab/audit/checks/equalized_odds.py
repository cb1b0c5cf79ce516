"""Equalized odds: the TPR and the FPR alike in all groups [hardt2016equality, def. 2.1].

The number is the larger of the two largest gaps. Both rates' pairs are one family, so the larger
lower limit and the larger upper limit bound it.
"""

from dataclasses import replace

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, worst
from alignlab.audit.gaps import cells_of, compared_groupings, gap_limit, measure_gaps, rate_finding
from alignlab.fairness import from_rate, largest

PARTS = {
    "TPR": "true_positive_rate",
    "FPR": "false_positive_rate",
}


@check(
    "fairness.equalized_odds",
    question="Do decisions depend on the group once the outcome is known?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("TPR or FPR"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def equalized_odds(check: Check, context: AuditContext) -> Finding:
    """Compare the TPR and the FPR of all groups at once."""
    groupings = compared_groupings(context)
    cells = [cells_of(context, each.grouping) for each in groupings]
    gaps = {}
    for name, rate in PARTS.items():
        values = {
            each.grouping.name: from_rate(table.rate(rate), each.grouping.labels, each.strata)
            for each, table in zip(groupings, cells, strict=True)
        }
        gaps[name] = measure_gaps(values, context, rates=len(PARTS))
    gap = largest([each.largest for each in gaps.values()])
    parts = {
        name: rate_finding(check, context, each, PARTS[name], headline=gap)
        for name, each in gaps.items()
    }
    if any(part.status == "not applicable" for part in parts.values()):
        return parts["TPR"]
    wider = max(parts.values(), key=lambda part: part.estimates["gap"].value == gap.value)
    return replace(
        wider,
        status=worst([part.status for part in parts.values()]),
        estimates={
            "gap": gap,
            **{f"{n} {k}": e for n, part in parts.items() for k, e in part.estimates.items()},
        },
        charts=tuple(
            replace(chart, question=f"Does the {name} differ between groups?")
            for name, part in parts.items()
            for chart in part.charts
        ),
        tables=tuple(
            replace(table, title=f"{name}: {table.title}")
            for name, part in parts.items()
            for table in part.tables
        ),
    )
