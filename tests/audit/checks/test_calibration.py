from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping

CHECK = "uncertainty.calibration"


def context(n=3000, *, power=1.0, seed=0, groups=(), **fields):
    """Return an audit of a model whose log-odds are `power` times the true ones."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    outcomes = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    said = 1 / (1 + np.exp(-power * odds))
    frame = pd.DataFrame({"sex": np.where(np.arange(n) < 12, "x", np.where(odds > 0, "f", "m"))})
    return AuditContext(
        task="classification",
        classes=("denied", "approved"),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=outcomes,
        decisions=(said > 0.5).astype(int),
        probabilities=np.column_stack([1 - said, said]),
        groupings=tuple(grouping(frame, name) for name in groups),
        **fields,
    )


def finding(given):
    return run_check(all_checks()[CHECK], given)


def test_a_calibrated_model():
    seen = finding(context())
    assert seen.status == "measured"
    assert seen.summary.startswith("No calibration error beyond chance is seen (p = ")
    assert seen.headline.low == 0
    assert seen.headline.high < 0.04
    assert seen.advice == ()


@pytest.mark.parametrize(
    ("power", "words", "advice"),
    [(2.0, "too extreme", "temperature above 1"), (0.5, "too timid", "temperature below 1")],
)
def test_a_wrong_temperature_moves_it(power, words, advice):
    seen = finding(context(power=power))
    assert words in seen.summary
    assert advice in seen.advice[0]
    assert "alignlab calibrate MODEL DATA" in seen.advice[0]
    assert seen.headline.low > 0.05
    assert seen.estimates["calibration slope"].value == pytest.approx(1 / power, abs=0.1)


def test_probabilities_too_high_on_average_are_said_so():
    given = context()
    raised = np.clip(given.probabilities[:, 1] + 0.1, 0, 1)
    seen = finding(replace(given, probabilities=np.column_stack([1 - raised, raised])))
    assert seen.estimates["predicted − observed"].low > 0.05
    assert "too " in seen.summary


def test_shuffled_outcomes_and_swapped_columns_move_it():
    given = context()
    shuffled = np.random.default_rng(1).permutation(given.outcomes)
    assert finding(replace(given, outcomes=shuffled)).headline.low > 0.1
    swapped = given.probabilities[:, ::-1].copy()
    assert finding(replace(given, probabilities=swapped)).headline.low > 0.3


@pytest.mark.parametrize(
    ("power", "limit", "status"),
    [(1.0, 0.05, "pass"), (2.0, 0.05, "fail"), (1.0, 0.01, "not enough data")],
)
def test_the_limit_is_held_against_the_interval(power, limit, status):
    seen = finding(context(power=power, limits={CHECK: limit}))
    assert seen.status == status
    assert (seen.limit.value, seen.limit.side) == (limit, "at most")


def test_the_definition_and_the_plug_in_are_printed():
    tables = {table.title: table for table in finding(context()).tables}
    printed = dict(tables["How calibration was measured"].rows)
    assert "the probability of 'approved'" in printed["definition"]
    assert "15 bins of equal mass" in printed["definition"]
    plug_in = printed["plug-in ECE, for comparison with others' numbers (too large)"]
    assert plug_in > finding(context()).estimates["expected calibration error"].value
    parts = [value for name, value in printed.items() if name.startswith("… ")]
    signs = [1, -1, 1, 1, -1]
    assert np.dot(signs, parts) == pytest.approx(printed["Brier score"], abs=1e-12)
    parts = [value for name, value in printed.items() if name.startswith("log loss: ")]
    assert np.dot([1, -1, 1, 1], parts) == pytest.approx(printed["log loss (nats)"], abs=1e-12)
    smooth = printed["smECE as published, for comparison (too large)"]
    assert 0 < smooth < 0.03


def test_the_favourable_class_is_the_one_looked_at():
    seen = finding(context(favourable=0))
    assert "the probability of 'denied'" in seen.summary
    assert seen.headline.value == pytest.approx(finding(context()).headline.value, abs=1e-12)


def test_each_group_has_its_error_and_small_ones_are_marked():
    seen = finding(context(power=2.0, groups=("sex",)))
    rows = {row[1]: row for row in seen.tables[-1].rows}
    assert rows["x"][-1] == "too few rows"
    assert rows["x"][3] is None
    assert "sex=x" not in seen.estimates
    assert seen.estimates["sex=f"].low > 0.03
    assert rows["f"][2] + rows["m"][2] + rows["x"][2] == 3000
    # Over-confidence: too high where the odds are above even, too low where they are below.
    assert rows["f"][6] > 0 > rows["m"][6]
    assert len(seen.charts) == 2


def of_three_classes(n=2000, *, swap=False, seed=2, groups=(), **fields):
    """Return an audit of three classes; `swap` takes the two that are not chosen for each other."""
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.ones(3), n)
    outcomes = (rng.random((n, 1)) > said.cumsum(axis=1)).sum(axis=1)
    if swap:
        # The class chosen keeps its probability, the third gives all of its own to the second.
        order = np.argsort(said, axis=1)
        low, middle = said[np.arange(n), order[:, 0]], said[np.arange(n), order[:, 1]]
        said[np.arange(n), order[:, 0]], said[np.arange(n), order[:, 1]] = middle, low
    given = context(n, groups=groups, **fields)
    return replace(
        given,
        classes=("a", "b", "c"),
        probabilities=said,
        outcomes=outcomes,
        decisions=said.argmax(axis=1),
    )


def test_many_classes_are_judged_by_the_class_chosen():
    seen = finding(of_three_classes())
    assert "the probability of the class chosen" in seen.summary
    assert seen.headline.low == 0
    assert "single classes" not in seen.summary
    assert seen.estimates["classwise calibration error"].low == 0


def test_classes_that_are_off_where_the_class_chosen_is_not_are_named():
    seen = finding(of_three_classes(swap=True, groups=("sex",)))
    assert seen.summary.startswith("No calibration error beyond chance is seen")
    assert "Of single classes it is surely off for " in seen.summary
    assert seen.estimates["classwise calibration error"].low > 0.03
    assert len(seen.advice) == 1
    assert seen.advice[0].startswith("The class chosen is right as often as said")
    tables = {table.title.split(" (")[0]: table for table in seen.tables}
    by_class = {row[0]: row for row in tables["Calibration error by class"].rows}
    assert set(by_class) == {"a", "b", "c"}
    assert min(row[-1] for row in by_class.values()) < 0.01
    both = tables["Calibration error by class and group"].rows
    assert {row[:3] for row in both} >= {("a", "sex", "f"), ("c", "sex", "m"), ("b", "sex", "x")}
    assert min(row[-2] for row in both if row[-2] is not None) < 0.01


def test_honest_models_of_many_classes_are_seldom_named():
    named = sum(
        "surely off" in finding(of_three_classes(300, seed=seed)).summary for seed in range(25)
    )
    # Nominal 5 %; four standard errors above it.
    assert named / 25 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 25)


def test_groups_wrong_in_opposite_ways_get_advice_of_their_own():
    rng = np.random.default_rng(3)
    given = context(6000, groups=("sex",))
    half = np.where(np.arange(6000) % 2 == 0, "f", "m")
    said = rng.uniform(0.3, 0.7, 6000)
    outcomes = (rng.random(6000) < said + np.where(half == "f", 0.15, -0.15)).astype(int)
    frame = pd.DataFrame({"sex": half})
    given = replace(
        given,
        frame=frame,
        features=frame.iloc[:, :0],
        groupings=(grouping(frame, "sex"),),
        probabilities=np.column_stack([1 - said, said]),
        outcomes=outcomes,
        decisions=(said > 0.5).astype(int),
    )
    seen = finding(given)
    assert "surely off for sex = " in seen.summary
    assert [line.split(",")[0] for line in seen.advice] == [
        "The probabilities are right on the whole and wrong within groups"
    ]


def test_an_impossible_outcome_is_said_in_words():
    given = context(200)
    said = given.probabilities.copy()
    row = int(np.flatnonzero(given.outcomes == 1)[0])
    said[row] = [1.0, 0.0]
    printed = dict(finding(replace(given, probabilities=said)).tables[0].rows)
    assert printed["log loss (nats)"].startswith("infinite")


def test_weights_are_respected():
    given = context(power=2.0)
    honest = context(seed=5)
    both = replace(
        given,
        probabilities=np.vstack([given.probabilities, honest.probabilities]),
        outcomes=np.concatenate([given.outcomes, honest.outcomes]),
        decisions=np.concatenate([given.decisions, honest.decisions]),
        weights=np.repeat([0.0, 1.0], 3000),
    )
    assert finding(both).headline.value == pytest.approx(finding(honest).headline.value, abs=1e-12)


def test_it_does_not_apply_to_decisions_alone():
    seen = finding(replace(context(), probabilities=None))
    assert seen.status == "not applicable"


def test_one_row_is_not_enough():
    seen = finding(context(1))
    assert seen.status == "not enough data"
    assert "at least 2" in seen.summary


def test_groups_that_are_surely_off_are_named_and_none_where_none_is():
    rng = np.random.default_rng(12)
    n, named = 200, 0
    for _ in range(40):
        p = rng.uniform(0.1, 0.9, 8 * n)
        frame = pd.DataFrame({"g": np.repeat([f"g{k}" for k in range(8)], n), "p": p})
        frame["y"] = (rng.random(8 * n) < p).astype(int)
        found = alignlab.audit(
            predictions=frame, target="y", probability="p", groups="g", favourable=1,
            checks=["uncertainty.calibration"],
        ).finding("uncertainty.calibration")  # fmt: skip
        named += "surely off" in found.summary
    assert named <= 6  # 5 % of 40 is 2; more than 6 happen once in three hundred
    frame["y"] = np.where(frame["g"] == "g3", rng.random(8 * n) < p - 0.2, frame["y"]).astype(int)
    off = alignlab.audit(
        predictions=frame, target="y", probability="p", groups="g", favourable=1,
        checks=["uncertainty.calibration"],
    ).finding("uncertainty.calibration")  # fmt: skip
    assert "surely off for g = g3" in off.summary
