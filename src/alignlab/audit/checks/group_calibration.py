"""Calibration in the large, by group: is the promise kept for every group [kleinberg2017inherent].

The gap is the mean of score minus outcome: above 0 a group is promised more than it gets.
"""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, score_gap_finding


@check(
    "fairness.calibration",
    question="Does a score mean the same for every group?",
    needs=("groups", "scores"),
    limit=gap_limit("mean of score minus outcome"),
    limit_range=(0, float("inf")),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def group_calibration(check: Check, context: AuditContext) -> Finding:
    """Compare the groups' mean of score minus outcome."""
    words = "score minus outcome, on average,"
    return score_gap_finding(check, context, "calibration_gap", words)
