"""When to decide and when to ask: risk against coverage, and thresholds that keep a promise."""

from alignlab.uncertainty.selective.abstention import Abstention, abstaining
from alignlab.uncertainty.selective.curves import (
    RiskCoverage,
    RiskCoverageDifference,
    compare_risk_coverage,
    risk_coverage,
)
from alignlab.uncertainty.selective.scores import ConfidenceScore, confidence_score
from alignlab.uncertainty.selective.threshold import SelectiveThreshold, choose_threshold

__all__ = [
    "Abstention",
    "ConfidenceScore",
    "RiskCoverage",
    "RiskCoverageDifference",
    "SelectiveThreshold",
    "abstaining",
    "choose_threshold",
    "compare_risk_coverage",
    "confidence_score",
    "risk_coverage",
]
