"""Whether a model holds under attack, corruption and shift."""

from alignlab.robustness.corruption.changed_rows import KINDS, UNITS, ChangedRows, Kind, change_rows
from alignlab.robustness.corruption.corrupt import CORRUPTIONS, corrupt_images
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
    "Kind",
    "SmallChanges",
    "change_rows",
    "corrupt_images",
    "small_changes",
]
