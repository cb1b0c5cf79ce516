"""Policies learned from comparisons: people or synthetic teachers answer, a reward is fitted."""

from alignlab.datasets.questions import Answer, Query, Teacher, preference_dataset
from alignlab.values.learning.learned_reward import LearnedReward
from alignlab.values.learning.teachers import FileTeacher, SyntheticTeacher
from alignlab.values.learning.training import (
    PreferenceTraining,
    resume_training,
    train_from_preferences,
)

__all__ = [
    "Answer",
    "FileTeacher",
    "LearnedReward",
    "PreferenceTraining",
    "Query",
    "SyntheticTeacher",
    "Teacher",
    "preference_dataset",
    "resume_training",
    "train_from_preferences",
]
