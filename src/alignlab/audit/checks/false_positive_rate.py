"""The FPR by group: who is chosen although it turns out badly."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.false_positive_rate",
    question="Of those who turn out badly, are some groups chosen more often?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("FPR"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def false_positive_rate(check: Check, context: AuditContext) -> Finding:
    """Compare the FPR of all groups."""
    return rate_gap_finding(check, context, "false_positive_rate")
