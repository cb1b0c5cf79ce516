from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.audit.checks import adversarial
from alignlab.datasets import load_images
from alignlab.predictors import Predictor, as_predictor

CHECK = all_checks()["robustness.adversarial"]


def context(answer=None, n=80, **fields):
    """Return loans whose income is spread evenly from 0 to 79, decided at 39.5."""
    frame = pd.DataFrame(
        {
            "income": np.arange(n, dtype=float),
            "children": np.arange(n) % 3,
            "job": np.array(["clerk", "nurse"])[np.arange(n) % 2],
        }
    )
    predictor = Predictor(answer or by_income, "classification", ("no", "yes"))
    decisions = predictor(frame).argmax(axis=1)
    predictor.rows_evaluated = 0
    return AuditContext(
        task="classification",
        classes=("no", "yes"),
        frame=frame,
        features=frame,
        predictor=predictor,
        outcomes=decisions,
        decisions=decisions,
        **fields,
    )


def by_income(rows):
    return 1 / (1 + np.exp(-(rows["income"].to_numpy(float) - 39.5)))


def by_job(rows):
    return (rows["job"] == "nurse").to_numpy(float)


def test_the_share_that_is_left_can_be_counted_by_hand():
    """A tenth of the standard deviation of 0, …, 79 is 2.309: 38 and 39, 40 and 41 cross 39.5."""
    finding = run_check(CHECK, context())
    assert finding.status == "measured"
    assert finding.headline.value == 76 / 80
    assert finding.estimates["accuracy"].value == 1
    assert finding.summary == (
        "Of 80 rows, the model gets 100.0% right, and at most 95.0% (87.7% to 98.6%) where every "
        "number may be moved by 0.1 of its column's standard deviation."
    )
    broken = finding.tables[0].to_frame()
    assert broken["row"].tolist() == [38, 39, 40, 41]
    assert broken["decided before"].tolist() == ["no", "no", "yes", "yes"]
    assert broken["decided after"].tolist() == ["yes", "yes", "no", "no"]
    assert broken["was"].tolist()[0] == "income 38"
    assert all("income" in each and "job" not in each for each in broken["becomes"])
    within = finding.tables[1].to_frame()
    assert within["radius"].tolist() == [0, 0.1, 0.2]
    assert within["not broken"].tolist() == [1, 0.95, 0.875]  # twice as far: 35 to 44
    assert [chart.question for chart in finding.charts] == [
        "How far can a row be moved before the model is wrong?"
    ]
    assert finding.evaluations > 80


def test_the_limit_is_held_against_what_is_left():
    for limit, status in ((0.5, "pass"), (0.95, "not enough data"), (0.999, "fail")):
        finding = run_check(CHECK, context(limits={CHECK.name: limit}))
        assert finding.status == status
    assert "--threat linf:0.1" in finding.advice[-1]
    assert "alignlab train with the term adversarial or trades" in finding.advice[0]


def test_a_table_of_categories_is_moved_by_one_cell():
    made = context(by_job)
    words = made.features[["job"]]
    finding = run_check(CHECK, replace(made, features=words))
    assert "one cell may become another value that was seen" in finding.summary
    assert finding.headline.value == 0
    assert finding.tables[0].rows[0][1:3] == ("job clerk", "job nurse")


def test_a_model_that_nothing_moves_keeps_everything():
    made = context(by_job)  # beside numbers, categories stay as they are
    finding = run_check(CHECK, made)
    assert finding.headline.value == 1
    assert [table.title for table in finding.tables] == [
        "What is left within each radius",
        "What each attack broke",
    ]


def test_more_rows_are_sampled_by_the_seed():
    finding = run_check(CHECK, context(n=300))
    assert finding.summary.startswith("Of 100 of 300 rows, ")
    assert run_check(CHECK, context(n=300)) == finding
    assert run_check(CHECK, context(n=300, seed=1)) != finding


def test_weights_count():
    made = context()
    weights = np.where(np.isin(np.arange(80), [38, 39, 40, 41]), 3.0, 1.0)
    weights[0] = 0
    finding = run_check(CHECK, replace(made, weights=weights))
    assert finding.headline.value == pytest.approx(75 / (75 + 12))
    assert finding.headline.n == 79
    none = run_check(CHECK, replace(made, weights=np.zeros(80)))
    assert none.status == "not enough data"


def test_what_the_clock_cuts_short_is_no_pass(monkeypatch):
    monkeypatch.setattr(adversarial, "SECONDS", 1e-9)
    finding = run_check(CHECK, context(limits={CHECK.name: 0.5}))
    assert finding.status == "not enough data"
    assert "the search was stopped after" in finding.summary
    assert "--seconds S" in finding.advice[-1]


def test_a_table_that_nothing_can_be_done_to_is_said():
    made = context()
    same = pd.DataFrame({"income": np.full(80, 3.0)})
    finding = run_check(CHECK, replace(made, features=same))
    assert finding.status == "not applicable"
    assert finding.summary.startswith("No attack could be made: nothing may change")
    limited = replace(made, features=same, limits={CHECK.name: 0.5})
    assert run_check(CHECK, limited).status == "not enough data"


def digits(before=lambda x: x, n=40):
    """Return an audit of n digits by the nearest mean of a class."""
    data = load_images("digits")
    means = torch.tensor(
        np.stack([data.images[data.labels == k].mean(0).ravel() for k in range(10)])
    )

    class Nearest(torch.nn.Module):
        def forward(self, x):
            return 2 * before(x).flatten(1) @ means.T - (means**2).sum(1)

    images = data.take(np.arange(n))
    predictor = as_predictor(Nearest(), classes=images.classes)
    probabilities = predictor(images.images)
    table = pd.DataFrame({"label": images.label_names})
    return AuditContext(
        task="classification",
        classes=images.classes,
        frame=table,
        features=table.iloc[:, :0],
        predictor=predictor,
        outcomes=images.labels,
        decisions=probabilities.argmax(1),
        probabilities=probabilities,
        images=images,
    )


def test_images_are_attacked_by_gradients():
    finding = run_check(CHECK, digits(n=200))
    assert "every pixel may be moved by 8/255" in finding.summary
    assert finding.headline.value < finding.estimates["accuracy"].value
    assert "of the pixels moved, by 8/255 at most" in finding.tables[0].rows[0][2]
    assert finding.tables[-1].to_frame()["of these with a gradient"].sum() > 0


def test_a_defence_that_hides_gradients_is_said_first_and_passes_nothing():
    steps = digits(before=lambda x: (4 * x).round() / 4)
    finding = run_check(CHECK, replace(steps, limits={CHECK.name: 0.3}))
    assert finding.summary.startswith("Unreliable: ")
    assert finding.status == "not enough data"
    assert any("gradient is exactly 0" in line for line in finding.advice)


def test_images_without_gradients_are_attacked_by_asking():
    seen = digits()
    blind = replace(
        seen,
        predictor=Predictor(lambda rows: seen.predictor(rows), "classification", seen.classes),
    )
    finding = run_check(CHECK, blind)
    assert finding.tables[-1].to_frame()["attack"].tolist() == ["square"]
    assert finding.headline.value <= finding.estimates["accuracy"].value
