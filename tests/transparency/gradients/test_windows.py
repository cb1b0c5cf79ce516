"""Occlusion: exact where the model is additive, every pixel covered, any kind of table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.gradients import occlusion

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 2, 7, 11))


def summed(images):
    return images.reshape(len(images), -1).sum(axis=1)


def test_an_additive_model_gives_each_column_its_own():
    X, background = RNG.normal(size=(6, 3)), RNG.normal(size=(9, 3))
    slopes = np.array([2.0, 0.0, -1.0])
    result = occlusion(lambda rows: rows @ slopes, X, background=background, task="regression")
    assert result.values == pytest.approx((X - background.mean(axis=0)) * slopes)
    spread = background.std(axis=0, ddof=1) * np.abs(slopes) / 3
    assert result.standard_errors == pytest.approx(np.tile(spread, (6, 1)))
    assert result.evaluations == 6 * 3 * 9 + 6


def test_frames_keep_their_kinds_and_one_hot_columns_move_together():
    frame = pd.DataFrame({"age": [30, 40, 50, 60], "race_a": [1, 0, 1, 0], "race_b": [0, 1, 0, 1]})
    frame["job"] = pd.Categorical(["x", "y", "x", "y"])

    def answer(rows):
        assert str(rows["job"].dtype) == "category"
        assert (rows["race_a"] + rows["race_b"] == 1).all()
        return rows["age"] / 100 * 0.5

    model = Predictor(answer, "classification", ("no", "yes"), features=tuple(frame.columns))
    result = occlusion(model, frame, background=frame[::-1])
    assert result.features == ("age", "race", "job")
    assert result.values[:, 0] == pytest.approx((frame["age"] - 45) / 200)
    assert (result.values[:, 1:] == 0).all()


def test_a_row_of_the_frame_is_a_baseline():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [5, 7]})
    model = Predictor(lambda rows: rows["a"] * rows["b"], "regression", features=("a", "b"))
    result = occlusion(model, frame, baseline=frame.iloc[0])
    assert result.values.tolist() == [[0.0, 0.0], [7.0, 4.0]]
    assert result.standard_errors is None


@pytest.mark.parametrize("window", [1, 2, 3, (7, 4), (2, 11)])
@pytest.mark.parametrize("stride", [None, 1])
def test_every_pixel_is_covered_whatever_the_sizes(window, stride):
    model = Predictor(summed, "regression")
    result = occlusion(model, np.ones((1, 1, 7, 11)), baseline=0.0, window=window, stride=stride)
    size = window**2 if isinstance(window, int) else window[0] * window[1]
    assert result.values == pytest.approx(np.full((1, 1, 7, 11), float(size)))


def test_one_pixel_at_a_time_is_the_pixel():
    model = Predictor(summed, "regression")
    result = occlusion(model, IMAGES, baseline=0.0, window=1)
    assert result.values == pytest.approx(IMAGES.sum(axis=1, keepdims=True))


def test_background_images_are_averaged_and_their_spread_is_the_error():
    model = Predictor(summed, "regression")
    background = RNG.random((5, 2, 7, 11))
    result = occlusion(model, IMAGES, background=background, window=1)
    wanted = (IMAGES[:, None] - background).sum(axis=2)
    assert result.values[:, 0] == pytest.approx(wanted.mean(axis=1))
    assert result.standard_errors[:, 0] == pytest.approx(wanted.std(axis=1, ddof=1) / np.sqrt(5))


def test_where_no_target_is_named_each_row_explains_its_decision():
    model = Predictor(
        lambda rows: np.eye(3)[rows[:, 0].astype(int)] * 0.7 + 0.1, "classification", "abc"
    )
    result = occlusion(model, np.array([[0.0], [2.0]]), background=np.array([[1.0], [1.0]]))
    assert result.targets.tolist() == [0, 2]
    assert result.values == pytest.approx(np.array([[0.7], [0.7]]))


FRAME = pd.DataFrame({"a": [1, 2], "b": [3, 4]})


@pytest.mark.parametrize(
    ("X", "options", "said"),
    [
        (IMAGES, {}, "State what a missing part"),
        (IMAGES, {"baseline": 0.0, "background": IMAGES}, "State what a missing part"),
        (IMAGES, {"baseline": 0.0, "window": 8}, "window=8"),
        (IMAGES, {"baseline": 0.0, "window": 2, "stride": 3}, "stride=3"),
        (IMAGES, {"baseline": np.zeros((2, 3, 3))}, "does not fit images"),
        (IMAGES[:, 0], {"baseline": 0.0}, "Give a table, or images"),
        (np.ones((2, 3)), {"background": np.ones((2, 3)), "window": 2}, "are for images"),
        (np.ones((2, 3)), {"baseline": np.ones(2)}, "has 2 numbers"),
        (np.ones((2, 3)), {"baseline": "abc"}, "has 1 numbers"),
        (np.ones((2, 3), dtype=int), {"baseline": np.full(3, 0.5)}, "kept as those of X, int64"),
        (FRAME, {"baseline": pd.Series({"a": 0.5, "b": 1})}, "kept as those of X, int64"),
        (FRAME, {"baseline": pd.Series({"a": 1})}, "has the column 'b'"),
        (IMAGES.astype(np.uint8), {"baseline": -1}, "kept as those of X, uint8"),
        (IMAGES, {"baseline": 0.0, "window": 2.5}, "window=2.5"),
        (np.ones((2, 3)), {"background": np.ones((0, 3))}, "at least one row each"),
    ],
)
def test_what_cannot_be_done_is_refused(X, options, said):
    with pytest.raises(InputError) as caught:
        occlusion(Predictor(summed, "regression"), X, **options)
    assert said in str(caught.value)
