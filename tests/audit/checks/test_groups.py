from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab


def audited(frame, **options):
    return alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="g", favourable=1,
        checks=["performance.groups"], **options,
    ).finding("performance.groups")  # fmt: skip


def rows(accuracies, sizes, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for k, (share, n) in enumerate(zip(accuracies, sizes, strict=True)):
        y = rng.integers(0, 2, n)
        right = np.arange(n) < round(share * n)
        parts.append(pd.DataFrame({"g": f"g{k}", "y": y, "d": np.where(right, y, 1 - y)}))
    return pd.concat(parts, ignore_index=True)


def test_the_worst_group_is_the_headline():
    finding = audited(rows([0.9, 0.7, 0.8], [500, 500, 500]))
    assert finding.headline.value == pytest.approx(0.7)
    assert "g = g1" in finding.summary
    assert finding.tables[0].rows[1][:2] == ("g1", 500)


def test_a_tiny_group_is_shown_and_is_not_the_worst():
    finding = audited(rows([0.9, 0.0], [500, 10]), limits={"performance.groups": 0.8})
    assert finding.headline.value == pytest.approx(0.9)
    assert finding.estimates["g=g1"].value == 0
    assert finding.status == "pass"


def test_limits_of_the_worst_group_hold_for_all_groups_at_once():
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        shares = [rng.binomial(200, 0.8) / 200 for _ in range(6)]
        headline = audited(rows(shares, [200] * 6, seed)).headline
        covered += headline.low <= 0.8 <= headline.high
    assert covered >= 89  # of 100 at 95 %, fewer once in a hundred
    assert audited(rows([0.9, 0.5], [400, 400]), limits={"performance.groups": 0.7}).status == (
        "fail"
    )


def test_a_group_whose_weight_lies_on_few_rows_is_not_the_worst():
    frame = rows([0.9, 0.5], [500, 100])
    heavy = (frame["g"] == "g1") & (frame["d"] != frame["y"])
    frame["w"] = np.where(heavy & (heavy.cumsum() <= 3), 1000.0, 1.0)
    finding = audited(frame, weights="w")
    assert finding.headline.value == pytest.approx(0.9)
    assert finding.estimates["g=g1"].value < 0.05
