from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping
from alignlab.predictors import Predictor

CHECK = all_checks()["transparency.proxies"]


def context(n=700, *, planted=1.5, reads_sex=0.0, seed=0, told=0.9, **fields):
    """A model of income and street; the street tells of sex in `told` of the rows."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    by_sex = rng.random(n) < told
    frame = pd.DataFrame(
        {
            "income": rng.normal(size=n),
            "street": np.where(np.where(by_sex, sex == "m", rng.random(n) < 0.5), "high", "low"),
            "shoe": rng.integers(36, 46, n),
            "sex": sex,
            "dice": rng.integers(1, 7, n).astype(float),
        }
    )

    def answer(rows):
        score = (
            rows["income"] + planted * (rows["street"] == "high") + reads_sex * (rows["sex"] == "m")
        )
        return 1 / (1 + np.exp(-score.to_numpy(float)))

    predictor = Predictor(answer, "classification", ("no", "yes"))
    answers = predictor(frame)
    predictor.rows_evaluated = 0
    fields.setdefault("groupings", (grouping(frame, "sex"),))
    return AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=frame,
        predictor=predictor,
        outcomes=(rng.random(n) < answers[:, 1]).astype(int),
        decisions=answers.argmax(axis=1),
        probabilities=answers,
        **fields,
    )


def test_a_planted_proxy_is_named_in_the_first_sentence():
    finding = run_check(CHECK, context())
    assert finding.status == "measured"
    assert finding.summary.startswith(
        "A proxy for sex: street (tells sex m from f with an AUC of 0.9"
    )
    assert "of the gap of" in finding.summary.partition(".  ")[0]
    assert "points in the mean probability of yes)." in finding.summary
    assert finding.estimates["sex carried by street"].low > 0
    assert "Leaving sex out of training does not keep the model" in finding.advice[0]
    assert finding.tables[0].rows[0][0] == "street"


def test_the_attribute_itself_is_no_proxy_and_is_said():
    finding = run_check(CHECK, context(reads_sex=1.0))
    assert finding.summary.startswith("A proxy for sex: street")
    assert "; the model reads sex itself, which carries" in finding.summary
    assert {row[0]: row[7] for row in finding.tables[0].rows}["sex"] == "itself"


def test_a_street_that_tells_of_sex_and_is_not_read_is_no_proxy():
    finding = run_check(CHECK, context(planted=0.0))
    assert finding.summary.startswith(
        "No feature is shown to give sex away and to carry part of a gap in the model's answers"
    )
    assert "street tells sex (AUC 0.9" in finding.summary
    assert finding.advice == ()


@pytest.mark.slow
def test_honest_data_raise_no_alarm():
    said = [
        run_check(CHECK, context(300, told=0.0, seed=seed)).summary.startswith(
            "No feature is shown"
        )
        for seed in range(40)
    ]
    assert sum(said) >= 39


def test_the_favourable_class_is_the_one_that_is_compared():
    made = context()
    finding = run_check(CHECK, replace(made, favourable=0))
    assert "points in the mean probability of no)" in finding.summary
    assert "tells sex f from m" in finding.summary


def test_decisions_alone_values_and_several_groupings():
    made = context()
    crossed = (grouping(made.frame, "sex"), grouping(made.frame, "sex*street"))
    finding = run_check(CHECK, replace(made, groupings=crossed))
    assert len(finding.tables) == 2
    values = replace(
        made,
        task="regression",
        classes=(),
        predictor=Predictor(lambda rows: rows["income"] + (rows["street"] == "high"), "regression"),
        outcomes=made.frame["income"].to_numpy(),
        decisions=(made.frame["income"] + (made.frame["street"] == "high")).to_numpy(),
        probabilities=None,
    )
    assert "in the mean prediction)" in run_check(CHECK, values).summary
    decides = Predictor(
        lambda rows: np.eye(2)[made.predictor(rows).argmax(axis=1)], "classification",
        ("no", "yes"), probabilistic=False,
    )  # fmt: skip
    only = run_check(CHECK, replace(made, predictor=decides, probabilities=None))
    assert "points in decisions of yes)" in only.summary


@pytest.mark.parametrize(("rows", "weights"), [(30, None), (60, np.repeat([1.0, 0.0], [50, 10]))])
def test_too_few_rows_are_said(rows, weights):
    made = context(rows, weights=weights)
    if weights is not None:
        made = replace(made, groupings=(grouping(made.frame.assign(one="x"), "one"),))
    assert run_check(CHECK, made).status == "not enough data"


def test_the_allowance_of_evaluations_is_kept(monkeypatch):
    monkeypatch.setattr("alignlab.audit.checks.proxies.EVALUATIONS", 1500)
    assert run_check(CHECK, context()).evaluations <= 1500
