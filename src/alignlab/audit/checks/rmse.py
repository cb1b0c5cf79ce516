"""RMSE: the root of the mean squared error."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.measured import measure_finding, measure_limit


@check(
    "performance.rmse",
    question="How far off are the predictions, large errors counted more?",
    needs=("regression",),
    limit=measure_limit("rmse"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.3", "eu.annex-iv-2g", "iso.a-6-2-4"),
)
def root_mean_squared_error(check: Check, context: AuditContext) -> Finding:
    """Measure the RMSE over all rows."""
    return measure_finding(check, context, "rmse")
