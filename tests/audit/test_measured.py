from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit.measured import measure_limit


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 2, 500)
    return pd.DataFrame({"y": (rng.random(500) < p).astype(int), "p": p})


@pytest.mark.parametrize(("check", "passing", "failing"), [
    ("performance.accuracy", 0.5, 0.9),
    ("performance.auc", 0.6, 0.95),
    ("performance.log_loss", 0.7, 0.3),
    ("performance.brier", 0.3, 0.1),
])  # fmt: skip
def test_a_limit_lies_on_the_measures_worse_side(rows, check, passing, failing):
    for limit, status in ((passing, "pass"), (failing, "fail")):
        result = alignlab.audit(
            predictions=rows, target="y", probability="p", limits={check: limit}, checks=[check]
        )
        assert result.finding(check).status == status
        assert result.finding(check).limit.source == "stated"


def test_without_a_limit_it_is_measured(rows):
    finding = alignlab.audit(
        predictions=rows, target="y", probability="p", checks=["performance.auc"]
    ).finding("performance.auc")
    assert finding.status == "measured"
    assert finding.limit is None
    assert finding.advice == ()


def test_limits_say_on_which_side_they_hold():
    assert measure_limit("accuracy").side == "at least"
    assert measure_limit("rmse").side == "at most"


@pytest.mark.parametrize("check", ["performance.log_loss", "performance.brier"])
def test_what_rests_on_one_row_says_so(rows, check):
    weighed = rows.assign(w=(np.arange(len(rows)) == 3) * 1.0)
    finding = alignlab.audit(
        predictions=weighed, target="y", probability="p", weights="w", checks=[check]
    ).finding(check)
    assert finding.status == "not enough data"
    assert "inf" not in finding.summary
    assert "one row" in finding.summary
