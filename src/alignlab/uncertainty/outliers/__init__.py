"""Rows unlike the reference: how unusual each is, and how the table as a whole has drifted."""

from alignlab.uncertainty.outliers.apart import told_apart
from alignlab.uncertainty.outliers.detection import OutlierResult, detect_outliers
from alignlab.uncertainty.outliers.drift import DriftResult, FeatureDrift, detect_drift
from alignlab.uncertainty.outliers.features import Mahalanobis, NearestNeighbours
from alignlab.uncertainty.outliers.measures import auroc, fpr_at_tpr
from alignlab.uncertainty.outliers.scores import (
    energy_score,
    entropy_score,
    max_logit_score,
    max_probability_score,
)
from alignlab.uncertainty.outliers.threshold import (
    OutlierThreshold,
    benjamini_hochberg,
    conformal_p_values,
)

__all__ = [
    "DriftResult",
    "FeatureDrift",
    "Mahalanobis",
    "NearestNeighbours",
    "OutlierResult",
    "OutlierThreshold",
    "auroc",
    "benjamini_hochberg",
    "conformal_p_values",
    "detect_drift",
    "detect_outliers",
    "energy_score",
    "entropy_score",
    "fpr_at_tpr",
    "max_logit_score",
    "max_probability_score",
    "told_apart",
]
