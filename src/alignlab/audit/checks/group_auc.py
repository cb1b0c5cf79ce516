"""The AUC within each group: how well the scores order its members."""

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.audit.gaps import gap_limit, score_gap_finding


@check(
    "fairness.auc",
    question="Does the model tell good from bad outcomes equally well in every group?",
    needs=("classification", "probabilities", "groups", "favourable"),
    limit=gap_limit("AUC"),
    limit_range=(0, 0.5),
    evidence=("nist.measure-2.11", "eu.annex-iv-2g", "iso.a-5-4"),
)
def group_auc(check: Check, context: AuditContext) -> Finding:
    """Compare the AUC within all groups."""
    return score_gap_finding(check, context, "auc", "AUC")
