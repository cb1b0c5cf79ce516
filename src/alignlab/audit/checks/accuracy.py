"""The share of rows decided as they turned out."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.accuracy",
    question="How often is the decision right?",
    needs=("classification",),
    limit=measure_limit("accuracy"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def accuracy(check: Check, context: AuditContext) -> Finding:
    """Measure the accuracy over all rows."""
    return measure_finding(check, context, "accuracy")
