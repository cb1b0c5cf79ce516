"""Equal opportunity: the TPR by group [hardt2016equality, def. 2.2]."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.true_positive_rate",
    question="Of those who turn out well, are some groups chosen more often?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("TPR"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def true_positive_rate(check: Check, context: AuditContext) -> Finding:
    """Compare the TPR of all groups."""
    return rate_gap_finding(check, context, "true_positive_rate")
