"""The mean score, or the mean predicted value, by group: parity before any threshold."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, score_gap_finding


@check(
    "fairness.mean_score",
    question="Does the model score some groups higher?",
    needs=("groups", "scores"),
    limit=gap_limit("mean score"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def mean_score(check: Check, context: AuditContext) -> Finding:
    """Compare the mean scores of all groups."""
    words = "mean score" if context.task == "classification" else "mean predicted value"
    return score_gap_finding(check, context, "mean_score", words)
