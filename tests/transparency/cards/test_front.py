from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from alignlab.datasets import Constraints
from alignlab.errors import InputError, ModelError
from alignlab.predictors import Predictor
from alignlab.transparency.cards import explain, explain_many


def test_the_reasons_add_up_to_the_answer(card):
    total = card.base + sum(each.value for each in card.reasons)
    assert total == pytest.approx(card.answer, abs=1e-9)
    assert card.answer == pytest.approx(card.probabilities["no"])
    sizes = [abs(each.value) for each in card.reasons]
    assert sizes == sorted(sizes, reverse=True)


def test_the_values_are_the_shapley_values_by_definition(loans, refused):
    X, _, model = loans
    made = explain(model, refused, data=X, background=399, alternatives=0, similar=0, check=False)
    others = X.drop(index=refused)

    def worth(known):
        rows = others.copy()
        for name in known:
            rows[name] = X.loc[refused, name]
        return model.predict_proba(rows)[:, 0].mean()

    names = list(X)
    worths = {}
    values = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        known = frozenset()
        for name in order:
            for each in (known, known | {name}):
                if each not in worths:
                    worths[each] = worth(each)
            values[name] += (worths[known | {name}] - worths[known]) / 120
            known |= {name}
    for each in made.reasons:
        assert each.value == pytest.approx(values[each.feature], abs=1e-9)


def test_only_three_sure_features_are_named(card):
    assert len(card.main_reasons) <= 3
    assert all(each.low * each.high > 0 for each in card.main_reasons)
    sure = [each.feature for each in card.reasons if each.sure]
    assert [each.feature for each in card.main_reasons] == sure[:3]
    assert len(card.reasons) == 5


def test_changes_reach_the_favourable_answer_without_what_is_protected(card, loans, refused):
    X, _, model = loans
    assert len(card.changes)
    assert set(model.predict(card.changes.rows)) == {"yes"}
    assert all(change.column != "sex" for each in card.changes for change in each.changes)
    fixed = explain(model, refused, data=X, immutable=list(X), check=False, similar=0)
    assert not len(fixed.changes)
    assert "No column of this row may change" in " ".join(fixed.sentences)


def test_stated_constraints_are_kept(loans, refused):
    X, _, model = loans
    stated = Constraints(monotone={"income": "increasing"}, bounds={"income": (0, 60)})
    made = explain(
        model, refused, data=X, constraints=stated, immutable=["debt_share", "home"],
        protected=["sex"], check=False, similar=0,
    )  # fmt: skip
    for each in made.changes:
        assert {change.column for change in each.changes} <= {"income", "children"}
    assert set(made.held) == {"debt_share", "home", "sex"}


def test_a_favourable_decision_is_explained_by_what_would_have_ended_it(loans):
    X, _, model = loans
    granted = int(model.predict_proba(X)[:, 1].argmax())
    made = explain(model, granted, data=X, favourable="yes", check=False, similar=0)
    assert {each.decision for each in made.changes} == {"no"}


def test_a_case_is_not_compared_with_itself(loans, refused):
    X, y, model = loans
    by_position = explain(model, refused, data=X, outcomes=y, check=False, alternatives=0)
    assert refused not in by_position.similar.rows
    assert len(by_position.similar.rows) == 39  # a tenth of the 399 others
    assert by_position.happened == y[refused]
    own = explain(model, X.iloc[[refused]], data=X, outcomes=y, check=False, alternatives=0)
    assert own.similar.rows[0] == refused
    assert own.row is None
    assert own.happened is None


def test_how_similar_cases_went_by_hand(loans, refused):
    X, y, model = loans
    made = explain(model, refused, data=X, outcomes=y, check=False, alternatives=0).similar
    rows = list(made.rows)
    assert made.answer == np.mean(model.predict(X.iloc[rows]) == "no")
    assert made.happened.value == np.mean(y.iloc[rows] == "no")
    assert made.happened.low < made.happened.value < made.happened.high
    assert made.answer_all == np.mean(model.predict(X) == "no")
    assert made.happened_all == np.mean(np.delete(y.to_numpy(), refused) == "no")
    assert made.distance < made.distance_all


def test_unknown_outcomes_are_left_out(loans, refused):
    X, y, model = loans
    some = y.where(np.arange(len(y)) % 2 == 0)
    made = explain(model, refused, data=X, outcomes=some, check=False, alternatives=0).similar
    assert made.happened.n == sum(row % 2 == 0 for row in made.rows)
    none = explain(model, refused, data=X, outcomes=y.where(y == "?"), check=False, alternatives=0)
    assert none.similar.happened is None
    assert none.happened is None


def test_intervals_hold_the_value_over_all_the_data():
    """The errors are of drawing a background: over many draws they cover what all data give."""
    rng = np.random.default_rng(0)
    data = rng.gamma(2.0, 1.0, (600, 3))

    def model(rows):
        return rows[:, 0] * rows[:, 1] + np.sqrt(rows[:, 2])

    row = np.array([[3.0, 0.5, 4.0]])
    stated = {"data": data, "task": "regression", "alternatives": 0, "similar": 0, "check": False}
    truth = explain(model, row, background=600, **stated)
    truths = {each.feature: each.value for each in truth.reasons}
    trials = 150
    held = 0
    for seed in range(trials):
        made = explain(model, row, background=60, seed=seed, **stated)
        held += all(each.low <= truths[each.feature] <= each.high for each in made.reasons)
    # 60 of 600 rows are drawn without replacement, so a little more than 95% is right.
    assert held / trials > 0.95 - 4 * np.sqrt(0.95 * 0.05 / trials)


def test_exact_routes_have_errors_of_the_background_too(loans, refused):
    from sklearn.ensemble import RandomForestClassifier

    X, y, _ = loans
    numbers = X[["income", "debt_share", "children"]]
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(numbers, y)
    made = explain(forest, refused, data=numbers, check=False, alternatives=0, similar=0)
    assert "trees" in made.settings["method"]
    assert made.reasons[0].error > 0


def test_several_rows_give_the_cards_of_their_own(loans):
    X, y, model = loans
    cards = explain_many(model, [3, 8], data=X, outcomes=y, alternatives=1)
    assert [each.row for each in cards] == [3, 8]
    for each, row in zip(cards, (3, 8), strict=True):
        assert each.answer == pytest.approx(model.predict_proba(X.iloc[[row]]).max())
        assert each.base + sum(r.value for r in each.reasons) == pytest.approx(each.answer)
        assert each.cells["income"] == X.loc[row, "income"]
    with pytest.raises(InputError, match="0 rows"):
        explain_many(model, [], data=X)


def test_the_same_seed_gives_the_same_bytes(loans, card, refused):
    X, y, model = loans
    again = explain(
        model, refused, data=X, outcomes=y, protected=["sex"], favourable="yes", name="loans",
        labels={"yes": "granted", "no": "refused"},
    )  # fmt: skip
    assert json.dumps(again.to_dict()) == json.dumps(card.to_dict())
    assert again.to_html() == card.to_html()


def test_what_the_model_was_asked_is_counted(loans, refused):
    X, _, model = loans
    asked = []

    def counting(rows):
        asked.append(len(rows))
        return model.predict_proba(rows)

    predictor = Predictor(counting, "classification", classes=("no", "yes"))
    answers = model.predict_proba(X)
    made = explain(predictor, refused, data=X, answers=answers)
    # Nothing but the case itself is asked for besides.
    assert sum(asked) == made.evaluations


def test_regression(rent):
    _, y, model, card = rent
    assert card.task == "regression"
    assert card.outcome == "rent"
    assert card.scale == "value"
    slopes = dict(zip(("size", "floor"), model.coef_, strict=True))
    assert card.reasons[0].feature == "size"
    assert abs(slopes["size"]) > 0
    assert all(model.predict(each.row)[0] <= 300 for each in card.changes)
    assert card.similar.happened.low < card.similar.happened.value
    assert card.happened == f"{round(y[3]):,}" or card.happened == f"{float(f'{y[3]:.4g}'):g}"
    inside = explain(model, 3, data=rent[0], wanted=(0, 10_000), check=False)
    assert inside.changes is None


def test_arrays_are_explained_as_arrays():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    made = explain(model, 5, data=X)
    assert made.reasons[0].feature == "0"
    assert made.decision == str(bool(X[5, 0] > 0)) or abs(X[5, 0]) < 0.3
    assert len(made.changes)
    together = explain(model, 5, data=X, groups={"pair": [1, 2]}, alternatives=0)
    assert {each.feature for each in together.reasons} == {"0", "pair"}


def test_many_classes():
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    made = explain(model, 100, data=X, outcomes=y, favourable=0, alternatives=2)
    assert made.classes == ("0", "1", "2")
    assert {each.decision for each in made.changes} == {"0"}


def test_missing_cells_and_one_hot_columns():
    rng = np.random.default_rng(0)
    n = 200
    home = rng.integers(0, 3, n)
    X = pd.DataFrame({f"home_{name}": home == at for at, name in enumerate("abc")}).astype(int)
    X["age"] = np.where(rng.random(n) < 0.2, np.nan, rng.normal(40, 10, n))
    model = Predictor(
        lambda rows: 1 / (1 + np.exp(-(2 * rows["home_a"] + rows["age"].fillna(40) / 10 - 4))),
        "classification",
        classes=("no", "yes"),
    )
    row = int(X["age"].isna().to_numpy().argmax())
    made = explain(model, row, data=X, immutable=["home"])
    assert {each.feature for each in made.reasons} == {"home", "age"}
    assert {each.feature: each.given for each in made.reasons}["age"] == "missing"
    assert not len(made.changes)
    assert set(made.held) == {"home_a", "home_b", "home_c"}


def test_a_model_that_always_says_the_same_has_no_reasons(loans):
    X, y, _ = loans
    model = DummyClassifier().fit(X, y)
    made = explain(model, 0, data=X, outcomes=y)
    assert not made.main_reasons
    assert made.truth.score is None
    text = " ".join(made.sentences)
    assert "No feature's part in that is surely apart from 0." in text
    assert "Nothing can be told" in text


def test_decisions_without_probabilities(loans, refused):
    X, y, model = loans
    labels = Predictor(
        lambda rows: np.eye(2)[model.predict_proba(rows).argmax(axis=1)],
        "classification", classes=("no", "yes"), probabilistic=False,
    )  # fmt: skip
    made = explain(labels, refused, data=X, outcomes=y)
    assert made.scale == "decision"
    assert made.probabilities == {}
    assert "without a probability" in " ".join(made.sentences)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"row": 400}, "no row 400: the data have 400 rows, numbered from 0 to 399"),
        ({"row": -1}, "no row -1"),
        ({"row": "7"}, "The row is a str"),
        ({"immutable": ["incom"]}, "Did you mean 'income'"),
        ({"protected": ["race"]}, "protected='race' is no column of the data"),
        ({"favourable": "yse"}, "Did you mean 'yes'"),
        ({"wanted": (0, 1)}, "predicts classes"),
        ({"labels": {"incme": "x"}}, "labels names 'incme'"),
        ({"background": 1}, "background=1 is not a whole number from 2"),
        ({"similar": True}, "similar=True"),
        ({"alternatives": 1.5}, "alternatives=1.5"),
        ({"level": 95}, "level=95"),
        ({"seed": -1}, "seed=-1"),
        ({"outcomes": ["yes"]}, "1 outcomes for the 400 rows"),
        ({"outcomes": "repaid"}, "outcomes='repaid' is a name"),
        ({"outcomes": pd.DataFrame({"repaid": ["yes"]})}, "such as frame['repaid']"),
        ({"protected": "sex,income"}, "protected='sex,income' is no column"),
        ({"outcomes": ["maybe"] * 400}, "'maybe'"),
        ({"answers": [[0.5, 0.5]]}, "1 answers for the 400 rows"),
    ],
)
def test_wrong_input_is_said_in_one_line(loans, given, said):
    X, _, model = loans
    stated = {"row": 0, **given}
    with pytest.raises(InputError) as error:
        explain(model, stated.pop("row"), data=X, **stated)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_other_wrong_input(loans, rent):
    X, _, model = loans
    with pytest.raises(InputError, match="'sex'"):
        explain(model, 0, data=X.drop(columns="sex"))
    with pytest.raises(InputError, match="at least 3"):
        explain(model, 0, data=X[:2])
    with pytest.raises(InputError, match="There are 2 rows to explain"):
        explain(model, X[:2], data=X)
    with pytest.raises(InputError, match=r"wanted=\(low, high\)"):
        explain(rent[2], 0, data=rent[0], favourable="yes")
    with pytest.raises(InputError, match="give a number"):
        explain(rent[2], 0, data=rent[0], outcomes=["x"] * 200)

    class Labels:
        classes_ = np.array(["no", "yes"])

        def predict_proba(self, rows):
            return np.full(len(rows), "yes")

    with pytest.raises((ModelError, InputError)):
        explain(Labels(), 0, data=X)
