"""Whether a model holds under attack, corruption and shift."""

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

__all__ = [
    "CORRUPTIONS",
    "KINDS",
    "UNITS",
    "ChangeOfKind",
    "ChangedRows",
    "ColumnFlips",
    "CorruptionResult",
    "CovariateShift",
    "Kind",
    "Shifted",
    "SmallChanges",
    "change_rows",
    "corrupt_images",
    "covariate_shift",
    "evaluate_corruptions",
    "small_changes",
]
