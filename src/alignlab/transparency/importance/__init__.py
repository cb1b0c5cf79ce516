"""What a model goes by: how its answers change when one feature is shuffled among rows."""

from alignlab.transparency.importance.answers import ShuffledAnswers, shuffled_answers
from alignlab.transparency.importance.front import affordable, permutation_importance
from alignlab.transparency.importance.gaps import Gap
from alignlab.transparency.importance.results import FeatureImportance, PermutationImportance

__all__ = [
    "FeatureImportance",
    "Gap",
    "PermutationImportance",
    "ShuffledAnswers",
    "affordable",
    "permutation_importance",
    "shuffled_answers",
]
