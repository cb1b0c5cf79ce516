"""Rewards changed and compared: safe shaping, what lies behind a shaping, distances, regret."""

from alignlab.values.rewards.canonical import canonical_reward
from alignlab.values.rewards.distances import RewardDistance, epic_distance, starc_distance
from alignlab.values.rewards.finite_check import ShapingCheck
from alignlab.values.rewards.regret import Regret, regret
from alignlab.values.rewards.shaping import potential_shaping
from alignlab.values.rewards.shaping_check import check_shaping
from alignlab.values.rewards.walks import Walk, Witness

__all__ = [
    "Regret",
    "RewardDistance",
    "ShapingCheck",
    "Walk",
    "Witness",
    "canonical_reward",
    "check_shaping",
    "epic_distance",
    "potential_shaping",
    "regret",
    "starc_distance",
]
