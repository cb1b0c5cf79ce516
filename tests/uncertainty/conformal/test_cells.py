from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.conformal import conformal_threshold
from alignlab.uncertainty.conformal.cells import cell_scores, group_labels, positions_among


def test_by_hand():
    cells = cell_scores([5.0, 1.0, 4.0, 2.0, 3.0], np.array([0, 1, 0, 1, 0]), ("a", "b"))
    assert cells.scores.tolist() == [3, 4, 5, 1, 2]
    assert cells.sizes.tolist() == [3, 2]
    assert cells.thresholds(0.5).tolist() == [4, 2]
    assert cells.thresholds(0.75).tolist() == [5, np.inf]
    assert cells.too_small(0.75) == ("b",)
    assert cells.pooled(0.5) == 3
    assert cells.note(0.5, "") == ""
    assert cells.note(0.75, "Full.") == (
        "Too few calibration rows for level 0.75 (at least 3 are needed): b (2). Full."
    )


def test_each_cell_is_its_own_calibration_whatever_the_order_of_rows():
    rng = np.random.default_rng(0)
    scores, codes = rng.normal(size=500), rng.integers(0, 4, 500)
    cells = cell_scores(scores, codes, ("a", "b", "c", "d"))
    shuffled = rng.permutation(500)
    again = cell_scores(scores[shuffled], codes[shuffled], ("a", "b", "c", "d"))
    for level in (0.3, 0.9, 0.99, 0.999):
        wanted = [conformal_threshold(scores[codes == g], level) for g in range(4)]
        assert cells.thresholds(level).tolist() == wanted == again.thresholds(level).tolist()
        assert cells.pooled(level) == conformal_threshold(scores, level)


def test_a_cell_without_rows_is_infinite():
    cells = cell_scores([1.0, 2.0], np.array([0, 2]), ("a", "b", "c"))
    assert cells.thresholds(0.5).tolist() == [1, np.inf, 2]


def test_no_rows_and_bad_scores():
    with pytest.raises(InputError, match="There is no calibration row"):
        cell_scores([])
    with pytest.raises(InputError, match="calibration row 1 is nan"):
        cell_scores([1.0, np.nan])


def test_groups_however_they_are_written():
    frame = pd.DataFrame({"sex": ["m", None, "f", "m"], "age": [1, 2, 1, 2]})
    codes, labels = group_labels("sex", frame, 4)
    assert labels == ("(missing)", "f", "m")
    assert codes.tolist() == [2, 0, 1, 2]
    assert group_labels(frame["sex"], None, 4)[1] == labels
    assert group_labels(["m", None, "f", "m"], None, 4)[0].tolist() == [2, 0, 1, 2]
    codes, labels = group_labels("sex*age", frame, 4)
    assert [labels[code] for code in codes] == ["m & 1", "(missing) & 2", "f & 1", "m & 2"]
    as_numbers = group_labels(np.array([1.0, 2.0]), None, 2)[1]
    assert as_numbers == group_labels([1, 2], None, 2)[1] == group_labels(["1", "2"], None, 2)[1]


def test_unseen_groups_have_no_position():
    codes, labels = group_labels(["x", "b", "a"], None, 3)
    at, new = positions_among(codes, labels, ("a", "b", "c"))
    assert at.tolist() == [-1, 1, 0]
    assert new == ("x",)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ("sx", "names the column 'sx', which the rows do not have. Did you mean 'sex'"),
        (["a"], r"groups has shape \(1,\), and there are 2 rows"),
        (pd.Categorical(["a", "a"], ["a", "b"]), "The group 'b' has no row: it is empty"),
        (pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b", "z"])), "The group 'z'"),
    ],
)
def test_groups_that_are_wrong(groups, words):
    frame = pd.DataFrame({"sex": ["m", "f"]})
    with pytest.raises(InputError, match=words):
        group_labels(groups, frame, 2, whole=True)


def test_rows_to_predict_need_not_be_of_every_category():
    groups = pd.Series(pd.Categorical(["b", "b"], ["a", "b"]))
    assert group_labels(groups, None, 2)[1] == ("b",)
    assert group_labels("sex", groups.to_frame("sex"), 2)[1] == ("b",)
    with pytest.raises(InputError, match="'a' has no row"):
        group_labels("sex", groups.to_frame("sex"), 2, whole=True)


def test_a_column_of_an_array():
    with pytest.raises(InputError, match="the rows are no data frame"):
        group_labels("sex", np.ones((2, 2)), 2)
