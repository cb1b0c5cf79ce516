"""MAE: the mean absolute error."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.mae",
    question="How far off are the predictions on average?",
    needs=("regression",),
    limit=measure_limit("mae"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def mean_absolute_error(check: Check, context: AuditContext) -> Finding:
    """Measure the MAE over all rows."""
    return measure_finding(check, context, "mae")
