"""Accuracy with every class counted alike."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.balanced_accuracy",
    question="How often is the decision right, every class counted alike?",
    needs=("classification",),
    limit=measure_limit("balanced_accuracy"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def balanced_accuracy(check: Check, context: AuditContext) -> Finding:
    """Measure the balanced accuracy over all rows."""
    return measure_finding(check, context, "balanced_accuracy")
