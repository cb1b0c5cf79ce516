from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.audit.conformance import assert_conforms
from alignlab.datasets import grouping

CHECK = "uncertainty.selective"


def context(n=3000, *, seed=0, knows=True, harm=False, groups=(), **fields):
    """Return an audit of a model that is or is not less sure where it is wrong."""
    rng = np.random.default_rng(seed)
    sure = 0.5 + rng.random(n) / 2
    other = rng.random(n) < 0.3
    chance = 1 - sure if knows else np.full(n, 0.25)
    if harm:
        chance = np.where(other, sure - 0.5, chance)
    decisions = rng.integers(0, 2, n)
    outcomes = np.where(rng.random(n) < chance, 1 - decisions, decisions)
    second = np.where(decisions == 1, sure, 1 - sure)
    frame = pd.DataFrame({"sex": np.where(np.arange(n) < 12, "x", np.where(other, "f", "m"))})
    return AuditContext(
        task="classification",
        classes=("denied", "approved"),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=outcomes,
        decisions=decisions,
        probabilities=np.column_stack([1 - second, second]),
        groupings=tuple(grouping(frame, name) for name in groups),
        **fields,
    )


def finding(given):
    return run_check(all_checks()[CHECK], given)


def test_it_keeps_the_promises_of_a_check():
    assert_conforms(CHECK)


def test_a_model_that_knows():
    seen = finding(context())
    assert seen.status == "measured"
    assert seen.summary.startswith("Where the model is wrong it is less sure: leaving out its")
    assert seen.headline.low > 0.6
    assert "--max-risk" in seen.advice[0]
    # r(c) = c / 4 at coverage c.
    assert seen.estimates["error rate of the surest 80%"].value == pytest.approx(0.2, abs=0.02)
    assert seen.estimates["area under risk and coverage (AURC)"].value == pytest.approx(
        0.125, abs=0.015
    )


def test_a_model_that_does_not_know_claims_nothing():
    claims = 0
    for seed in range(100):
        seen = finding(context(300, knows=False, seed=seed, groups=("sex",)))
        claims += "cannot be seen" not in seen.summary or "surely rises" in seen.summary
    assert claims / 100 < 0.10 + 4 * np.sqrt(0.1 * 0.9 / 100)


def test_the_error_rate_rises_for_a_group_that_is_harmed():
    seen = finding(context(harm=True, groups=("sex",)))
    assert "For some it surely rises: sex = f, from 2" in seen.summary
    assert any("for each group" in line for line in seen.advice)
    table = seen.tables[1]
    notes = {row[1]: row[-1] for row in table.rows}
    assert notes == {"f": "surely worse", "m": "surely better", "x": "too few rows"}
    assert len(seen.charts) == 2


def test_no_group_of_an_honest_model_is_named():
    named = 0
    for seed in range(60):
        seen = finding(context(500, seed=seed, groups=("sex",)))
        named += "surely rises" in seen.summary
    assert named == 0


def test_a_model_that_is_surest_where_it_is_wrong():
    given = context()
    turned = replace(given, outcomes=1 - given.outcomes)
    seen = finding(turned)
    assert "it is surer" in seen.summary
    assert seen.headline.high < 0.5
    assert not seen.advice


@pytest.mark.parametrize(
    ("limit", "status"), [(0.6, "pass"), (0.9, "fail"), (0.72, "not enough data")]
)
def test_a_stated_limit_is_held_against_the_interval(limit, status):
    seen = finding(context(1000, limits={CHECK: limit}))
    assert (seen.headline.value, seen.status) == (pytest.approx(0.722, abs=0.03), status)


def test_without_errors_nothing_can_be_said():
    given = context(100)
    seen = finding(replace(given, outcomes=given.decisions))
    assert seen.status == "not enough data"
    assert seen.summary.startswith("Every decision on these 100 rows is right")


def test_weights_count():
    given = context(400, knows=False)
    wrong = given.decisions != given.outcomes
    sure = given.probabilities.max(axis=1)
    weights = np.where(wrong == (sure < 0.75), 5.0, 1.0)
    assert finding(replace(given, weights=weights)).headline.low > 0.6
