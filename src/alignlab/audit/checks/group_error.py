"""The mean absolute error of predicted values, by group."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, score_gap_finding


@check(
    "fairness.error",
    question="Are the predictions farther off for some groups?",
    needs=("regression", "groups"),
    limit=gap_limit("mean absolute error", unit=", in the target's unit"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def group_error(check: Check, context: AuditContext) -> Finding:
    """Compare the mean absolute errors of all groups."""
    words = "mean absolute error"
    return score_gap_finding(check, context, "absolute_error", words)
