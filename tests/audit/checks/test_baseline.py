from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

import alignlab


def skill(frame, **said):
    return alignlab.audit(
        predictions=frame, target="y", checks=["performance.baseline"], **said
    ).finding("performance.baseline")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 3, 800)
    return pd.DataFrame(
        {"y": (rng.random(800) < p).astype(int), "p": p, "d": (p > 0.5).astype(int)}
    )


def test_skill_is_the_brier_skill_score(rows):
    brier = np.mean((rows["p"] - rows["y"]) ** 2)
    base = rows["y"].mean() * (1 - rows["y"].mean())
    assert skill(rows, probability="p").headline.value == pytest.approx(1 - brier / base)


def test_skill_of_decisions_counts_errors(rows):
    wrong = (rows["d"] != rows["y"]).mean()
    majority = min(rows["y"].mean(), 1 - rows["y"].mean())
    assert skill(rows, prediction="d").headline.value == pytest.approx(1 - wrong / majority)


def test_skill_of_values_is_r_squared():
    rng = np.random.default_rng(1)
    y = rng.normal(size=300)
    frame = pd.DataFrame({"y": y, "d": y + rng.normal(0, 0.5, 300)})
    assert skill(frame, prediction="d").headline.value == pytest.approx(r2_score(y, frame["d"]))


def test_it_passes_fails_and_waits_for_more(rows):
    assert skill(rows, probability="p").status == "pass"
    assert skill(rows.assign(p=1 - rows["p"]), probability="p").status == "fail"
    noise = np.random.default_rng(2).normal(0, 0.4, len(rows))
    blurred = np.clip(rows["p"] + noise, 0.01, 0.99)
    found = skill(rows.assign(p=0.7 * rows["y"].mean() + 0.3 * blurred)[:60], probability="p")
    assert found.status == "not enough data"


def test_one_answer_for_all_fails_whatever_the_interval(rows):
    for constant in (rows["y"].mean(), 0.1):
        finding = skill(rows.assign(p=constant), probability="p")
        assert finding.status == "fail"
        assert "same answer" in finding.summary


def test_the_interval_covers_the_true_skill():
    rng = np.random.default_rng(3)

    def draw(n):
        p = rng.beta(1, 3, n)
        return pd.DataFrame({"y": (rng.random(n) < p).astype(int), "p": p})

    large = draw(1_000_000)
    truth = 1 - np.mean((large["p"] - large["y"]) ** 2) / large["y"].var(ddof=0)
    found = [skill(draw(300), probability="p").headline for _ in range(300)]
    covered = np.mean([each.low <= truth <= each.high for each in found])
    # 300 samples that cover 95 % lie between 91 and 98 % in all but 1 %.
    assert 0.91 <= covered <= 0.98


def test_one_outcome_among_the_rows_with_weight_leaves_nothing_to_beat(rows):
    weighed = rows.assign(w=(rows["y"] == 0) * 1.0)
    for said in ({"probability": "p"}, {"prediction": "d"}):
        finding = skill(weighed, weights="w", **said)
        assert finding.status == "not enough data"
        assert "turned out alike" in finding.summary


def test_a_few_rows_without_an_error_prove_nothing(rows):
    perfect = rows.assign(p=rows["y"] * 0.98 + 0.01)
    both = pd.concat([perfect[perfect["y"] == 0][:20], perfect[perfect["y"] == 1][:20]])
    assert skill(both, probability="p").status == "pass"
    assert skill(both[10:30], probability="p").status == "not enough data"
