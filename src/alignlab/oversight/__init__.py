"""People in the loop: which cases they should see."""

from alignlab.oversight.asking import AskingCurve, AskingValue, asking_curve, value_of_asking

__all__ = ["AskingCurve", "AskingValue", "asking_curve", "value_of_asking"]
