from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping
from alignlab.predictors import Predictor

CHECK = all_checks()["transparency.importance"]


def context(n=600, *, reads_sex=True, probabilistic=True, **fields):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.normal(size=n),
            "debt": rng.normal(size=n),
            "sex": rng.choice(["f", "m"], n),
            "noise": rng.normal(size=n),
        }
    )
    frame["copy"] = frame["debt"]

    def answer(rows):
        score = 2 * rows["income"] - rows["debt"] + reads_sex * 1.5 * (rows["sex"] == "f")
        p = 1 / (1 + np.exp(-score.to_numpy(float)))
        return p if probabilistic else (p > 0.5) * 1.0

    predictor = Predictor(answer, "classification", ("no", "yes"), probabilistic=probabilistic)
    answers = predictor(frame)
    predictor.rows_evaluated = 0
    return AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=frame,
        predictor=predictor,
        outcomes=(rng.random(n) < answers[:, 1]).astype(int),
        decisions=answers.argmax(axis=1),
        probabilities=answers if probabilistic else None,
        **fields,
    )


def test_it_names_what_the_model_goes_by_in_order_and_leaves_out_what_it_ignores():
    finding = run_check(CHECK, context())
    assert finding.status == "measured"
    assert list(finding.estimates)[:3] == ["income", "debt", "sex"]
    assert "goes most by income, debt and sex" in finding.summary
    assert "3 of 5 features are shown to matter on 600 rows." in finding.summary
    assert finding.estimates["noise"].high == 0
    assert [row[4] for row in finding.tables[0].rows] == ["yes"] * 3 + ["not shown"] * 2
    assert [row[0] for row in finding.charts[0].table.rows] == list(finding.estimates)


def test_the_numbers_of_the_sentence_are_the_tables():
    finding = run_check(CHECK, context())
    baseline = float(finding.tables[0].title.partition("(from ")[2].partition(")")[0])
    for name in ("income", "debt", "sex"):
        assert f"{finding.estimates[name].value / baseline:.0%}" in finding.summary


def test_a_group_that_a_person_named_is_flagged_where_it_matters():
    for reads_sex in (True, False):
        made = context(reads_sex=reads_sex)
        named = replace(made, groupings=(grouping(made.frame, "sex"),))
        finding = run_check(CHECK, named)
        assert ("among them sex, named as a group" in finding.summary) == reads_sex
        assert any("'sex' and decides by it" in line for line in finding.advice) == reads_sex


def test_features_that_stand_in_for_each_other_are_said():
    finding = run_check(CHECK, context())
    assert "debt (100%) and copy (100%)" in finding.advice[-1]


def test_negated_answers_move_the_finding_and_swapping_sex_keeps_it():
    made = context()
    right = run_check(CHECK, made).estimates

    def turned(rows):
        return 1 - made.predictor.answer(rows)

    predictor = Predictor(turned, "classification", ("no", "yes"))
    negated = replace(made, predictor=predictor, probabilities=made.probabilities[:, ::-1])
    wrong = run_check(CHECK, negated)
    assert right["income"].low > 0
    assert wrong.estimates["income"].high < 0
    assert "No feature is shown to matter" in wrong.summary


def test_known_answers_are_not_asked_for_again():
    finding = run_check(CHECK, context())
    # Ten donors for each of four numbers of 600 distinct values, and the other sex.
    assert finding.evaluations == 600 * (4 * 10 + 1)
    again = run_check(CHECK, context(probabilistic=False))
    assert again.evaluations == finding.evaluations
    assert "more decisions in a hundred wrong" in again.summary


def test_regression_and_no_error_at_all():
    frame = pd.DataFrame({"a": np.arange(10.0), "b": np.arange(10.0) % 7})
    predictor = Predictor(lambda rows: rows["a"], "regression")
    made = AuditContext(
        "regression", (), frame, frame, predictor, frame["a"].to_numpy(), frame["a"].to_numpy()
    )
    finding = run_check(CHECK, made)
    assert finding.summary == (
        "The model goes most by a: shuffling it among rows raises its squared error by 18.3; "
        "1 of 2 features is shown to matter on 10 rows."
    )


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 0.0])])
def test_one_row_is_not_enough(weights):
    made = context(3 if weights is not None else 1, weights=weights)
    finding = run_check(CHECK, made)
    assert finding.status == "not enough data"


def test_the_allowance_of_evaluations_is_kept(monkeypatch):
    monkeypatch.setattr("alignlab.audit.checks.importance.EVALUATIONS", 1000)
    finding = run_check(CHECK, context())
    assert finding.evaluations <= 1000
    assert "200 of 600 rows" in finding.summary


def suspicious(kind, n=600, seed=0):
    """An honest model of three features beside one of which something is wrong."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["income", "debt", "age"])
    truth = rng.random(n) < 1 / (1 + np.exp(-(frame["income"] - frame["debt"])))
    weight = {"honest": 0.0, "leak": 3.0, "watermark": 8.0}[kind]
    if kind == "watermark":  # a mark of the source, on most pictures of one class
        frame["source"] = np.where(truth ^ (rng.random(n) < 0.15), "b", "a")
    elif kind == "leak":  # noted after the outcome, with a few errors of the pen
        frame["reminders"] = np.where(truth ^ (rng.random(n) < 0.002), 3, 0) + rng.integers(0, 2, n)
    else:
        frame["source"] = rng.choice(["a", "b"], n)

    def answer(rows):
        mark = rows["source"] == "b" if "source" in rows else rows["reminders"] >= 3
        honest = 1.0 if kind != "watermark" else 0.1
        score = honest * (rows["income"] - rows["debt"]) + weight * (mark - 0.5)
        return 1 / (1 + np.exp(-score.to_numpy(float)))

    predictor = Predictor(answer, "classification", ("no", "yes"))
    answers = predictor(frame)
    predictor.rows_evaluated = 0
    return AuditContext(
        "classification", ("no", "yes"), frame, frame, predictor, truth.astype(int).to_numpy(),
        answers.argmax(axis=1), answers,
    )  # fmt: skip


def test_a_leaked_label_is_named_in_the_first_sentence():
    finding = run_check(CHECK, suspicious("leak"))
    assert finding.summary.startswith(
        "reminders alone tells the outcome almost perfectly: AUC 0.99"
    )
    assert "Find out when 'reminders' is known" in finding.advice[0]


def test_a_clever_hans_feature_is_named_in_the_first_sentence():
    finding = run_check(CHECK, suspicious("watermark"))
    assert finding.summary.startswith(
        "The model goes almost wholly by source: shuffling it alone takes away "
    )
    assert (
        "of what its answers tell of the outcome. The model goes most by source" in finding.summary
    )
    assert "Ask whether 'source' is about the case" in finding.advice[0]


def test_honest_models_are_not_suspected():
    for seed in range(12):
        summary = run_check(CHECK, suspicious("honest", seed=seed)).summary
        assert summary.startswith("The model goes most by")


def test_a_model_without_skill_is_carried_by_nothing():
    made = suspicious("watermark")
    rng = np.random.default_rng(0)
    finding = run_check(CHECK, replace(made, outcomes=rng.integers(0, 2, 600)))
    assert "wholly" not in finding.summary


def test_a_leaked_number_of_a_regression_is_named():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc"))
    truth = (frame["a"] + frame["b"]).to_numpy() * 10
    frame["paid"] = np.round(truth, 1)
    predictor = Predictor(lambda rows: rows["paid"], "regression")
    made = AuditContext("regression", (), frame, frame, predictor, truth, frame["paid"].to_numpy())
    finding = run_check(CHECK, made)
    assert finding.summary.startswith("paid alone tells the outcome almost perfectly: R² 0.9")
    assert "the model goes almost wholly by paid: shuffling it alone takes away" in finding.summary
    assert re.search(r"raises its squared error by \d{1,3}(,\d{3})+%", finding.summary)
