from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit import all_checks
from alignlab.audit.check import run_check
from alignlab.audit.conformance import CASES, assert_conforms
from alignlab.datasets import ImageData, load_images
from alignlab.errors import InputError
from alignlab.uncertainty.outliers import detect_drift, detect_outliers

CHECK = all_checks()["uncertainty.ood"]


def people(rng, n, *, age=40.0, poor=0.3):
    home = np.where(rng.random(n) < poor, "rent", "own")
    frame = pd.DataFrame(
        {
            "age": rng.normal(age, 12, n),
            "income": rng.gamma(2, 20, n),
            "home": home,
            "sex": rng.choice(["f", "m"], n),
        }
    )
    says = frame["age"] > 40
    flipped = rng.random(n) < 0.1
    return frame.assign(
        said=np.where(says, "yes", "no"), paid=np.where(says ^ flipped, "yes", "no")
    )


def audited(data, reference, **options):
    result = alignlab.audit(
        predictions=data,
        target="paid",
        prediction="said",
        reference=reference,
        checks=["uncertainty.ood"],
        **options,
    )
    return result.finding("uncertainty.ood")


def test_it_keeps_the_promises():
    assert_conforms("uncertainty.ood")


def test_the_numbers_are_those_of_the_room():
    context = CASES["a reference"]()
    found = run_check(CHECK, context)
    rows = detect_outliers(None, context.reference, context.features)
    assert found.estimates["unlike the reference"] == rows.share
    assert found.estimates["unlike it if nothing differed"] == rows.expected
    drift = detect_drift(context.reference, context.features, level=1 - 0.05 / 3)
    assert [row[1] for row in found.tables[1].rows] == [each.statement for each in drift.features]
    assert found.evaluations == 0


def test_it_is_silent_where_nothing_differs(monkeypatch):
    """The size does not depend on how large the forest is."""
    monkeypatch.setattr("alignlab.uncertainty.outliers.apart.TREES", 5)
    rng = np.random.default_rng(0)
    draws, alarms = 40, 0
    for _ in range(draws):
        found = audited(people(rng, 150), people(rng, 250), groups="sex", favourable="yes")
        alarms += not found.summary.startswith("Nothing surely differs")
        assert found.status == "measured"
    assert alarms / draws <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / draws)


def test_a_planted_shift_is_found_with_whose_rows_and_what_it_does():
    rng = np.random.default_rng(1)
    reference = people(rng, 2000)
    data = people(rng, 1000)
    moved = data["sex"] == "f"
    data.loc[moved, "income"] += 150
    data.loc[moved, "paid"] = rng.choice(["yes", "no"], moved.sum())
    found = audited(data, reference, groups="sex", favourable="yes")
    unlike = found.estimates["unlike the reference"]
    assert unlike.low > 0.3
    assert "most of all income ≤" in found.summary
    assert "most often rows of sex = f" in found.summary
    assert "accuracy is" in found.summary
    assert found.estimates["accuracy on unusual rows"].high < 0.6
    assert any("Find out why 'income' changed" in line for line in found.advice)
    assert any("person decide on unusual rows" in line for line in found.advice)
    assert [chart.question for chart in found.charts] == [
        "Which columns have drifted from the reference?",
        "Whose rows are unlike the reference?",
    ]
    assert [row[:2] + row[-1:] for row in found.tables[2].rows] == [
        ("sex", "f", "yes"),
        ("sex", "m", ""),
    ]
    for limit, status in ((0.2, "fail"), (0.9, "pass"), (unlike.value, "not enough data")):
        judged = audited(data, reference, limits={"uncertainty.ood": limit})
        assert judged.status == status


def test_what_only_changed_together_is_told():
    rng = np.random.default_rng(2)
    reference, data = people(rng, 1500), people(rng, 1500)
    data["income"] = np.sort(data["income"])[np.argsort(np.argsort(data["age"]))]
    found = audited(data, reference)
    assert "together they tell these rows from the reference (AUC" in found.summary


def test_small_changes_are_neither_drift_nor_nothing():
    """Many rows make two points sure; that they are no drift is this check's choice, and said."""
    rng = np.random.default_rng(4)
    old, new = people(rng, 20_000), people(rng, 20_000, poor=0.33)
    found = audited(new, old.drop(columns=["said", "paid"]))
    assert found.summary.startswith("Little differs from")
    assert "1 column changed by more than chance, but none surely by more than 5" in found.summary
    assert ("a column has drifted where a share of rows surely changed by more than", 0.05) in (
        found.tables[0].rows
    )


def test_a_value_that_the_reference_never_holds_is_told():
    rng = np.random.default_rng(3)
    data = people(rng, 800)
    data.loc[:199, "home"] = "squat"
    found = audited(data, people(rng, 800))
    assert "home = squat: 0.0% → 25.0%" in found.summary
    assert any("25.0% of the rows hold a value of 'home'" in line for line in found.advice)


def test_numbers_predicted_are_judged_by_their_error():
    rng = np.random.default_rng(4)
    reference, data = people(rng, 1000), people(rng, 600)
    data.loc[:99, "age"] += 100
    frame = data.assign(
        paid=data["age"] + rng.normal(size=600) * np.where(data["age"] > 100, 30, 1),
        said=data["age"],
    )
    found = audited(frame, reference, task="regression")
    assert "mean absolute error is" in found.summary


def test_pictures_are_compared_by_how_they_look():
    digits = load_images("digits")
    first, second = digits.take(range(0, 600)), digits.take(range(600, 1200))

    def model(images):
        return np.full((len(images), 10), 0.1)

    options = {"checks": ["uncertainty.ood"]}
    dim = ImageData(second.images * 0.6, second.labels, second.classes)
    said = alignlab.audit(model, dim, reference=first, **options).finding("uncertainty.ood")
    assert "contrast" in said.summary or "brightness" in said.summary or "white" in said.summary
    assert said.evaluations == 0


def test_without_a_reference_it_does_not_apply():
    found = run_check(CHECK, CASES["two classes and groups"]())
    assert found.status == "not applicable"
    assert "no rows were given to compare with (--reference)" in found.summary


def test_too_few_rows_are_no_verdict():
    found = run_check(CHECK, CASES["eight rows and a reference"]())
    assert found.status == "not enough data"
    assert "too few to keep false alarms at 0.05: it takes 19" in found.summary


def test_rows_of_weight_zero_are_left_out():
    context = CASES["a reference"]()
    weights = np.zeros(len(context.frame))
    weights[:100] = 3.0
    found = run_check(CHECK, replace(context, weights=weights))
    assert found.headline.n == 100


def test_a_reference_without_the_columns_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="does not have the column 'income'"):
        audited(people(rng, 50), people(rng, 50).drop(columns="income"))


def test_a_reference_that_holds_the_rows_themselves_is_told():
    frame = people(np.random.default_rng(5), 400)
    said = audited(frame.iloc[:150], frame).summary
    assert "150 of the 150 rows are in the reference too" in said
    assert "in the reference too" not in audited(frame.iloc[:150], frame.iloc[150:]).summary
