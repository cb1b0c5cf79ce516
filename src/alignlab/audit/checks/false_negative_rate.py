"""The FNR by group: who is refused although it turns out well."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.false_negative_rate",
    question="Of those who turn out well, are some groups refused more often?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("FNR"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def false_negative_rate(check: Check, context: AuditContext) -> Finding:
    """Compare the FNR of all groups."""
    return rate_gap_finding(check, context, "false_negative_rate")
