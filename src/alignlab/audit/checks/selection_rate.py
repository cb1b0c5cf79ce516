"""Demographic parity: the share given the favourable decision, by group."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, rate_gap_finding


@check(
    "fairness.selection_rate",
    question="Are some groups given the favourable decision more often?",
    needs=("classification", "groups", "favourable"),
    limit=gap_limit("selection rate"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def selection_rate(check: Check, context: AuditContext) -> Finding:
    """Compare the selection rate of all groups."""
    return rate_gap_finding(check, context, "selection_rate")
