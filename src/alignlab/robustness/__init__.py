"""Whether a model holds under attack, corruption and shift."""

from alignlab.robustness.attacks import (
    APGD,
    FAB,
    PGD,
    HopSkipJump,
    Square,
    TabularSearch,
    TargetedAPGD,
    all_attacks,
)
from alignlab.robustness.certificates import (
    Certificate,
    Smoothed,
    certified_radius,
    certify,
    smooth,
)
from alignlab.robustness.corruption.changed_rows import KINDS, UNITS, ChangedRows, Kind, change_rows
from alignlab.robustness.corruption.corrupt import CORRUPTIONS, corrupt_images
from alignlab.robustness.corruption.evaluation import evaluate_corruptions
from alignlab.robustness.corruption.result import CorruptionResult
from alignlab.robustness.corruption.shift import CovariateShift, Shifted, covariate_shift
from alignlab.robustness.corruption.small_changes import (
    ChangeOfKind,
    ColumnFlips,
    SmallChanges,
    small_changes,
)
from alignlab.robustness.curves import RobustnessCurve, robustness_curve
from alignlab.robustness.evaluation import auto_attack, evaluate_robustness
from alignlab.robustness.results import AttackRun, RobustnessResult
from alignlab.robustness.tabular_threat import TabularThreat
from alignlab.robustness.threats import L1, L2, Linf

__all__ = [
    "APGD",
    "CORRUPTIONS",
    "FAB",
    "KINDS",
    "L1",
    "L2",
    "PGD",
    "UNITS",
    "AttackRun",
    "Certificate",
    "ChangeOfKind",
    "ChangedRows",
    "ColumnFlips",
    "CorruptionResult",
    "CovariateShift",
    "HopSkipJump",
    "Kind",
    "Linf",
    "RobustnessCurve",
    "RobustnessResult",
    "Shifted",
    "SmallChanges",
    "Smoothed",
    "Square",
    "TabularSearch",
    "TabularThreat",
    "TargetedAPGD",
    "all_attacks",
    "auto_attack",
    "certified_radius",
    "certify",
    "change_rows",
    "corrupt_images",
    "covariate_shift",
    "evaluate_corruptions",
    "evaluate_robustness",
    "robustness_curve",
    "small_changes",
    "smooth",
]
