import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from alignlab.datasets import load_images
from alignlab.errors import ModelError
from alignlab.predictors import Predictor, as_predictor, taking_images


def test_an_estimator_gets_each_image_as_a_row():
    data = load_images("digits").take(range(300))
    rows = data.images.reshape(300, -1)
    fitted = LogisticRegression(max_iter=300).fit(rows, data.labels)
    predictor = taking_images(as_predictor(fitted), (1, 8, 8))
    np.testing.assert_array_equal(predictor(data.images), as_predictor(fitted)(rows))
    assert predictor.rows_evaluated == 300


def test_a_function_gets_images_and_not_too_many_at_once():
    seen = []

    def light(images):
        seen.append(images.shape)
        return images.mean((1, 2, 3))

    predictor = taking_images(Predictor(light, "classification", classes=("a", "b")), (1, 8, 8))
    predictor(np.zeros((300, 1, 8, 8), np.float32))
    assert seen == [(256, 1, 8, 8), (44, 1, 8, 8)]
    own = Predictor(light, "classification", classes=("a", "b"), batch_rows=100)
    assert taking_images(own, (1, 8, 8)).batch_rows == 100


def test_a_linear_first_layer_is_not_a_width_of_images():
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    predictor = taking_images(as_predictor(module, classes=["a", "b", "c"]), (1, 8, 8))
    assert predictor(np.zeros((5, 1, 8, 8), np.float32)).shape == (5, 3)


def test_a_model_of_other_rows_says_so():
    fitted = LogisticRegression().fit(np.eye(3), [0, 1, 0])
    with pytest.raises(ModelError, match="dim 4"):
        taking_images(as_predictor(fitted), (1, 8, 8))(np.zeros((2, 1, 8, 8)))
