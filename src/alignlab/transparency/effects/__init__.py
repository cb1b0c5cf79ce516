"""What a model's answers do along one feature or two: partial dependence, ICE, local effects."""

from alignlab.transparency.effects.accumulated import accumulated_local_effects
from alignlab.transparency.effects.partial import partial_dependence
from alignlab.transparency.effects.results import Effect, Effects, PairEffect

__all__ = [
    "Effect",
    "Effects",
    "PairEffect",
    "accumulated_local_effects",
    "partial_dependence",
]
