"""Attacks: each searches for a row that the model gets wrong, within what a threat allows."""

from alignlab.robustness.attacks.apgd import APGD, TargetedAPGD
from alignlab.robustness.attacks.fab import FAB
from alignlab.robustness.attacks.hopskipjump import HopSkipJump
from alignlab.robustness.attacks.maximise import maximise
from alignlab.robustness.attacks.pgd import PGD
from alignlab.robustness.attacks.register import all_attacks
from alignlab.robustness.attacks.square import Square
from alignlab.robustness.attacks.tabular import TabularSearch

__all__ = [
    "APGD",
    "FAB",
    "PGD",
    "HopSkipJump",
    "Square",
    "TabularSearch",
    "TargetedAPGD",
    "all_attacks",
    "maximise",
]
