from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.predictors import Predictor

CHECK = all_checks()["transparency.quality"]


def context(answer=None, n=300, **fields):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "income": rng.normal(size=n),
            "debt": rng.normal(size=n),
            "job": pd.Categorical(rng.choice(["a", "b"], n)),
            "dice": rng.integers(1, 7, n),
        }
    )

    def score(rows):
        return 1 / (1 + np.exp(-(2 * rows["income"] - rows["debt"] + (rows["job"] == "a"))))

    predictor = Predictor(answer or score, "classification", ("no", "yes"))
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
        probabilities=answers,
        **fields,
    )


def test_the_first_sentence_is_for_anybody():
    finding = run_check(CHECK, context())
    assert finding.status == "measured"
    assert finding.summary.startswith("Removing what Shapley values call important changes the")
    assert "times as fast as removing features at random" in finding.summary
    assert "Measured on 40 of 300 rows, for 'yes'" in finding.summary
    assert finding.estimates["Shapley values, times random"].low > 1
    assert not finding.advice
    assert [row[0] for row in finding.tables[0].rows] == ["Shapley values", "random"]


def test_it_explains_the_favourable_class():
    assert "for 'no'" in run_check(CHECK, context(favourable=0)).summary


def test_a_model_that_never_changes_its_answer_is_said_to_leave_nothing_to_explain():
    finding = run_check(CHECK, context(lambda rows: np.full(len(rows), 0.3)))
    assert "cannot be said" in finding.summary
    assert not finding.estimates
    assert not finding.charts


def test_too_few_rows_and_one_feature():
    assert run_check(CHECK, context(n=19)).status == "not enough data"
    one = context()
    one = replace(one, features=one.features[["income"]])
    assert run_check(CHECK, one).status == "not applicable"


def test_a_model_that_cannot_be_asked_about_mixed_rows_says_so():
    def particular(rows):
        # Two rows of the table never agree in income but for mixed ones.
        if rows["income"].duplicated().any():
            raise ValueError("a person twice")
        return np.full(len(rows), 0.5)

    finding = run_check(CHECK, context(particular))
    assert finding.status == "not applicable"
    assert "mixed rows" in finding.summary


def test_rows_without_weight_are_not_explained():
    weights = np.zeros(300)
    weights[:60] = 1
    assert "Measured on 30 of 300 rows" in run_check(CHECK, context(weights=weights)).summary


def test_the_same_seed_gives_the_same_finding():
    first, second = (json.dumps(run_check(CHECK, context()).to_dict()) for _ in range(2))
    assert first == second
