"""What outcomes are worth to people, and the decisions that follow."""

from alignlab.values.utility.asking import AskingCurve, AskingValue, asking_curve, value_of_asking
from alignlab.values.utility.attributes import Additive, Multiplicative, Scaled
from alignlab.values.utility.decisions import DecisionPolicy, Region, decision_policy
from alignlab.values.utility.dominance import (
    Dominance,
    DominanceOrder,
    dominance,
    dominance_order,
)
from alignlab.values.utility.elicitation import Elicitation
from alignlab.values.utility.elicited import ElicitedUtility
from alignlab.values.utility.ensembles import EnsembleChoice, choose_under_ensemble
from alignlab.values.utility.functions import (
    CARA,
    CRRA,
    PiecewiseLinear,
    Utility,
    from_certainty_equivalents,
)
from alignlab.values.utility.information import InformationValue, value_of_information
from alignlab.values.utility.interview import Asker, elicit, elicit_outcomes
from alignlab.values.utility.lotteries import (
    Choice,
    Lottery,
    certainty_equivalent,
    choose,
    expected_utility,
)
from alignlab.values.utility.minimax import MinimaxRegret, minimax_regret
from alignlab.values.utility.people import simulated_person
from alignlab.values.utility.quantilizer import Quantilizer, quantilize
from alignlab.values.utility.questions import Answer, Inconsistency, Question, Reply
from alignlab.values.utility.realised import LossPart, UtilityLoss, utility_loss
from alignlab.values.utility.risk import cvar, entropic_risk

__all__ = [
    "CARA",
    "CRRA",
    "Additive",
    "Answer",
    "Asker",
    "AskingCurve",
    "AskingValue",
    "Choice",
    "DecisionPolicy",
    "Dominance",
    "DominanceOrder",
    "Elicitation",
    "ElicitedUtility",
    "EnsembleChoice",
    "Inconsistency",
    "InformationValue",
    "LossPart",
    "Lottery",
    "MinimaxRegret",
    "Multiplicative",
    "PiecewiseLinear",
    "Quantilizer",
    "Question",
    "Region",
    "Reply",
    "Scaled",
    "Utility",
    "UtilityLoss",
    "asking_curve",
    "certainty_equivalent",
    "choose",
    "choose_under_ensemble",
    "cvar",
    "decision_policy",
    "dominance",
    "dominance_order",
    "elicit",
    "elicit_outcomes",
    "entropic_risk",
    "expected_utility",
    "from_certainty_equivalents",
    "minimax_regret",
    "quantilize",
    "simulated_person",
    "utility_loss",
    "value_of_asking",
    "value_of_information",
]
