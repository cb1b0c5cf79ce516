"""What a model is studied on: tables and what their columns are for."""

from alignlab.datasets.examples import EXAMPLES, load_example
from alignlab.datasets.groups import MISSING, Grouping, grouping, parse_groups
from alignlab.datasets.read import read_table
from alignlab.datasets.table import TableData, require_column

__all__ = [
    "EXAMPLES",
    "MISSING",
    "Grouping",
    "TableData",
    "grouping",
    "load_example",
    "parse_groups",
    "read_table",
    "require_column",
]
