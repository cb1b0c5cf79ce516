"""The NPV by group: who is rightly refused."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.negative_predictive_value",
    question="Does being refused mean the same for every group?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("NPV"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def negative_predictive_value(check: Check, context: AuditContext) -> Finding:
    """Compare the NPV of all groups."""
    return rate_gap_finding(check, context, "negative_predictive_value")
