from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.cli.predicted_data import Reading, read_rows, training_rows
from alignlab.errors import InputError
from alignlab.predictors import Predictor


def reading(**changed):
    said = {
        "model": "m",
        "target": "y",
        "by": None,
        "classes": None,
        "features": None,
        "task": None,
        "allow_pickle": False,
        "trust": (),
    }
    return Reading(**{**said, **changed})


@pytest.fixture
def rows(tmp_path):
    frame = pd.DataFrame(
        {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "sex": ["f", None, "m"], "old": [1, 0, 1]}
    )
    frame["y"] = ["no", "yes", "no"]
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    return str(path)


def test_a_model_that_names_its_columns_gets_them_in_its_order(rows):
    model = Predictor(len, "regression", features=("b", "a"))
    found, _ = read_rows(rows, model, reading(), labelled=True)
    assert found.X.columns.tolist() == ["b", "a"]
    assert found.y.tolist() == ["no", "yes", "no"]
    assert len(found) == 3


def test_another_model_gets_all_but_the_target_and_groups_it_does_not_take(rows):
    wide = Predictor(len, "regression", width=4)
    assert read_rows(rows, wide, reading(), labelled=False)[0].X.columns.tolist() == [
        "a", "b", "sex", "old",
    ]  # fmt: skip
    narrow = Predictor(len, "regression", width=3)
    found, _ = read_rows(rows, narrow, reading(by="sex"), labelled=False)
    assert found.X.columns.tolist() == ["a", "b", "old"]


def test_groups_keep_the_missing_and_cross(rows):
    model = Predictor(len, "regression", features=("a",))
    found, _ = read_rows(rows, model, reading(by="sex"), labelled=False)
    assert found.groups.tolist() == ["f", "(missing)", "m"]
    crossed, _ = read_rows(rows, model, reading(by="sex*old"), labelled=False)
    assert crossed.groups.tolist() == ["f & 1", "(missing) & 0", "m & 1"]


def test_images_hold_their_own_labels(tmp_path):
    path = tmp_path / "few.npz"
    np.savez(path, images=np.zeros((4, 8, 8), np.float32), labels=np.array([0, 1, 1, 0]))
    model = Predictor(len, "classification", classes=("0", "1"))
    with pytest.raises(InputError, match="images hold their labels"):
        read_rows(str(path), model, reading(), labelled=True)
    found, _ = read_rows(str(path), model, reading(target=None), labelled=True)
    assert found.y.tolist() == ["0", "1", "1", "0"]


def test_training_rows_have_the_columns_of_the_rows_they_are_held_against(rows, tmp_path):
    model = Predictor(len, "regression", width=3)
    found, _ = read_rows(rows, model, reading(by="sex"), labelled=True)
    assert training_rows(rows, found).columns.tolist() == ["a", "b", "old"]
    path = tmp_path / "few.npz"
    np.savez(path, images=np.zeros((4, 8, 8), np.float32), labels=np.array([0, 1, 1, 0]))
    with pytest.raises(InputError, match=r"rows.csv is a table and --training .*few.npz is images"):
        training_rows(str(path), found)
