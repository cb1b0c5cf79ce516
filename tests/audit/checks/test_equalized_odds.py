from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import equalized_odds_difference

import alignlab


def rows(seed=0, tpr=(0.7, 0.6), fpr=(0.3, 0.1), n=1500):
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 2, 2 * n)
    y = rng.integers(0, 2, 2 * n)
    d = rng.random(2 * n) < np.where(y == 1, np.take(tpr, g), np.take(fpr, g))
    return pd.DataFrame({"g": g, "y": y, "d": d.astype(int)})


def audited(frame, **options):
    return alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="g", favourable=1,
        checks=["fairness.equalized_odds"], **options,
    ).finding("fairness.equalized_odds")  # fmt: skip


def test_it_is_the_larger_of_the_two_gaps():
    frame = rows()
    finding = audited(frame)
    expected = equalized_odds_difference(frame["y"], frame["d"], sensitive_features=frame["g"])
    assert finding.headline.value == pytest.approx(expected, rel=1e-12)
    parts = [finding.estimates[f"{rate} gap"].value for rate in ("TPR", "FPR")]
    assert finding.headline.value == max(parts)
    assert "not favourable" in finding.summary  # the FPR makes the gap here
    assert f"between {100 * finding.headline.low:.1f} and" in finding.summary


def test_one_failing_part_is_not_made_good_by_the_other():
    limits = {"fairness.equalized_odds": 0.1}
    assert audited(rows(tpr=(0.6, 0.6)), limits=limits).status == "fail"
    assert audited(rows(fpr=(0.1, 0.1), tpr=(0.9, 0.5)), limits=limits).status == "fail"
    assert audited(rows(tpr=(0.6, 0.6), fpr=(0.2, 0.2), n=20_000), limits=limits).status == "pass"


def test_the_interval_covers_the_true_gap():
    covered = 0
    for seed in range(150):
        headline = audited(rows(seed=seed, tpr=(0.7, 0.6), fpr=(0.3, 0.15), n=400)).headline
        covered += headline.low <= 0.15 <= headline.high
    # Nominal 95 % for both gaps at once; 150 audits at 95 % cover fewer than 136 once in 500.
    assert covered >= 136
