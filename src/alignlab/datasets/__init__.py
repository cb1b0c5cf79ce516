"""What a model is studied on: tables and what their columns are for, images and their classes."""

from alignlab.datasets.chosen import chosen_rows, read_chosen
from alignlab.datasets.constraints import Constraints
from alignlab.datasets.examples import EXAMPLES, load_example
from alignlab.datasets.groups import MISSING, Grouping, grouping, parse_groups
from alignlab.datasets.image_files import IMAGES, load_images, read_images, write_images
from alignlab.datasets.images import ImageData, ImageSplit
from alignlab.datasets.pets import drawn_pets, read_pets
from alignlab.datasets.preference_files import read_preferences, write_preferences
from alignlab.datasets.preferences import Pairs, PreferenceDataset, PreferenceSplit
from alignlab.datasets.questions import Answer, Query, Teacher, preference_dataset
from alignlab.datasets.read import read_table
from alignlab.datasets.row_encoding import RowEncoding
from alignlab.datasets.row_hashes import (
    joined_hashes,
    require_apart,
    row_hashes,
    shared_rows,
)
from alignlab.datasets.table import TableData, require_column
from alignlab.datasets.trajectories import Trajectory
from alignlab.datasets.trajectory_files import read_trajectories, write_trajectories

__all__ = [
    "EXAMPLES",
    "IMAGES",
    "MISSING",
    "Answer",
    "Constraints",
    "Grouping",
    "ImageData",
    "ImageSplit",
    "Pairs",
    "PreferenceDataset",
    "PreferenceSplit",
    "Query",
    "RowEncoding",
    "TableData",
    "Teacher",
    "Trajectory",
    "chosen_rows",
    "drawn_pets",
    "grouping",
    "joined_hashes",
    "load_example",
    "load_images",
    "parse_groups",
    "preference_dataset",
    "read_chosen",
    "read_images",
    "read_pets",
    "read_preferences",
    "read_table",
    "read_trajectories",
    "require_apart",
    "require_column",
    "row_hashes",
    "shared_rows",
    "write_images",
    "write_preferences",
    "write_trajectories",
]
