"""People in the loop: what they are asked, what they said, and what it is worth.

Each name is imported from its home when first used: a review needs no statistics, and statistics
no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignlab.oversight.agreement import (
        Alpha,
        CohenKappa,
        FleissKappa,
        GoldAccuracy,
        Reliability,
        Vote,
        cohen_kappa,
        dawid_skene,
        fleiss_kappa,
        gold_accuracy,
        krippendorff_alpha,
        majority_vote,
    )
    from alignlab.oversight.exports import Exported, Fragments, export, read_fragments
    from alignlab.oversight.items import Advice, Answered, Case, Item
    from alignlab.oversight.loop import (
        CorrectedLabels,
        DecisionRecords,
        Relabelled,
        ReviewTeacher,
        corrected_labels,
        decision_records,
        deferred_items,
        fill_queue,
    )
    from alignlab.oversight.making import (
        Balanced,
        Predicted,
        advice_strata,
        balanced_rows,
        case_items,
        disagreement_of,
        image_media,
        pair_items,
        predicted_answers,
        read_gold,
        read_pairs,
        worth_of,
    )
    from alignlab.oversight.reliance import (
        Comparison,
        Complementarity,
        Detection,
        Pilot,
        Reliance,
        RelianceLosses,
        StudyPower,
        Trials,
        WeightOfAdvice,
        compare_arms,
        complementarity,
        measure_reliance,
        people_needed,
        pilot_variation,
        power,
        reliance_losses,
        signal_detection,
        weight_of_advice,
    )
    from alignlab.oversight.review import Review
    from alignlab.oversight.settings import ARMS, Settings
    from alignlab.oversight.statistics import ReviewStatistic, review_statistics
    from alignlab.oversight.trust import (
        TRUST_ITEMS,
        ConfidenceCalibration,
        TrustItem,
        TrustScores,
        confidence_calibration,
        cronbach_alpha,
        score_trust,
        trust_items,
    )

__all__ = [
    "ARMS",
    "TRUST_ITEMS",
    "Advice",
    "Alpha",
    "Answered",
    "Balanced",
    "Case",
    "CohenKappa",
    "Comparison",
    "Complementarity",
    "ConfidenceCalibration",
    "CorrectedLabels",
    "DecisionRecords",
    "Detection",
    "Exported",
    "FleissKappa",
    "Fragments",
    "GoldAccuracy",
    "Item",
    "Pilot",
    "Predicted",
    "Relabelled",
    "Reliability",
    "Reliance",
    "RelianceLosses",
    "Review",
    "ReviewStatistic",
    "ReviewTeacher",
    "Settings",
    "StudyPower",
    "Trials",
    "TrustItem",
    "TrustScores",
    "Vote",
    "WeightOfAdvice",
    "advice_strata",
    "balanced_rows",
    "case_items",
    "cohen_kappa",
    "compare_arms",
    "complementarity",
    "confidence_calibration",
    "corrected_labels",
    "cronbach_alpha",
    "dawid_skene",
    "decision_records",
    "deferred_items",
    "disagreement_of",
    "export",
    "fill_queue",
    "fleiss_kappa",
    "gold_accuracy",
    "image_media",
    "krippendorff_alpha",
    "majority_vote",
    "measure_reliance",
    "pair_items",
    "people_needed",
    "pilot_variation",
    "power",
    "predicted_answers",
    "read_fragments",
    "read_gold",
    "read_pairs",
    "reliance_losses",
    "review_statistics",
    "score_trust",
    "signal_detection",
    "trust_items",
    "weight_of_advice",
    "worth_of",
]

_NAMES = {
    "agreement": (
        "Alpha CohenKappa FleissKappa GoldAccuracy Reliability Vote cohen_kappa dawid_skene "
        "fleiss_kappa gold_accuracy krippendorff_alpha majority_vote"
    ),
    "exports": "Exported Fragments export read_fragments",
    "items": "Advice Answered Case Item",
    "loop": (
        "CorrectedLabels DecisionRecords Relabelled ReviewTeacher corrected_labels "
        "decision_records deferred_items fill_queue"
    ),
    "making": (
        "Balanced Predicted advice_strata balanced_rows case_items disagreement_of "
        "image_media pair_items predicted_answers read_gold read_pairs worth_of"
    ),
    "reliance": (
        "Comparison Complementarity Detection Pilot Reliance RelianceLosses StudyPower Trials "
        "WeightOfAdvice compare_arms complementarity measure_reliance people_needed "
        "pilot_variation power reliance_losses signal_detection weight_of_advice"
    ),
    "review": "Review",
    "settings": "ARMS Settings",
    "statistics": "ReviewStatistic review_statistics",
    "trust": (
        "TRUST_ITEMS ConfidenceCalibration TrustItem TrustScores confidence_calibration "
        "cronbach_alpha score_trust trust_items"
    ),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
