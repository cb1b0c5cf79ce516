"""From one measure of how good the answers are to a finding, against a stated limit."""

from __future__ import annotations

import math

from alignlab.audit.check import Check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.errors import InputError
from alignlab.measures import CLASSIFICATION_MEASURES, REGRESSION_MEASURES, measure

__all__ = ["measure_finding", "measure_limit"]

KNOWN = {**CLASSIFICATION_MEASURES, **REGRESSION_MEASURES}


def measure_limit(name: str) -> Limit:
    """Return the limit of a measure: on its worse side, without a default."""
    chosen = KNOWN[name]
    return Limit(
        float("nan"), "at least" if chosen.better == "higher" else "at most", chosen.name, "none"
    )


def measure_finding(check: Check, context: AuditContext, name: str) -> Finding:
    """Return the finding of one measure over all rows.

    Parameters
    ----------
    check, context
        As the check was given them.
    name
        A key of the measures of `alignlab.measures`.
    """
    chosen = KNOWN[name]
    try:
        estimate = measure(name, context.answers).estimate(level=context.level)
    except InputError as error:
        return check.finding("not enough data", str(error))
    limit = check.limit_in(context)
    called = chosen.name[0].upper() + chosen.name[1:]
    if math.isinf(estimate.low) or math.isinf(estimate.high):
        return check.finding(
            "not enough data",
            f"{called} is {estimate.value:.3f} on what weighs as much as one row, which cannot "
            "show how sure that is.",
            estimates={name: estimate},
            limit=limit,
        )
    status = verdict(estimate, limit)
    words = chosen.definition[0].lower() + chosen.definition[1:].rstrip(".")
    advice = ("See performance.slices for where the model is weakest.",) if status == "fail" else ()
    return check.finding(
        status,
        f"{called} is {estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f}): {words}.",
        estimates={name: estimate},
        limit=limit,
        advice=advice,
    )
