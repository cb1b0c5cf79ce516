"""R²: the share of the target's variance that is predicted."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.r2",
    question="How much of the target's variation does the model predict?",
    needs=("regression",),
    limit=measure_limit("r2"),
    limit_range=(-float("inf"), 1),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def r_squared(check: Check, context: AuditContext) -> Finding:
    """Measure the R² over all rows."""
    return measure_finding(check, context, "r2")
