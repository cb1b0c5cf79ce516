from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alignlab.audit import AuditContext, all_checks
from alignlab.audit.check import run_check
from alignlab.datasets import grouping

CHECK = "oversight.asking"
LENDING = np.array([[0.0, -1.0], [-10.0, 3.0]])


def context(said=None, *, n=1000, groups=(), **fields):
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
        **fields,
    )


def finding(given):
    return run_check(all_checks()[CHECK], given)


def test_a_case_by_hand():
    given = context([0.05, 0.3, 0.45, 0.95], asking_cost=0.2)
    given = replace(given, outcomes=np.array([0, 1, 0, 1]))
    seen = finding(given)
    assert seen.headline.value == 0.5
    assert seen.estimates["utility per case now"].value == pytest.approx(0.75, abs=1e-15)
    assert seen.estimates["utility per case with asking"].value == pytest.approx(0.9, abs=1e-15)
    assert seen.estimates["gain from asking"].value == pytest.approx(0.15, abs=1e-15)
    expected = (0.3 - 0.2 + 0.45 - 0.2) / 4
    gain = seen.estimates["gain from asking, as the model expects"].value
    assert gain == pytest.approx(expected, abs=1e-15)
    cases = seen.tables[-1]
    assert [row[0] for row in cases.rows] == [2, 1]
    assert cases.columns[1] == "P(repay)"


def test_without_utilities_errors_count_alike_and_there_is_no_verdict():
    seen = finding(context(limits={CHECK: 0.5}))
    assert seen.status == "measured"
    assert seen.limit is None
    assert "every error counts alike" in seen.summary
    assert "assumed" in seen.summary
    assert any("limit was not applied" in line for line in seen.advice)
    assert seen.headline.value == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("limit", "status"), [(0.9, "pass"), (0.2, "fail"), (0.65, "not enough data")]
)
def test_with_utilities_and_a_cost_the_limit_holds(limit, status):
    # Refusing loses 4p of what a repaying customer is worth, granting 10 (1 - p): above the cost of
    # 1 for 0.25 < p < 0.9, which 65 % of uniform scores are.
    seen = finding(context(utilities=LENDING, asking_cost=1.0, limits={CHECK: limit}))
    assert seen.headline.low < 0.65 < seen.headline.high
    assert seen.status == status
    assert "stated utilities and the stated cost" in seen.summary


def test_a_model_that_ignores_the_utilities_is_told_so():
    seen = finding(context(utilities=LENDING, asking_cost=1.0))
    gain = seen.estimates["gain from deciding by the utilities, asking nobody"]
    assert gain.low > 0
    assert any("asks nobody" in line for line in seen.advice)
    by_utility = context(utilities=LENDING, asking_cost=1.0)
    best = (by_utility.probabilities @ LENDING.T).argmax(axis=1)
    seen = finding(replace(by_utility, decisions=best))
    assert seen.estimates["gain from deciding by the utilities, asking nobody"].value == 0
    assert not any("asks nobody" in line for line in seen.advice)


def test_asking_pays_what_calibrated_probabilities_promise():
    seen = finding(context(n=20_000, asking_cost=0.1))
    promised = seen.estimates["gain from asking, as the model expects"].value
    kept = seen.estimates["gain from asking"]
    assert kept.low < promised < kept.high
    # Uniform scores: the mean of (min(p, 1 - p) - 0.1) where it is positive is 0.16.
    assert promised == pytest.approx(0.16, abs=0.005)


def test_the_groups_shares_are_those_of_their_rows():
    said = np.tile([0.5, 0.02, 0.02], 100)
    seen = finding(context(said, groups=("sex",)))
    assert seen.estimates["sex=f"].value == 1.0
    assert seen.estimates["sex=m"].value == 0.0
    assert len(seen.charts) == 2


def test_the_table_of_costs_falls_and_the_cases_are_few():
    seen = finding(context())
    tables = {table.title: table for table in seen.tables}
    shares = [
        row[2] for row in tables["How many cases are worth asking about, by what asking costs"].rows
    ]
    assert shares == sorted(shares, reverse=True)
    cases = seen.tables[-1].rows
    assert len(cases) == 20
    assert [row[-1] for row in cases] == sorted((row[-1] for row in cases), reverse=True)


def test_weights_are_respected():
    weights = np.where(np.arange(1000) < 600, 0.0, 2.0)
    given = context(weights=weights)
    rest = context(given.probabilities[600:, 1])
    rest = replace(rest, outcomes=given.outcomes[600:])
    seen, alone = finding(given), finding(rest)
    assert seen.headline.value == pytest.approx(alone.headline.value, abs=1e-12)
    assert seen.headline.low == pytest.approx(alone.headline.low, abs=1e-12)
    assert [row[0] - 600 for row in seen.tables[-1].rows] == [r[0] for r in alone.tables[-1].rows]


@pytest.mark.parametrize(("n_classes", "columns"), [(3, 3), (8, 4)])
def test_many_classes(n_classes, columns):
    rng = np.random.default_rng(1)
    said = rng.dirichlet(np.ones(n_classes), 200)
    given = replace(
        context(n=200),
        classes=tuple("abcdefgh"[:n_classes]),
        probabilities=said,
        outcomes=rng.integers(0, n_classes, 200),
        decisions=said.argmax(axis=1),
    )
    cases = finding(given).tables[-1]
    assert len(cases.columns) == columns + 4
    row = cases.rows[0]
    if n_classes == 8:
        assert row[2] == said[row[0]].max()


def test_it_does_not_apply_to_decisions_alone():
    assert finding(replace(context(), probabilities=None)).status == "not applicable"


def test_heavy_cases_to_ask_about_make_their_share_less_sure():
    doubtful = np.repeat([True, False], [50, 950])
    said = np.where(doubtful, 0.5, 0.01)
    weights = np.where(doubtful, 10.0, 1.0)
    share = finding(context(said, weights=weights)).headline
    shares = weights / weights.sum()
    error = np.sqrt(np.sum((shares * (doubtful - shares @ doubtful)) ** 2))
    assert share.value == pytest.approx(500 / 1450)
    assert (share.high - share.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)
