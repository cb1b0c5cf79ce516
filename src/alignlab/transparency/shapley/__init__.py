"""Shapley values: what each feature added to an answer, and how surely that is known."""

from alignlab.transparency.shapley.front import shapley_values
from alignlab.transparency.shapley.solver import GameValues, shapley_of_game
from alignlab.transparency.shapley.values import Game, ShapleyValues

__all__ = ["Game", "GameValues", "ShapleyValues", "shapley_of_game", "shapley_values"]
