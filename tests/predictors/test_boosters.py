from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.linear_model import LinearRegression
from xgboost import XGBRegressor

from alignlab.predictors.boosters import CategoryCodes, learner_of

EXTREME = {"n_estimators": 2, "n_jobs": 1, "enable_categorical": True}
LIGHT = {"n_estimators": 2, "n_jobs": 1, "verbose": -1}


def frame(jobs):
    rng = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "age": rng.normal(size=n),
            "job": pd.Categorical(rng.choice(jobs, n), categories=jobs),
            "house": pd.Categorical(rng.choice([30, 7, 9], n), categories=[30, 7, 9]),
        }
    )


@pytest.mark.parametrize(
    "model",
    [XGBRegressor(**EXTREME), LGBMRegressor(**LIGHT)],
    ids=lambda model: type(model).__name__,
)
def test_codes_are_those_of_training_in_whatever_order_a_frame_lists_them(model):
    X = frame(["smith", "cook", "nurse"])
    codes = CategoryCodes.of(model.fit(X, X["age"]))
    assert [list(each) for each in codes.known] == [["smith", "cook", "nurse"], [30, 7, 9]]
    other = pd.DataFrame(
        {
            "age": [1.5, 2.5, 3.5],
            "job": pd.Categorical(["cook", None, "smith"]),
            "house": pd.Categorical([9, 30, 9], categories=[9, 30]),
        }
    )
    truth = [[1.5, 1, 2], [2.5, np.nan, 0], [3.5, 0, 2]]
    np.testing.assert_array_equal(codes.transform(other), truth)
    cells = np.ones((2, 3))
    assert codes.transform(cells) is cells


def test_texts_that_xgboost_cuts_off_are_not_believed():
    X = frame(["Köchin", "Schmied", "裁判官"])
    codes = CategoryCodes.of(XGBRegressor(**EXTREME).fit(X, X["age"]))
    assert codes.known == [None, [30, 7, 9]]
    np.testing.assert_array_equal(codes.transform(X)[:, 1], X["job"].cat.codes)


def test_a_model_without_categories_has_no_codes():
    X = frame(["a", "b"])[["age"]]
    for model in (LinearRegression(), XGBRegressor(**EXTREME), LGBMRegressor(**LIGHT)):
        assert CategoryCodes.of(model.fit(X, X["age"])) is None


def test_the_json_of_a_model_is_read():
    X = np.arange(8.0)[:, None]
    model = XGBRegressor(**EXTREME).fit(X, X[:, 0])
    assert len(learner_of(model)["gradient_booster"]["model"]["trees"]) == 2
