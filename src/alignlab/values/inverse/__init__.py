"""Backwards from behaviour to what people want."""

from alignlab.values.inverse.features import arrival_features
from alignlab.values.inverse.identification import Hidden
from alignlab.values.inverse.irl import max_causal_entropy_irl
from alignlab.values.inverse.result import IRLResult

__all__ = ["Hidden", "IRLResult", "arrival_features", "max_causal_entropy_irl"]
