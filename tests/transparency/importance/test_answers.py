from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.importance import Gap, permutation_importance, shuffled_answers


def setting(n=90):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    model = Predictor(
        lambda rows: 1 / (1 + np.exp(-(rows["a"] + rows["b"]))), "classification", ("no", "yes")
    )
    y = np.where(rng.random(n) < model(X)[:, 1], "yes", "no")
    return model, X, y, rng.choice(["f", "m"], n)


def test_the_model_is_asked_once_for_any_number_of_questions():
    model, X, y, group = setting()
    asked = shuffled_answers(model, X, y, repeats=2, seed=3)
    spent = model.rows_evaluated
    for metric in (None, "auc", Gap(group), [[1, 0], [0, 1]]):
        found = asked.importance(metric)
        assert found == permutation_importance(
            Predictor(model.answer, "classification", ("no", "yes")), X, y, metric=metric,
            repeats=2, seed=3,
        )  # fmt: skip
    assert model.rows_evaluated == spent


def test_the_same_seed_gives_the_same_bytes_and_the_data_stay_what_they_were():
    model, X, y, group = setting(200)
    before = X.copy(deep=True)
    for form in ("marginal", "conditional"):
        first, again = (
            shuffled_answers(model, X, y, form=form, max_rows=150, seed=1) for _ in range(2)
        )
        assert first.importance(Gap(group)) == again.importance(Gap(group))
        assert (first.kept == again.kept).all()
    pd.testing.assert_frame_equal(X, before)


def test_groups_follow_the_rows_that_were_sampled():
    model, X, _, group = setting(200)
    asked = shuffled_answers(model, X, max_rows=80, seed=2)
    alone = shuffled_answers(model, X.iloc[asked.kept], max_rows=80, seed=2)
    baseline = asked.importance(Gap(group, between=("f", "m"))).baseline
    assert baseline == alone.importance(Gap(group[asked.kept], between=("f", "m"))).baseline


def test_more_intervals_at_once_are_wider():
    model, X, y, _ = setting()
    asked = shuffled_answers(model, X, y)
    few, many = asked.importance(), asked.importance(comparisons=60)
    assert many["a"].estimate.low < few["a"].estimate.low
    assert "60 at once" in many["a"].estimate.method


def test_a_label_that_the_model_does_not_know_is_named():
    model, X, y, _ = setting()
    y = y.astype(object)
    y[4] = "perhaps"
    with pytest.raises(InputError, match="Row 4 of y has the label 'perhaps'"):
        shuffled_answers(model, X, y)
