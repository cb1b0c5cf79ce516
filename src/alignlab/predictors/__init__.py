"""The model under study: one protocol, an adapter a kind, safe loading, counted evaluations."""

from alignlab.predictors.predictor import Predictor, Task

__all__ = ["Predictor", "Task"]
