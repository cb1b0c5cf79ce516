from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping

CHECK = "uncertainty.coverage"


def context(n=2000, *, wrong=0.0, seed=0, groups=("sex",), **fields):
    """Return an audit of right probabilities, but for the share `wrong` of one group's labels."""
    rng = np.random.default_rng(seed)
    women = rng.random(n) < 0.25
    odds = rng.normal(0, np.where(women, 0.5, 3.0))[:, None] * np.array([-1, 0.3, 1])
    said = np.exp(odds - odds.max(1, keepdims=True))
    said /= said.sum(1, keepdims=True)
    outcomes = (said.cumsum(1) < rng.random((n, 1))).sum(1).clip(max=2)
    outcomes = np.where(women & (rng.random(n) < wrong), said.argmin(1), outcomes)
    frame = pd.DataFrame({"sex": np.where(np.arange(n) < 12, "x", np.where(women, "f", "m"))})
    return AuditContext(
        task="classification",
        classes=("a", "b", "c"),
        frame=frame,
        features=frame.iloc[:, :0],
        predictor=None,
        outcomes=outcomes,
        decisions=said.argmax(1),
        probabilities=said,
        groupings=tuple(grouping(frame, name) for name in groups),
        **fields,
    )


def regression(n=2000, *, noise=1.0, seed=0):
    given = context(n, seed=seed)
    rng = np.random.default_rng(seed)
    scale = np.where(given.frame["sex"] == "f", noise, 1.0)
    values = rng.normal(size=n)
    return replace(
        given,
        task="regression",
        classes=(),
        probabilities=None,
        decisions=values,
        outcomes=values + rng.normal(size=n) * scale,
    )


def finding(given):
    return run_check(all_checks()[CHECK], given)


def test_right_probabilities_fail_nobody_however_hard_a_group_is():
    seen = finding(context())
    assert seen.status == "measured"
    assert "fall surely short for no group" in seen.summary
    assert seen.advice == ()
    assert seen.estimates["sex=f"].low < 0.9 < seen.estimates["sex=f"].high
    rows = {row[1]: row for row in seen.tables[-1].rows}
    assert rows["x"][-1] == "too few"
    assert rows["f"][6] > rows["m"][6] + 0.5  # the hard group has the larger sets


@pytest.mark.parametrize("make", [context, regression])
def test_honest_models_rarely_alarm(make):
    alarms = sum("surely fall" in finding(make(400, seed=seed)).summary for seed in range(150))
    assert alarms / 150 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 150)


def test_a_group_that_is_failed_is_named():
    seen = finding(context(wrong=0.25))
    assert "% of sex = f: they surely fall short there." in seen.summary
    assert seen.headline.high < 0.9
    assert seen.headline.value == seen.estimates["sex=f"].value
    assert "--by 'sex'" in seen.advice[0]


def test_noisy_values_are_failed_by_intervals_of_one_width():
    seen = finding(regression(noise=2.0))
    assert seen.summary.startswith("Intervals made to hold the truth in 90% of cases hold it in")
    assert "sex = f" in seen.summary
    assert "surely fall" not in finding(regression()).summary


def test_the_limit_is_held_against_the_least_covered_group():
    stated = {CHECK: 0.85}
    assert finding(context(limits=stated)).status == "pass"
    assert finding(context(wrong=0.6, limits=stated)).status == "fail"
    assert finding(context(limits={CHECK: 0.9})).status == "not enough data"
    # On average sets keep their level whatever the model: no groups, no verdict.
    assert finding(context(limits=stated, groups=())).status == "not enough data"


def test_without_groups_the_sizes_are_told():
    seen = finding(context(groups=()))
    assert seen.headline == seen.estimates["coverage"]
    assert "no groups were compared" in seen.summary
    assert seen.charts == ()
    printed = dict(seen.tables[0].rows)
    shares = [printed[f"sets {kind}"] for kind in ("without a class", "of one class")]
    assert all(0 <= share <= 1 for share in shares)


def test_what_cannot_be_asked():
    decisions = finding(replace(context(), probabilities=None))
    assert decisions.status == "not applicable"
    few = finding(context(15))
    assert few.status == "not enough data"
    assert "15 rows are too few" in few.summary


def test_a_swapped_group_moves_it():
    given = context()
    women = (given.frame["sex"] == "f").to_numpy()
    said = given.probabilities.copy()
    said[women] = said[women][:, ::-1]
    assert finding(replace(given, probabilities=said)).headline.high < 0.9
