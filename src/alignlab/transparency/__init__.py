"""Why a model decides as it does, and whether the explanation is true."""

from alignlab.transparency.dependence import explained_variance
from alignlab.transparency.features import features_of, one_hot_groups
from alignlab.transparency.importance import (
    FeatureImportance,
    PermutationImportance,
    affordable,
    permutation_importance,
)

__all__ = [
    "FeatureImportance",
    "PermutationImportance",
    "affordable",
    "explained_variance",
    "features_of",
    "one_hot_groups",
    "permutation_importance",
]
