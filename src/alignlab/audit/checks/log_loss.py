"""Log loss: a proper score of probabilities [gneiting2007strictly, sec. 2.2]."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.log_loss",
    question="How much probability does the model give to what happens?",
    needs=("classification", "probabilities"),
    limit=measure_limit("log_loss"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def log_loss(check: Check, context: AuditContext) -> Finding:
    """Measure the log loss over all rows."""
    return measure_finding(check, context, "log_loss")
