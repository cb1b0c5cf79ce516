"""Whether people agree, and what each of them is worth: from answers alone, or against gold."""

from alignlab.oversight.agreement.alpha import Alpha, krippendorff_alpha
from alignlab.oversight.agreement.fleiss import FleissKappa, fleiss_kappa
from alignlab.oversight.agreement.gold import GoldAccuracy, gold_accuracy
from alignlab.oversight.agreement.kappa import CohenKappa, cohen_kappa
from alignlab.oversight.agreement.reliability import Reliability, dawid_skene
from alignlab.oversight.agreement.vote import Vote, majority_vote

__all__ = [
    "Alpha",
    "CohenKappa",
    "FleissKappa",
    "GoldAccuracy",
    "Reliability",
    "Vote",
    "cohen_kappa",
    "dawid_skene",
    "fleiss_kappa",
    "gold_accuracy",
    "krippendorff_alpha",
    "majority_vote",
]
