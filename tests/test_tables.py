from __future__ import annotations

import pytest

from alignlab.charts import Table as TableOfCharts
from alignlab.errors import InputError
from alignlab.tables import Table


def test_a_row_that_is_too_long_is_named():
    with pytest.raises(InputError, match="'Sizes' has 3 cells; it has 2 columns"):
        Table("Sizes", ("a", "b"), ((1, 2), (1, 2, 3)))


def test_it_gives_plain_values_and_a_frame():
    table = Table("Sizes", ("group", "rows"), (("f", 3), ("m", None)))
    assert table.to_dict()["rows"] == [["f", 3], ["m", None]]
    assert list(table.to_frame()["group"]) == ["f", "m"]


def test_charts_hand_it_on():
    assert TableOfCharts is Table
