"""Whether a model holds under attack, corruption and shift."""

from alignlab.robustness.corruption.changed_rows import KINDS, UNITS, ChangedRows, Kind, change_rows
from alignlab.robustness.corruption.small_changes import (
    ChangeOfKind,
    ColumnFlips,
    SmallChanges,
    small_changes,
)

__all__ = [
    "KINDS",
    "UNITS",
    "ChangeOfKind",
    "ChangedRows",
    "ColumnFlips",
    "Kind",
    "SmallChanges",
    "change_rows",
    "small_changes",
]
