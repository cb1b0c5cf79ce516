"""What outcomes are worth to people, and the decisions that follow."""

from alignlab.values.utility.asking import AskingCurve, AskingValue, asking_curve, value_of_asking
from alignlab.values.utility.information import InformationValue, value_of_information

__all__ = [
    "AskingCurve",
    "AskingValue",
    "InformationValue",
    "asking_curve",
    "value_of_asking",
    "value_of_information",
]
