"""The AUC: how well scores order rows, whatever the threshold."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.auc",
    question="Do the scores put the right rows first?",
    needs=("classification", "probabilities"),
    limit=measure_limit("auc"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def auc(check: Check, context: AuditContext) -> Finding:
    """Measure the AUC over all rows."""
    return measure_finding(check, context, "auc")
