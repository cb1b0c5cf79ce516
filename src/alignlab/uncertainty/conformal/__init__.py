"""Sets and intervals that hold the truth as often as promised, around any model as it is."""

from alignlab.uncertainty.conformal.arrays import conformal_intervals, conformal_sets
from alignlab.uncertainty.conformal.classifier import CalibratedClassifier, ConformalClassifier
from alignlab.uncertainty.conformal.coverage import (
    CoverageReport,
    GroupCoverage,
    coverage_p_value,
)
from alignlab.uncertainty.conformal.ranks import (
    conformal_rank,
    conformal_threshold,
    expected_coverage,
    fewest_rows,
)
from alignlab.uncertainty.conformal.regressor import CalibratedRegressor, ConformalRegressor
from alignlab.uncertainty.conformal.scores import class_scores
from alignlab.uncertainty.conformal.sets import PredictionIntervals, PredictionSets

__all__ = [
    "CalibratedClassifier",
    "CalibratedRegressor",
    "ConformalClassifier",
    "ConformalRegressor",
    "CoverageReport",
    "GroupCoverage",
    "PredictionIntervals",
    "PredictionSets",
    "class_scores",
    "conformal_intervals",
    "conformal_rank",
    "conformal_sets",
    "conformal_threshold",
    "coverage_p_value",
    "expected_coverage",
    "fewest_rows",
]
