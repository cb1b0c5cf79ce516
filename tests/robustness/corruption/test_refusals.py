from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from alignlab.predictors import Predictor
from alignlab.robustness import KINDS, change_rows, small_changes


def classifier(answer, features=None):
    return Predictor(answer, task="classification", classes=("no", "yes"), features=features)


def table(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "job": np.array(["clerk", "nurse", "cook"])[rng.integers(0, 3, n)],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, n)],
        }
    )


def strict(rows):
    if rows["x"].isna().any():
        raise ValueError("Input x contains NaN.\nSee the manual.")
    unknown = set(rows["job"]) - {"clerk", "nurse", "cook"}
    if unknown:
        raise ValueError(f"Found unknown categories {sorted(map(str, unknown))}")
    return (rows["x"] > 0) * 1.0


def test_what_the_model_refuses_is_a_result_in_its_own_words():
    X = table(1000)
    model = classifier(strict)
    result = small_changes(model, X, (X["x"] > 0).astype(int))
    missing = result["missing"]
    assert missing.refusals["x"] == "ValueError: Input x contains NaN."
    assert set(missing.refusals) == {"x", "job"}
    assert set(missing.columns) == {"sex"}
    assert missing.flips.value == 0
    assert len(missing.rows) + sum(missing.refused.values()) == 1000
    assert [each.column for each in missing.by_column()] == ["sex", "x", "job"]
    assert missing.by_column()[-1].rows == missing.refused["job"]
    typo = result["typo"]
    assert (typo.flips, typo.accepted, typo.refused) == (None, False, {"job": 1000})
    assert result.worst_kind.kind in ("noise", "unit")
    # Finding out about the refusals cost a handful of rows, not halvings of the whole batch.
    asked_for = sum(len(each.rows) for each in result.kinds)
    assert result.evaluations - asked_for < 20


def test_a_model_that_refuses_everything_leaves_no_worst():
    X = table(50)

    def never(rows):
        raise RuntimeError("closed")

    result = small_changes(classifier(never), X, np.zeros(50, int))
    assert result.worst is None
    assert result.worst_kind is None
    assert result["noise"].refusals == {"": "RuntimeError: closed"}
    assert result.to_frame()["refused"].sum() == sum(
        len(change_rows(X, kind).rows) for kind in KINDS
    )


def test_an_answer_that_is_not_finite_is_a_refusal_too():
    X = table(40)
    model = Predictor(lambda rows: rows["x"], task="regression")
    result = small_changes(model, X, X["x"], kinds=["missing"])
    assert set(result["missing"].refusals) == {"x"}
    assert "not a finite number" in result["missing"].refusals["x"]


def test_a_refusal_of_some_texts_only_is_found_out_late_and_still_counted():
    X = table(200)

    def picky(rows):
        if rows["job"].str.startswith("urse").any():
            raise ValueError("urse")
        return np.zeros(len(rows))

    result = small_changes(classifier(picky), X, np.zeros(200, int), kinds=["typo"])
    assert result["typo"].refused == {"job": 200}


def test_the_models_warnings_about_odd_rows_are_kept_quiet():
    X = table(30)

    def grumbling(rows):
        if not rows["job"].isin(["clerk", "nurse", "cook"]).all():
            warnings.warn("unknown category", UserWarning, stacklevel=1)
        return np.zeros(len(rows))

    result = small_changes(classifier(grumbling), X, np.zeros(30, int), kinds=["typo"])
    assert not result["typo"].refusals


def test_long_words_are_shortened():
    X = table(10)

    def wordy(rows):
        raise ValueError("word " * 100)

    result = small_changes(classifier(wordy), X, np.zeros(10, int), kinds=["noise"])
    words = result["noise"].refusals[""]
    assert len(words) == 160
    assert words.endswith("…")
