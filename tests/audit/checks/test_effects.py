from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.plain import plain
from alignlab.predictors import Predictor

CHECK = all_checks()["transparency.effects"]


def context(answer, n=800, **columns):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.uniform(0, 100_000, n).round(),
            "debt": rng.normal(size=n),
            "home": rng.choice(["own", "rent"], n),
            **columns,
        }
    )
    predictor = Predictor(answer, "classification", ("no", "yes"))
    answers = predictor(frame)
    return AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=frame,
        predictor=predictor,
        outcomes=answers.argmax(axis=1),
        decisions=answers.argmax(axis=1),
        probabilities=answers,
    )


def plateau(rows):
    return 0.1 + 0.8 * np.minimum(rows["income"], 60_000) / 60_000 + 0.02 * (rows["home"] == "own")


def test_it_says_in_a_sentence_where_the_answer_rises_and_where_it_is_flat():
    finding = run_check(CHECK, context(plateau))
    assert finding.status == "measured"
    assert finding.summary.startswith(
        "Of 3 features income moves the answers most: the probability of yes rises with income up "
    )
    assert "and is flat beyond; next comes home." in finding.summary
    assert list(finding.estimates) == ["income", "home"]
    wide = finding.estimates["income"]
    assert wide.low <= 0.8 <= wide.high
    assert [chart.question for chart in finding.charts] == [
        "How do the answers change with income?",
        "How do the answers change with home?",
    ]
    assert finding.advice == ()
    json.dumps(plain(finding.to_dict()), allow_nan=False)


def test_it_warns_where_there_is_no_data_and_where_rows_cannot_be():
    rng = np.random.default_rng(1)
    rent = rng.normal(size=800)
    far = np.append(rng.uniform(0, 1, 799), 20.0)
    made = context(
        lambda rows: 1 / (1 + np.exp(-(rows["rent"] + rows["far"] / 3).to_numpy(float))),
        rent=rent, twin=rent + 0.01 * rng.normal(size=800), far=far,
        name=[f"p{k}" for k in range(800)],
    )  # fmt: skip
    advice = run_check(CHECK, made).advice
    assert any("foretell 100% of rent" in line and "because of twin" in line for line in advice)
    gaps = [line for line in advice if "There are no rows with far between" in line]
    assert gaps
    assert "and 20:" in gaps[0]
    assert advice[-1] == "Left out: name (800 different values: an identifier or free text)."


def test_a_model_that_answers_the_same_is_not_drawn():
    finding = run_check(CHECK, context(lambda rows: np.full(len(rows), 0.4)))
    assert finding.summary == "No feature moves the model's answers on 800 rows."
    assert finding.charts == ()


def test_the_favourable_class_is_what_is_drawn_and_the_allowance_is_kept(monkeypatch):
    made = replace(context(plateau), favourable=0)
    assert "the probability of no falls with income" in run_check(CHECK, made).summary
    monkeypatch.setattr("alignlab.audit.checks.effects.LOCAL_EVALUATIONS", 2_400)
    monkeypatch.setattr("alignlab.audit.checks.effects.MEAN_EVALUATIONS", 8_800)
    finding = run_check(CHECK, made)
    assert finding.evaluations <= 2_400 + 8_800
    assert "on 200 of 800 rows" in finding.tables[0].title


@pytest.mark.parametrize("kept", [0, 1])
def test_one_row_is_not_enough(kept):
    weights = np.r_[np.ones(kept), np.zeros(800 - kept)]
    finding = run_check(CHECK, replace(context(plateau), weights=weights))
    assert finding.status == "not enough data"
