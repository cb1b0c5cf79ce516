"""Whether an explanation is true to the model: measured, beside random ones and exact ones."""

from alignlab.transparency.quality.front import evaluate_explanations
from alignlab.transparency.quality.results import (
    Agreement,
    Curve,
    ExplanationQuality,
    ExplanationScore,
)
from alignlab.transparency.quality.sanity import SanityCheck, sanity_check

__all__ = [
    "Agreement",
    "Curve",
    "ExplanationQuality",
    "ExplanationScore",
    "SanityCheck",
    "evaluate_explanations",
    "sanity_check",
]
