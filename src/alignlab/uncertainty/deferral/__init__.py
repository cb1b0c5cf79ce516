"""Which cases a person should decide: deferral within a budget, by a policy of plain numbers."""

from alignlab.uncertainty.deferral.budget import Threshold
from alignlab.uncertainty.deferral.fit import fit_deferral
from alignlab.uncertainty.deferral.judged import DeferralCurve, GroupDeferral
from alignlab.uncertainty.deferral.policy import DeferralDecisions, DeferralPolicy
from alignlab.uncertainty.deferral.result import DeferralResult
from alignlab.uncertainty.deferral.surrogates import (
    SurrogateLoss,
    mozannar_sontag_loss,
    one_vs_all_loss,
)

__all__ = [
    "DeferralCurve",
    "DeferralDecisions",
    "DeferralPolicy",
    "DeferralResult",
    "GroupDeferral",
    "SurrogateLoss",
    "Threshold",
    "fit_deferral",
    "mozannar_sontag_loss",
    "one_vs_all_loss",
]
