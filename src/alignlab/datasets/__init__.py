"""What a model is studied on: tables and what their columns are for."""

from alignlab.datasets.examples import EXAMPLES, load_example
from alignlab.datasets.groups import MISSING, Grouping, grouping, parse_groups
from alignlab.datasets.read import read_table
from alignlab.datasets.table import TableData, require_column
from alignlab.datasets.trajectories import Trajectory
from alignlab.datasets.trajectory_files import read_trajectories, write_trajectories

__all__ = [
    "EXAMPLES",
    "MISSING",
    "Grouping",
    "TableData",
    "Trajectory",
    "grouping",
    "load_example",
    "parse_groups",
    "read_table",
    "read_trajectories",
    "require_column",
    "write_trajectories",
]
