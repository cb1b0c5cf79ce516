from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor, as_predictor
from alignlab.transparency.recourse.goals import goal_of
from alignlab.transparency.recourse.study import frames_of, study_of

FRAME = pd.DataFrame({"x": np.arange(30.0), "y": np.arange(30.0)[::-1], "k": ["a", "b"] * 15})
NUMBERS = FRAME[["x", "y"]]
TRUTH = (FRAME["x"] > 12).to_numpy()


def study(model, frame=NUMBERS, rows=None, **options):
    settings = {
        "constraints": None, "scales": None, "per_change": 1.0, "category_cost": 1.0,
        "method": "auto", "tidy": False, "starts": 8, "max_data": 2000, "seed": 0,
        "as_array": None,
    }  # fmt: skip
    predictor, rows = as_predictor(model), frame[:2] if rows is None else rows
    goal = goal_of(predictor, True, answer=None)
    return study_of(goal, rows, predictor(rows), frame, **settings | options)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LogisticRegression(), "exact: a linear model, by a mixed-integer program"),
        (DecisionTreeClassifier(), "exact: a single tree, by all of its leaves"),
    ],
)
def test_the_exact_way_is_taken_where_there_is_one(model, name):
    found, _ = study(model.fit(NUMBERS, TRUTH))
    assert found.route.name == name
    rows, least = found.candidates(2, diverse=False)
    assert np.isfinite(least).all()
    assert found.ask(np.concatenate(rows))[0].all()
    by_search, _ = study(model, method="search")
    assert by_search.route is None
    assert np.isnan(by_search.candidates(2, diverse=False)[1]).all()


def test_exactly_or_not_at_all():
    forest = RandomForestClassifier(5, random_state=0).fit(NUMBERS, TRUTH)
    with pytest.raises(InputError, match="There is no exact way for the model"):
        study(forest, method="exact")
    with pytest.raises(InputError, match="Did you mean 'exact'"):
        study(forest, method="exactt")


def test_a_model_that_changes_its_mind_is_not_believed():
    answers = iter([True, False])

    def moody(rows):
        moody.calls += 1
        sure = np.asarray(rows["x"] > 12, dtype=float)
        return sure if moody.calls < moody.until else 0 * sure

    del answers
    moody.calls, moody.until = 0, 10**6
    model = Predictor(moody, "classification", classes=(False, True))
    rows, _ = study(model)[0].candidates(1, diverse=False)
    last = moody.calls
    assert len(rows[0])
    moody.calls, moody.until = 0, last  # the last call is the confirmation
    rows, _ = study(model)[0].candidates(1, diverse=False)
    assert not len(rows[0])


def test_more_data_than_asked_for_is_drawn_and_said():
    model = LogisticRegression().fit(NUMBERS, TRUTH)
    found, notes = study(model, max_data=10)
    assert len(found.data) == 10
    assert notes == ("10 of the 30 rows of the data were drawn to start from and to compare with.",)
    assert study(model)[1] == ()


def test_rows_come_as_frames_series_mappings_or_arrays():
    model = Predictor(lambda rows: np.zeros(len(rows)), "regression")
    for row in (FRAME.iloc[[3]], FRAME.iloc[3], FRAME.iloc[3].to_dict()):
        rows, data, dtype = frames_of(model, row, FRAME)
        pd.testing.assert_frame_equal(rows, FRAME.iloc[[3]].reset_index(drop=True))
        assert dtype is None
        assert data.equals(FRAME)
    rows, data, dtype = frames_of(model, NUMBERS.to_numpy()[3], NUMBERS.to_numpy())
    assert list(rows.columns) == ["0", "1"]
    assert dtype == np.float64
    rows, _, _ = frames_of(model, {"x": np.nan, "k": "a"}, FRAME.astype({"x": int}))
    assert np.isnan(rows["x"].iloc[0])


@pytest.mark.parametrize(
    ("row", "data", "message"),
    [
        (FRAME.iloc[0], NUMBERS.to_numpy(), "Give both as data frames, or both as arrays"),
        (np.zeros(2), NUMBERS, "Give a row of such a frame"),
        (np.zeros(3), NUMBERS.to_numpy(), "the data have 2 columns"),
        (np.zeros(3), FRAME.to_numpy(), "Give an array of numbers"),
        (FRAME.iloc[[0]], NUMBERS, "has the column 'k', which the data does not have"),
        ({"x": "a", "y": 1.0}, NUMBERS, "has 'a' in column 'x'"),
        ({"x": 1.5}, NUMBERS.astype(int), "has 1.5 in column 'x', which holds int64"),
        (
            pd.DataFrame([["z"]], columns=["k"]),
            FRAME[["k"]].astype("category"),
            "has 'z' in column 'k', which is no category of the data",
        ),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), NUMBERS, "Two columns of the row"),
    ],
)
def test_what_is_no_row_is_said(row, data, message):
    model = Predictor(lambda rows: np.zeros(len(rows)), "regression")
    with pytest.raises(InputError, match=message):
        frames_of(model, row, data)


def test_a_route_that_the_model_never_agrees_with_is_given_up():
    class Wrong:
        name = "exact: wrong"

        def propose(self, origins, many, slack):
            return [[origin + np.array([1e-3, 0.0])] for origin in origins]

    model = LogisticRegression().fit(NUMBERS, TRUTH)
    found, _ = study(model, method="exact")
    found.route = Wrong()
    with pytest.raises(ModelError, match="Use method='search'"):
        found.candidates(1, diverse=False)
    either, _ = study(model)
    either.route = Wrong()
    rows, least = either.candidates(1, diverse=False)
    assert either.route is None
    assert np.isnan(least).all()
    assert either.ask(np.concatenate(rows))[0].all()
