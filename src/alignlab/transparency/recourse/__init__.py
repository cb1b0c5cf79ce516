"""What would have changed an answer, and what that costs the people of each group."""

from alignlab.transparency.recourse.front import counterfactuals
from alignlab.transparency.recourse.recourse import recourse_cost
from alignlab.transparency.recourse.recourse_results import (
    GroupRecourse,
    RecourseCost,
    RecourseGap,
)
from alignlab.transparency.recourse.results import (
    Change,
    Counterfactual,
    Counterfactuals,
)

__all__ = [
    "Change",
    "Counterfactual",
    "Counterfactuals",
    "GroupRecourse",
    "RecourseCost",
    "RecourseGap",
    "counterfactuals",
    "recourse_cost",
]
