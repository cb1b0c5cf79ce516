"""What people say of a system they work with, and how sure they are of themselves."""

from alignlab.oversight.trust.confidence import (
    ConfidenceBin,
    ConfidenceCalibration,
    confidence_calibration,
)
from alignlab.oversight.trust.consistency import cronbach_alpha
from alignlab.oversight.trust.pooling import Pooled, pooled_means
from alignlab.oversight.trust.scale import (
    TRUST_ITEMS,
    TrustItem,
    TrustScores,
    score_trust,
    trust_items,
)

__all__ = [
    "TRUST_ITEMS",
    "ConfidenceBin",
    "ConfidenceCalibration",
    "Pooled",
    "TrustItem",
    "TrustScores",
    "confidence_calibration",
    "cronbach_alpha",
    "pooled_means",
    "score_trust",
    "trust_items",
]
