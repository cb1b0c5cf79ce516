from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping
from alignlab.predictors import Predictor

CHECK = all_checks()["robustness.small_changes"]


def context(answer=None, n=800, **fields):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.normal(40, 10, n),
            "job": np.array(["clerk", "nurse", "cook"])[rng.integers(0, 3, n)],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, n)],
        }
    )
    features = frame[["income", "job"]]
    predictor = Predictor(answer or by_job, "classification", ("no", "yes"))
    decisions = predictor(features).argmax(axis=1)
    predictor.rows_evaluated = 0
    return AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=features,
        predictor=predictor,
        outcomes=decisions,
        decisions=decisions,
        groupings=(grouping(frame, "sex"),),
        **fields,
    )


def by_job(rows):
    return rows["job"].isin(["clerk", "nurse"]).to_numpy(float)


def strict(rows):
    if not rows["job"].isin(["clerk", "nurse", "cook"]).all():
        raise ValueError("unknown job. Sorry")
    return np.nan_to_num(rows["income"].to_numpy()) > 40


def test_the_worst_kind_is_the_headline_and_is_said():
    finding = run_check(CHECK, context())
    assert finding.status == "measured"
    worst = finding.headline
    assert worst == max(finding.estimates.values(), key=lambda each: each.value) or worst.value
    assert worst.value == finding.estimates["typo"].value
    assert "one typo flips the most decisions" in finding.summary
    assert f"{worst.value:.1%}" in finding.summary
    assert [chart.question for chart in finding.charts] == [
        "Which small changes flip decisions?",
        "Whose decisions does one typo flip?",
    ]
    assert {row[1] for row in finding.tables[-1].rows} == {"sex"}
    assert finding.evaluations > 3 * 800


def test_the_limit_is_held_against_the_worst_kind():
    share = run_check(CHECK, context()).headline.value
    for limit, status in ((share / 2, "fail"), (share, "not enough data"), (0.95, "pass")):
        finding = run_check(CHECK, context(limits={CHECK.name: limit}))
        assert finding.status == status
        assert finding.limit.value == limit
    failed = run_check(CHECK, context(limits={CHECK.name: 0.0}))
    assert "Train on rows with one typo, of job above all" in failed.advice[0]


def test_a_constant_model_flips_nothing():
    finding = run_check(CHECK, context(lambda rows: np.full(len(rows), 0.7)))
    assert finding.headline.value == 0
    assert finding.summary.startswith("No small change tried on 800 rows flips a decision: a ")
    passed = context(lambda rows: np.full(len(rows), 0.7), limits={CHECK.name: 0.05})
    assert run_check(CHECK, passed).status == "pass"


def test_what_the_model_refuses_is_said_in_its_words():
    finding = run_check(CHECK, context(strict))
    assert "the model refuses rows with one missing value in 1 column and one typo." in (
        finding.summary
    )
    assert (
        "one typo in job: the model answers with the error “ValueError: unknown job”."
        in (finding.advice[-1])
    )
    by_column = finding.tables[1].to_frame()
    refused = by_column[by_column["refused with"] != ""]
    assert set(refused["change"]) == {"one missing value", "one typo"}


def test_a_model_that_refuses_everything_is_no_pass():
    made = context()

    def closed(rows):
        raise RuntimeError("closed")

    refusing = replace(made, predictor=Predictor(closed, "classification", ("no", "yes")))
    finding = run_check(CHECK, refusing)
    assert finding.status == "not applicable"
    assert finding.summary == "The model refuses every row that is changed a little."
    limited = replace(refusing, limits={CHECK.name: 0.5})
    assert run_check(CHECK, limited).status == "not enough data"


def test_a_table_that_nothing_can_happen_to_is_said():
    made = context()
    flags = pd.DataFrame({"flag": made.frame["sex"] == "f"})
    predictor = Predictor(lambda rows: rows["flag"] * 1.0, "classification", ("no", "yes"))
    finding = run_check(CHECK, replace(made, features=flags, predictor=predictor))
    assert finding.summary.startswith("No row could be changed a little")


def test_predicted_numbers_move_and_the_distance_is_shown():
    made = context()
    predictor = Predictor(lambda rows: rows["income"].fillna(40.0), "regression")
    values = made.features["income"].to_numpy()
    numbers = replace(
        made, task="regression", classes=(), predictor=predictor, outcomes=values, decisions=values
    )
    finding = run_check(CHECK, numbers)
    assert "visibly moves the most decisions" in finding.summary
    (moves,) = [each for each in finding.tables if "target's unit" in each.title]
    missing = moves.to_frame().set_index("change").loc["one missing value", "mean move"]
    assert 0.4 * 10 * 0.8 * 0.9 < missing < 0.6 * 10 * 0.8 * 1.1


def test_no_weight_at_all():
    finding = run_check(CHECK, context(weights=np.zeros(800)))
    assert finding.status == "not enough data"
