"""Shapley values: what each feature added to an answer, and how surely that is known."""

from alignlab.transparency.shapley.values import Game, ShapleyValues

__all__ = ["Game", "ShapleyValues"]
