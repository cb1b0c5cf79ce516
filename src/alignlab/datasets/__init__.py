"""What a model is studied on: tables and what their columns are for."""

from alignlab.datasets.groups import MISSING, Grouping, grouping, parse_groups
from alignlab.datasets.table import TableData, require_column

__all__ = ["MISSING", "Grouping", "TableData", "grouping", "parse_groups", "require_column"]
