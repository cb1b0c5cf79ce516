"""Whom a model treats differently: rates and scores by group, how far apart, and how sure."""

from alignlab.fairness.cells import RATES, CellTable, Rate, RateByGroup, cell_table
from alignlab.fairness.disparity import (
    SMALLEST_GROUP,
    Disparity,
    GroupValues,
    Pair,
    disparity,
    from_measured,
    from_rate,
    largest,
    pair_count,
)
from alignlab.fairness.scores import SCORE_MEASURES, score_by_group
from alignlab.fairness.slices import SMALLEST_SLICE, WeakSlice, weak_slices
from alignlab.fairness.tradeoff import Tradeoff, tradeoff

__all__ = [
    "RATES",
    "SCORE_MEASURES",
    "SMALLEST_GROUP",
    "SMALLEST_SLICE",
    "CellTable",
    "Disparity",
    "GroupValues",
    "Pair",
    "Rate",
    "RateByGroup",
    "Tradeoff",
    "WeakSlice",
    "cell_table",
    "disparity",
    "from_measured",
    "from_rate",
    "largest",
    "pair_count",
    "score_by_group",
    "tradeoff",
    "weak_slices",
]
