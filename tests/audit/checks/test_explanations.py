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

CHECK = all_checks()["transparency.explanations"]


def context(n=400, *, reads_sex=True, probabilistic=True, **fields):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.normal(40, 10, n).round(1),
            "debt": rng.gamma(2, 3, n).round(1),
            "sex": rng.choice(["f", "m"], n),
        }
    )

    def answer(rows):
        score = 0.2 * (rows["income"] - 40) - 0.3 * (rows["debt"] - 6)
        score += 4.0 * reads_sex * ((rows["sex"] == "f") - 0.5)
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
        groupings=(grouping(frame, "sex"),),
        favourable=1,
        **fields,
    )


@pytest.fixture(scope="module")
def found():
    made = context()
    return made, run_check(CHECK, made)


def overview(finding):
    return finding.tables[0].to_frame().set_index("case")


def test_the_cases_are_those_that_the_rules_say(found):
    made, finding = found
    rows = overview(finding)["row"]
    assert list(rows.index) == ["typical", "borderline", "wrong"]
    right = made.outcomes == made.decisions
    chance = made.probabilities.max(axis=1)
    assert right[rows["typical"]]
    assert rows["borderline"] == chance.argmin()
    assert not right[rows["wrong"]]
    assert chance[rows["wrong"]] == chance[~right].max()
    typical = made.features.iloc[rows["typical"]]
    assert abs(typical["income"] - made.features["income"].median()) < 5
    assert abs(typical["debt"] - made.features["debt"].median()) < 3


def test_each_card_is_a_table_and_a_chart_with_its_truth_beside_it(found):
    _, finding = found
    assert finding.status == "measured"
    assert len(finding.tables) == 4
    assert len(finding.charts) == 3
    assert list(finding.estimates) == [
        "random orders beaten, typical case",
        "random orders beaten, borderline case",
        "random orders beaten, wrong case",
    ]
    share = overview(finding)["random orders beaten (share)"]
    assert share["wrong"] == finding.estimates["random orders beaten, wrong case"].value
    questions = [row[0] for row in finding.tables[1].rows]
    assert questions[2] == "What counted?"
    assert finding.charts[2].question.startswith("What counted for")


def test_what_was_named_as_a_group_is_said_where_it_counts():
    for reads in (True, False):
        finding = run_check(CHECK, context(reads_sex=reads))
        assert any("counted in these decisions: sex." in each for each in finding.advice) == reads
        assert "No change of sex was considered." in finding.tables[1].rows[3][1]


def test_it_is_silent_about_causes(found):
    _, finding = found
    words = " ".join([finding.summary, *finding.advice, *(
        str(cell) for table in finding.tables for row in table.rows for cell in row
    )])  # fmt: skip
    assert not re.search(r"\b(because|cause[ds]?|due to|led to|effect)\b", words)


def test_a_clever_hans_and_a_leak_are_what_counted_most():
    rng = np.random.default_rng(1)
    n = 300
    frame = pd.DataFrame({name: rng.normal(size=n) for name in "abc"})
    frame["stamp"] = rng.integers(0, 2, n)
    predictor = Predictor(
        lambda rows: 0.02 + 0.96 * rows["stamp"].to_numpy(float), "classification", ("no", "yes")
    )
    answers = predictor(frame)
    made = AuditContext(
        task="classification", classes=("no", "yes"), frame=frame, features=frame,
        predictor=predictor, outcomes=answers.argmax(axis=1), decisions=answers.argmax(axis=1),
        probabilities=answers,
    )  # fmt: skip
    finding = run_check(CHECK, made)
    assert "stamp counted most" in finding.summary
    assert set(overview(finding)["counted most"]) == {"stamp"}
    assert "wrong" not in overview(finding).index


def test_decisions_without_probabilities_have_no_borderline_case():
    made = context(probabilistic=False)
    outcomes = made.outcomes.copy()
    outcomes[7] = 1 - outcomes[7]
    finding = run_check(CHECK, replace(made, outcomes=outcomes))
    assert list(overview(finding).index) == ["typical", "wrong"]
    assert overview(finding)["row"]["wrong"] == 7


def test_a_rule_of_its_own_has_its_border_elsewhere():
    made = context()
    made.predictor.decision = lambda answers: (answers[:, 1] > 0.8).astype(int)
    decided = made.predictor.decide(made.probabilities)
    finding = run_check(CHECK, replace(made, decisions=decided))
    assert "borderline" not in overview(finding).index


def test_rows_without_a_weight_are_no_cases(found):
    made, finding = found
    rows = overview(finding)["row"]
    weights = np.ones(len(made.features))
    weights[list(rows)] = 0
    others = overview(run_check(CHECK, replace(made, weights=weights)))["row"]
    assert not set(rows) & set(others)


def test_few_rows_are_said_to_be_few(found):
    made, _ = found
    weights = np.zeros(len(made.features))
    weights[:10] = 1
    finding = run_check(CHECK, replace(made, weights=weights))
    assert finding.status == "not enough data"


@pytest.mark.slow
def test_adult_takes_seconds(shared_data):
    from time import process_time

    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from alignlab import audit
    from alignlab.datasets import load_example

    table = load_example("adult", shared_data)
    X, y = table.features, table.outcomes
    text = list(X.select_dtypes(exclude="number"))
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), text), remainder=StandardScaler()
    )
    model = make_pipeline(encode, LogisticRegression(max_iter=300)).fit(X[:5000], y[:5000])
    start = process_time()
    result = audit(model, table, checks=["transparency.explanations"])
    assert process_time() - start < 40
    finding = result.finding("transparency.explanations")
    assert finding.status == "measured"
    assert finding.evaluations < 3 * 60_000
    assert list(overview(finding).index) == ["typical", "borderline", "wrong"]
