"""Rewards from preferences: what people would rather have, and how sure that is."""

from alignlab.values.preferences.comparisons import ChoiceLoss, Choices, choice_loss, choices_of
from alignlab.values.preferences.fitted_reward import FittedReward, Reliability, Triads
from alignlab.values.preferences.held_out import HeldOut, circular_triads
from alignlab.values.preferences.learned_reward import LearnedReward
from alignlab.values.preferences.queries import Queries, information, select_queries
from alignlab.values.preferences.questions import Answer, Query, Teacher, preference_dataset
from alignlab.values.preferences.reward_files import load_reward
from alignlab.values.preferences.reward_models import fit_reward
from alignlab.values.preferences.reward_networks import NetworkTraining
from alignlab.values.preferences.teachers import FileTeacher, SyntheticTeacher
from alignlab.values.preferences.training import (
    PreferenceTraining,
    resume_training,
    train_from_preferences,
)

__all__ = [
    "Answer",
    "ChoiceLoss",
    "Choices",
    "FileTeacher",
    "FittedReward",
    "HeldOut",
    "LearnedReward",
    "NetworkTraining",
    "PreferenceTraining",
    "Queries",
    "Query",
    "Reliability",
    "SyntheticTeacher",
    "Teacher",
    "Triads",
    "choice_loss",
    "choices_of",
    "circular_triads",
    "fit_reward",
    "information",
    "load_reward",
    "preference_dataset",
    "resume_training",
    "select_queries",
    "train_from_preferences",
]
