"""Backwards from behaviour to what people want."""

from alignlab.values.inverse.cloning import (
    ClonedPolicy,
    PolicyComparison,
    behavioural_cloning,
    compare_policies,
)
from alignlab.values.inverse.features import arrival_features
from alignlab.values.inverse.identification import Hidden
from alignlab.values.inverse.irl import max_causal_entropy_irl
from alignlab.values.inverse.result import IRLResult
from alignlab.values.inverse.revealed import (
    RevealedUtilities,
    RevealedUtility,
    ThresholdGap,
    infer_utilities,
)

__all__ = [
    "ClonedPolicy",
    "Hidden",
    "IRLResult",
    "PolicyComparison",
    "RevealedUtilities",
    "RevealedUtility",
    "ThresholdGap",
    "arrival_features",
    "behavioural_cloning",
    "compare_policies",
    "infer_utilities",
    "max_causal_entropy_irl",
]
