from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from alignlab.predictors import as_predictor
from alignlab.transparency.recourse.columnwise import columnwise
from alignlab.transparency.recourse.space import space_of

NAMES = frozenset({"LogisticRegression"})


def table() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.uniform(1, 9, 80),
            "k": rng.choice(["a", "b", "c"], 80),
            "y": rng.uniform(1, 9, 80),
        }
    )
    return frame, (frame["x"] > frame["y"]).to_numpy()


def mapped(*steps, frame=None, origins=None):
    if frame is None:
        frame, truth = table()
    else:
        truth = table()[1]
    model = make_pipeline(*steps, LogisticRegression()).fit(frame, truth)
    space = space_of(frame, frame[:1], None, scales=None, per_change=1, category_cost=1)
    units = space.read(frame)
    rows = units[:1] if origins is None else space.read(origins)
    return columnwise(as_predictor(model), space, rows, units, NAMES)


def encoder(*of_numbers):
    numbers = make_pipeline(*of_numbers) if of_numbers else "passthrough"
    return make_column_transformer((OneHotEncoder(), ["k"]), (numbers, ["x", "y"]))


def test_each_input_is_owned_by_the_column_that_it_is_made_from():
    found = mapped(encoder(StandardScaler()))
    assert found.owner.tolist() == [1, 1, 1, 0, 2]
    assert mapped(encoder(SimpleImputer(), FunctionTransformer(np.log))).owner.tolist() == [
        1, 1, 1, 0, 2,
    ]  # fmt: skip


def test_inputs_of_one_unit_alone_are_those_of_whole_rows():
    found = mapped(encoder(StandardScaler()))
    values = np.array([2.0, 3.0])
    frame, _ = table()
    by_hand = (values - frame["x"].mean()) / frame["x"].std(ddof=0)
    np.testing.assert_allclose(found.alone(0, values)[:, 0], by_hand)


def test_steps_that_mix_columns_are_seen():
    assert mapped(encoder(PCA())) is None
    assert mapped(encoder(Normalizer())) is None
    assert mapped(encoder(PolynomialFeatures(2))) is None
    # One number split into several inputs is fine.
    frame = table()[0][["x"]]
    assert mapped(PolynomialFeatures(2, include_bias=False), frame=frame) is not None


def test_an_imputer_is_asked_about_rows_that_miss_what_the_rows_miss():
    frame, _ = table()
    gone = frame[:2].assign(y=np.nan)
    flags = encoder(SimpleImputer(add_indicator=True))
    assert mapped(encoder(KNNImputer()), frame=frame) is not None
    assert mapped(encoder(KNNImputer()), frame=frame, origins=gone) is None
    assert mapped(encoder(SimpleImputer()), frame=frame, origins=gone) is not None
    # Whether a cell is missing belongs to its column too.
    frame["y"] = frame["y"].where(frame["y"] > 3)
    found = mapped(flags, frame=frame, origins=gone)
    assert found.owner.tolist() == [1, 1, 1, 0, 2, 2]
    # Two cells that are missing together are not filled in as each of them alone.
    first = FunctionTransformer(lambda rows: np.nan_to_num(rows, nan=5.0 + np.isnan(rows).all()))
    frame["x"] = frame["x"].where(frame["x"] < 8)
    assert mapped(encoder(first), frame=frame, origins=gone.assign(x=np.nan)) is None


def test_a_model_of_another_kind_has_no_map():
    frame, truth = table()
    space = space_of(frame, frame[:1], None, scales=None, per_change=1, category_cost=1)
    model = make_pipeline(encoder(), LogisticRegression()).fit(frame, truth)
    data = space.read(frame)
    assert columnwise(as_predictor(model), space, data[:1], data, frozenset({"Ridge"})) is None
    function = as_predictor(model.predict_proba, classes=[0, 1], task="classification")
    assert columnwise(function, space, data[:1], data, NAMES) is None
    assert columnwise(as_predictor(model), space, data, np.full_like(data, np.nan), NAMES) is None
