import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import TableData, require_column
from alignlab.errors import InputError

FRAME = pd.DataFrame({"id": [1, 2], "x": [0.5, 1.5], "w": [1, 3], "deny": ["no", "yes"]})


def test_features_are_what_has_no_other_role():
    data = TableData(FRAME, target="deny", weights="w", not_features=("id",), groups=("x",))
    assert list(data.features.columns) == ["x"]
    assert data.outcomes.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(data.weight_values, [1.0, 3.0])


def test_without_roles_all_columns_are_features():
    assert list(TableData(FRAME).features.columns) == list(FRAME.columns)
    assert TableData(FRAME).weight_values is None
    with pytest.raises(InputError, match=r"'data' has no target. Name one with --target"):
        _ = TableData(FRAME).outcomes


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, -1], "'w', row 1, is"),
        ([np.nan, 1], "'w', row 0, is"),
        ([1, np.inf], "row 1"),
        ([1, -1], "row 1, is -1: a weight"),
        ([1, np.nan], "row 1, is missing: a weight"),
        (["1", "many"], "row 1, is 'many'"),
        ([0, 0], "All weights in column 'w' are 0"),
    ],
)
def test_weights_that_weigh_nothing(weights, said):
    with pytest.raises(InputError, match=said):
        _ = TableData(FRAME.assign(w=weights), weights="w").weight_values


def test_a_column_that_is_not_there():
    with pytest.raises(InputError) as raised:
        require_column(FRAME, "denyy", role="target")
    assert str(raised.value) == ("There is no column 'denyy' for target. Did you mean 'deny'?")
    with pytest.raises(InputError, match=r"'why' for target\. The table has: id, x, w, deny\.$"):
        require_column(FRAME, "why", role="target")
    wide = pd.DataFrame(columns=[f"c{number}" for number in range(74)])
    with pytest.raises(InputError, match=r"c8, c9 and 64 more\.$"):
        require_column(wide, "why", role="target")
