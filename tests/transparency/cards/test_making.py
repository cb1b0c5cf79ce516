from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.transparency.cards import explain
from alignlab.transparency.cards.making import FOR_ERRORS, Stated, cards_of


def test_what_is_stated_is_checked_before_the_model_is_asked():
    with pytest.raises(InputError, match="similar=-1 is not a whole number from 0"):
        Stated(similar=-1)
    with pytest.raises(InputError, match="level"):
        Stated(level=2.0)
    with pytest.raises(TypeError, match="backgroud"):
        Stated(backgroud=3)


def test_cards_of_rows_of_two_decisions_explain_each_its_own(loans):
    X, _, model = loans
    chance = model.predict_proba(X)
    rows = [int(chance[:, 0].argmax()), int(chance[:, 1].argmax())]
    cards = cards_of(model, rows, X, Stated(alternatives=0, check=False, similar=0))
    assert [each.decision for each in cards] == ["no", "yes"]
    for each, row in zip(cards, rows, strict=True):
        assert each.answer == pytest.approx(chance[row].max())


def test_without_similar_cases_the_model_is_not_asked_about_the_data(loans):
    X, _, model = loans
    predictor = as_predictor(model)
    made = explain(predictor, 0, data=X, alternatives=0, similar=0, check=False)
    assert predictor.rows_evaluated == made.evaluations


def test_errors_of_exact_values_are_those_of_other_backgrounds():
    """For a linear model the value of a feature is w (x - mean), so its error is known."""
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4)) * [1.0, 2.0, 3.0, 4.0]
    model = LinearRegression().fit(X, X @ [1.0, 1.0, 1.0, 1.0])
    made = explain(model, 0, data=X, alternatives=0, similar=0, check=False)
    assert "linear" in made.settings["method"]
    for each in made.reasons:
        sd = [1.0, 2.0, 3.0, 4.0][int(each.feature)]
        # 100 background rows: sd / 10, known itself to about 20% of it.
        assert 0.6 * sd / 10 < each.error < 1.5 * sd / 10
    assert made.evaluations <= 1 + FOR_ERRORS + 200


def test_a_feature_that_is_not_gone_by_is_never_sure(loans):
    X, _, _ = loans

    def model(rows):
        odds = 0.2 * (rows["income"] - 40) - 3 * rows["debt_share"] + 0.7 * rows["children"]
        return 1 / (1 + np.exp(-odds.to_numpy(float)))

    for row in range(12):
        made = explain(
            model, row, data=X, classes=("no", "yes"), alternatives=0, similar=0, check=False,
            task="classification",
        )  # fmt: skip
        assert not {each.feature for each in made.reasons if each.sure} & {"home", "sex"}


def test_a_card_says_nothing_of_a_scale_that_its_reader_cannot_ask_for(loans):
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y, _ = loans
    numbers = X.select_dtypes("number")
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(numbers, y)
    made = explain(model, 0, data=numbers, alternatives=0, similar=0, check=False)
    assert not [note for note in made.notes if "scale=" in note]
