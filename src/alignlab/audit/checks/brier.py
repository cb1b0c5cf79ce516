"""The Brier score: a proper, bounded score [gneiting2007strictly, sec. 2.2]."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.brier",
    question="How far are the probabilities from what happens?",
    needs=("classification", "probabilities"),
    limit=measure_limit("brier"),
    limit_range=(0, 2),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def brier(check: Check, context: AuditContext) -> Finding:
    """Measure the Brier score over all rows."""
    return measure_finding(check, context, "brier")
