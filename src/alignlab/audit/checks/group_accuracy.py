"""The accuracy of decisions, by group."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.accuracy",
    question="Is the model wrong more often for some groups?",
    needs=("classification", "groups"),
    limit=gap_limit("accuracy"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def group_accuracy(check: Check, context: AuditContext) -> Finding:
    """Compare the accuracy of all groups."""
    return rate_gap_finding(check, context, "accuracy")
