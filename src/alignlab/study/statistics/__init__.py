"""Statistics of runs: pure functions on arrays of numbers, by task."""

from __future__ import annotations

from alignlab.study.statistics.difference import TTest, estimate_difference, t_test
from alignlab.study.statistics.effect_size import standardised_difference
from alignlab.study.statistics.equivalence import Equivalence, equivalence_test
from alignlab.study.statistics.exact import SignFlips, attainable_p_value, sign_flip_test
from alignlab.study.statistics.improvement import probability_of_improvement
from alignlab.study.statistics.iqm import interquartile_mean
from alignlab.study.statistics.mcnemar import McNemar, mcnemar_test
from alignlab.study.statistics.profiles import Profile, performance_profile

__all__ = [
    "Equivalence",
    "McNemar",
    "Profile",
    "SignFlips",
    "TTest",
    "attainable_p_value",
    "equivalence_test",
    "estimate_difference",
    "interquartile_mean",
    "mcnemar_test",
    "performance_profile",
    "probability_of_improvement",
    "sign_flip_test",
    "standardised_difference",
    "t_test",
]
