"""Rewards from preferences: what people would rather have, and how sure that is."""

from alignlab.values.preferences.comparisons import ChoiceLoss, Choices, choice_loss, choices_of
from alignlab.values.preferences.fitted_reward import FittedReward, Reliability, Triads
from alignlab.values.preferences.held_out import HeldOut, circular_triads
from alignlab.values.preferences.queries import Queries, information, select_queries
from alignlab.values.preferences.reward_files import load_reward
from alignlab.values.preferences.reward_models import fit_reward
from alignlab.values.preferences.reward_networks import NetworkTraining

__all__ = [
    "ChoiceLoss",
    "Choices",
    "FittedReward",
    "HeldOut",
    "NetworkTraining",
    "Queries",
    "Reliability",
    "Triads",
    "choice_loss",
    "choices_of",
    "circular_triads",
    "fit_reward",
    "information",
    "load_reward",
    "select_queries",
]
