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
        (["1", "many"], "row 1, is 'many'"),
        ([0, 0], "All weights in column 'w' are 0"),
    ],
)
def test_weights_that_weigh_nothing(weights, said):
    with pytest.raises(InputError, match=said):
        _ = TableData(FRAME.assign(w=weights), weights="w").weight_values


def test_a_column_that_is_not_there():
    with pytest.raises(InputError) as raised:
        require_column(FRAME, "denied", role="target")
    assert str(raised.value) == (
        "There is no column 'denied' for target. Did you mean 'deny'? "
        "The table has: id, x, w, deny."
    )
