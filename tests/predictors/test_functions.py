import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError, ModelError
from alignlab.predictors import as_predictor

FRAME = pd.DataFrame({"p": [0.2, 0.9], "name": ["x", "y"]})


@pytest.mark.parametrize(
    "answer",
    [
        lambda rows: rows["p"],
        lambda rows: rows[["p"]].to_numpy(),
        lambda rows: np.column_stack([1 - rows["p"], rows["p"]]),
        lambda rows: pd.DataFrame({"yes": rows["p"], "no": 1 - rows["p"]}),
    ],
    ids=["series", "(n,1)", "(n,2)", "frame by class"],
)
def test_probabilities_in_every_form(answer):
    predictor = as_predictor(answer, classes=["no", "yes"])
    np.testing.assert_allclose(predictor(FRAME), [[0.8, 0.2], [0.1, 0.9]])
    assert predictor.kind == "function"


def test_values():
    predictor = as_predictor(lambda rows: rows["p"] * 10, task="regression", name="tenfold")
    assert predictor(FRAME).tolist() == [2, 9]
    assert predictor.name == "tenfold"


def test_a_function_says_neither_task_nor_classes_itself():
    with pytest.raises(InputError, match=r"classes=\[\.\.\.\].*task='regression'"):
        as_predictor(lambda rows: rows)


def test_a_tensor_with_a_gradient_is_an_answer():
    import torch

    weight = torch.ones(1, requires_grad=True)
    predictor = as_predictor(lambda rows: torch.tensor(rows["p"]) * weight, classes=[0, 1])
    np.testing.assert_allclose(predictor(FRAME)[:, 1], [0.2, 0.9])


def test_a_frame_with_other_columns_is_taken_by_position_and_checked():
    predictor = as_predictor(lambda rows: rows[["p", "p"]], classes=["no", "yes"])
    with pytest.raises(ModelError, match=r"sums to 0\.4"):
        predictor(FRAME)


def test_classes_may_come_as_an_array():
    model = as_predictor(lambda rows: rows[:, 0], classes=np.array(["no", "yes"]))
    assert model.class_names == ("no", "yes")
