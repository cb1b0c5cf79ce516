"""What changed between two versions of rows is told cell by cell."""

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.robustness.changes import changes


def test_changes_by_hand():
    before = pd.DataFrame(
        {"n": [1, 2, 3], "word": ["a", None, "c"], "real": [0.5, np.nan, 2.0]}, index=[7, 8, 9]
    )
    after = before.assign(n=[1, 5, 3], word=["a", None, "b"], real=[np.nan, np.nan, 2.5])
    found = changes(before, after.reset_index(drop=True))
    assert found["row"].tolist() == [0, 1, 2, 2]
    assert found["column"].tolist() == ["real", "n", "word", "real"]
    assert found["from"].tolist() == [0.5, 2, "c", 2.0]
    assert found["to"].tolist()[1:] == [5, "b", 2.5]


def test_arrays_and_categories_are_compared_and_the_same_is_empty():
    rows = np.arange(6.0).reshape(3, 2)
    assert changes(rows, rows).shape == (0, 4)
    other = rows.copy()
    other[1, 0] = -1
    assert changes(rows, other).to_numpy().tolist() == [[1, 0, 2.0, -1.0]]
    kind = pd.DataFrame({"kind": pd.Categorical(["a", "b"], ["a", "b", "c"])})
    turned = pd.DataFrame({"kind": pd.Categorical(["a", "c"], ["a", "b", "c"])})
    assert changes(kind, turned)["to"].tolist() == ["c"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1, 2]}), "1 rows before and 2 rows after"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), "a column 'b'"),
        (np.zeros(3), np.zeros(3), "shape"),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(before, after, says):
    with pytest.raises(InputError, match=says):
        changes(before, after)
