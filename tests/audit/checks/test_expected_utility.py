from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping

CHECK = "values.expected_utility"
LENDING = np.array([[0.0, 0.0], [-10.0, 5.0]])
"""Refuse or grant (rows), default or repay (columns): grant from two thirds on."""


def context(said=None, *, n=3000, groups=(), utilities=LENDING, **fields):
    rng = np.random.default_rng(0)
    said = rng.random(n) if said is None else np.asarray(said, float)
    frame = pd.DataFrame({"sex": np.where(np.arange(len(said)) % 3 == 0, "f", "m")})
    return AuditContext(
        task="classification",
        classes=("default", "repay"),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=(rng.random(len(said)) < said).astype(int),
        decisions=(said > 0.5).astype(int),
        probabilities=np.column_stack([1 - said, said]),
        groupings=tuple(grouping(frame, name) for name in groups),
        utilities=utilities,
        **fields,
    )


def finding(given):
    return run_check(all_checks()[CHECK], given)


def table(seen, title):
    return next(each for each in seen.tables if each.title.startswith(title))


def test_a_case_by_hand():
    given = context(np.repeat([0.6, 0.9, 0.2], [40, 50, 10]))
    outcomes = np.repeat([0, 1, 1, 0, 1, 0], [10, 30, 45, 5, 2, 8])
    seen = finding(replace(given, outcomes=outcomes))
    # Granted at 0.6 it cost 10 * 10 and earned 30 * 5; refusing there would have earned nothing.
    assert seen.estimates["utility per case now"].value == pytest.approx((150 - 100 + 175) / 100)
    assert seen.estimates["utility per case of the best decisions"].value == pytest.approx(1.75)
    assert seen.headline.value == pytest.approx(-0.5)
    assert seen.estimates["loss, as the model expects"].value == pytest.approx(0.4 * 1.0)
    cells = table(seen, "Where utility is lost, by decision").rows
    assert [row[:4] for row in cells] == [
        ("decided 'repay'", "'default'", "'default'", 10),
        ("decided 'repay'", "'default'", "'repay'", 30),
    ]
    assert [row[5] for row in cells] == pytest.approx([1.0, -1.5])
    ranges = table(seen, "Where utility is lost, by probability").rows
    assert [(row[0], row[1]) for row in ranges] == [
        ("20% to 30%", 10), ("60% to 70%", 40), ("90% to 100%", 50),
    ]  # fmt: skip
    assert sum(row[3] for row in ranges) == pytest.approx(seen.headline.value)


def test_a_model_that_ignores_the_utilities_is_told_where_to_put_the_line():
    seen = finding(context())
    # Uniform scores between 1/2 and 2/3 lose 10 - 15 p each: 5 / 24 of a case on average.
    assert seen.headline.low < 5 / 24 < seen.headline.high
    assert seen.headline.low > 0
    assert "most of it where the decision was 'repay' and 'default' promised more" in seen.summary
    (rule,) = [line for line in seen.advice if line.startswith("Decide")]
    assert rule.startswith("Decide 'repay' where the probability of 'repay' is at least 0.667")
    # Stated from the other side, the same line.
    other = finding(context(favourable=0))
    assert any("'default' where the probability of 'default' is at least 0.333" in line
               for line in other.advice)  # fmt: skip
    assert seen.status == "measured"
    assert any("--limit values.expected_utility=VALUE" in line for line in seen.advice)


@pytest.mark.parametrize(
    ("limit", "status"), [(0.5, "pass"), (0.05, "fail"), (0.21, "not enough data")]
)
def test_the_limit_is_held_against_the_interval(limit, status):
    assert finding(context(limits={CHECK: limit})).status == status


def test_decisions_that_follow_the_utilities_lose_nothing():
    given = context()
    best = (given.probabilities @ LENDING.T).argmax(axis=1)
    seen = finding(replace(given, decisions=best, limits={CHECK: 0.1}))
    assert seen.headline.value == 0
    assert seen.status == "pass"
    assert seen.summary.startswith("Every decision is the best by the model's own probabilities")
    assert not any(line.startswith("Decide") for line in seen.advice)


def test_an_over_confident_model_is_told_to_recalibrate_first():
    given = context()
    truth = given.probabilities[:, 1]
    extreme = truth**3 / (truth**3 + (1 - truth) ** 3)
    boasts = replace(given, probabilities=np.column_stack([1 - extreme, extreme]))
    seen = finding(boasts)
    assert seen.estimates["best utility promised beyond what came"].low > 0
    assert seen.advice[0].startswith("Recalibrate first")
    honest = finding(given)
    over = honest.estimates["best utility promised beyond what came"]
    assert over.low <= 0 <= over.high
    assert not any("Recalibrate" in line for line in honest.advice)


def test_probabilities_that_mislead_are_named_where_the_decisions_do_better():
    given = context()
    seen = finding(replace(given, probabilities=given.probabilities[:, ::-1]))
    assert seen.headline.high < 0
    assert "the probabilities mislead" in seen.summary
    assert seen.estimates["loss beyond what the model expects"].high < 0
    assert seen.advice[0].startswith("Recalibrate first")


def test_a_calibrated_model_is_not_accused_by_a_loss_that_was_hardly_seen():
    # One risky loan in fifty fails and costs what a hundred earn; in many tables none does.
    rng = np.random.default_rng(0)
    for _ in range(20):
        said = np.where(rng.random(1000) < 0.05, 0.98, 0.999)
        given = replace(
            context(said, utilities=np.array([[0.0, 0.0], [-100.0, 1.0]])),
            outcomes=(rng.random(1000) < said).astype(int),
            decisions=np.ones(1000, int),
        )
        seen = finding(given)
        assert "mislead" not in seen.summary
        over = seen.estimates["best utility promised beyond what came"]
        assert any("Recalibrate" in line for line in seen.advice) == (over.low > 0)


def test_groups_have_their_own_losses_and_small_ones_no_number():
    said = np.tile([0.6, 0.9, 0.2], 200)
    seen = finding(context(said, groups=("sex",)))
    # Every third row is of f, and those are the ones at 0.6.
    assert seen.estimates["sex=f"].value == pytest.approx(3 * seen.headline.value)
    assert seen.estimates["sex=m"].value == 0
    rows = table(seen, "Where utility is lost, by group").rows
    assert sum(row[6] for row in rows) == pytest.approx(seen.headline.value)
    assert len(seen.charts) == 3
    few = finding(context(said[:45], groups=("sex",)))
    assert "sex=f" not in few.estimates
    assert table(few, "Where utility is lost, by group").rows[0][-1] == "fewer than 20 rows"


def test_weights_are_respected():
    weights = np.where(np.arange(3000) < 1000, 0.0, 2.0)
    given = context()
    rest = replace(
        context(given.probabilities[1000:, 1]),
        outcomes=given.outcomes[1000:],
    )
    seen, alone = finding(replace(given, weights=weights)), finding(rest)
    for name, estimate in alone.estimates.items():
        assert seen.estimates[name].value == pytest.approx(estimate.value, abs=1e-12)
        assert seen.estimates[name].low == pytest.approx(estimate.low, abs=1e-12)


def test_it_needs_utilities_and_probabilities():
    seen = finding(context(utilities=None))
    assert seen.status == "not applicable"
    assert "nobody has stated what each decision is worth" in seen.summary
    assert finding(replace(context(), probabilities=None)).status == "not applicable"
    assert finding(context(weights=np.zeros(3000))).status == "not enough data"


def test_utilities_that_make_one_decision_best_at_any_probability():
    seen = finding(context(utilities=np.array([[1.0, 1.0], [0.0, 0.5]])))
    assert any(line.startswith("Always decide 'default'") for line in seen.advice)


def test_three_classes_are_split_by_the_probability_of_the_class_decided():
    rng = np.random.default_rng(1)
    said = rng.dirichlet(np.ones(3), 900)
    given = replace(
        context(n=900),
        classes=("a", "b", "c"),
        probabilities=said,
        outcomes=(rng.random((900, 1)) > said.cumsum(axis=1)).sum(axis=1),
        decisions=said.argmax(axis=1),
        utilities=np.array([[1.0, 0, 0], [0, 1, 0], [-5, -5, 3]]),
    )
    seen = finding(given)
    assert seen.headline.low > 0
    assert table(seen, "Where utility is lost, by probability").columns[0] == "P(class decided)"
    assert any(line.startswith("Decide by the highest expected utility") for line in seen.advice)
