"""How people rely on advice: measures, comparisons of arms, and the planning of a study."""

from alignlab.oversight.reliance.advice_weight import ArmWeight, WeightOfAdvice, weight_of_advice
from alignlab.oversight.reliance.comparison import ArmDifference, Comparison, compare_arms
from alignlab.oversight.reliance.complement import (
    ArmComplementarity,
    Complementarity,
    complementarity,
)
from alignlab.oversight.reliance.detection import ArmDetection, Detection, signal_detection
from alignlab.oversight.reliance.losses import ArmLosses, RelianceLosses, reliance_losses
from alignlab.oversight.reliance.measured import ArmRate, Reliance, measure_reliance
from alignlab.oversight.reliance.planning import (
    Pilot,
    StudyPower,
    people_needed,
    pilot_variation,
    power,
)
from alignlab.oversight.reliance.rates import RATES, Rate
from alignlab.oversight.reliance.trials import Trials

__all__ = [
    "RATES",
    "ArmComplementarity",
    "ArmDetection",
    "ArmDifference",
    "ArmLosses",
    "ArmRate",
    "ArmWeight",
    "Comparison",
    "Complementarity",
    "Detection",
    "Pilot",
    "Rate",
    "Reliance",
    "RelianceLosses",
    "StudyPower",
    "Trials",
    "WeightOfAdvice",
    "compare_arms",
    "complementarity",
    "measure_reliance",
    "people_needed",
    "pilot_variation",
    "power",
    "reliance_losses",
    "signal_detection",
    "weight_of_advice",
]
