from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import row_hashes
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.selective import choose_threshold

GRID = np.linspace(0, 1, 100_001)

CHANCES = {
    "the same everywhere": lambda u: np.full_like(u, 0.1001),
    "falling": lambda u: 0.4 * (1 - u),
    "wrong where surest": lambda u: np.where(u > 0.9, 0.3, np.where(u > 0.5, 0.02, 0.3)),
    "in waves": lambda u: 0.12 + 0.1 * np.sin(25 * u),
    "twice at the limit": lambda u: np.select(
        [u > 0.8, u > 0.6, u > 0.5], [0.1002, 0.02, 0.2605], 0.1
    ),
}


def broken_promises(chance, n, samples, seed, digits=None, drawn=None):
    """Return how often the risk above the chosen threshold is above 0.1."""
    rng = np.random.default_rng(seed)
    broken = 0
    for _ in range(samples):
        score = rng.random(n)
        p = chance(score)
        loss = (rng.random(n) < p).astype(float) if drawn is None else drawn(rng, p)
        shown = score if digits is None else np.floor(score * digits) / digits
        found = choose_threshold(shown, loss, max_risk=0.1)
        if found.threshold is not None:
            grid = GRID if digits is None else np.floor(GRID * digits) / digits
            broken += chance(GRID)[grid > found.threshold].mean() > 0.1
    return broken / samples


@pytest.mark.parametrize("name", CHANCES)
def test_the_promise_is_kept_as_often_as_stated(name):
    error = 4 * np.sqrt(0.05 * 0.95 / 300)
    assert broken_promises(CHANCES[name], 400, 300, seed=3) < 0.05 + error


def test_ties_break_no_more_promises():
    error = 4 * np.sqrt(0.05 * 0.95 / 300)
    for name in ("the same everywhere", "in waves"):
        assert broken_promises(CHANCES[name], 400, 300, seed=4, digits=8) < 0.05 + error


def test_nor_do_losses_between_0_and_1():
    error = 4 * np.sqrt(0.05 * 0.95 / 200)
    drawn = lambda rng, p: (rng.random(len(p)) < 2 * p) * rng.random(len(p))  # noqa: E731
    seen = broken_promises(CHANCES["the same everywhere"], 400, 200, seed=5, drawn=drawn)
    assert seen < 0.05 + error


def test_without_a_correction_the_promise_would_be_broken():
    """The trap: the loosest threshold whose own exact limit is low enough."""
    from alignlab.intervals import share_limits

    rng = np.random.default_rng(6)
    broken = 0
    for _ in range(200):
        wrong = np.cumsum(rng.random(400) < 0.1001)
        rows = np.arange(1, 401)
        broken += (share_limits(wrong / rows, rows, level=0.9)[1] <= 0.1).any()
    assert broken / 200 > 0.15


def test_a_useful_score_is_used():
    rng = np.random.default_rng(7)
    score = rng.random(4000)
    found = choose_threshold(score, rng.random(4000) < 0.4 * (1 - score), max_risk=0.1)
    # Half of the cases have a risk of 0.1.
    assert 0.3 < found.coverage.value < 0.5
    assert found.risk.value < 0.1 == found.risk.high
    assert (found.accepts(score) == (score > found.threshold)).all()
    assert found.accepts(score).mean() == found.coverage.value
    assert found.summary.startswith("Decide ")
    json.dumps(found.to_dict())


def test_all_rows_may_be_accepted():
    found = choose_threshold(np.arange(500.0), np.zeros(500), max_risk=0.05)
    assert found.threshold == -np.inf
    assert found.coverage.value == 1
    assert found.accepts([-1e9, 3]).all()
    assert found.to_dict()["threshold"] == "all"


def test_one_row_below_the_fewest_can_promise_nothing():
    """Without an error (1 - 0.05)^n <= 0.05 needs 59 rows, and more where more is tried."""
    for n in (58, 59, 200):
        found = choose_threshold(np.zeros(n), np.zeros(n), max_risk=0.05)
        assert (found.threshold is None) == (n < 200 and found.rows_needed is not None)
    few = choose_threshold(np.zeros(58), np.zeros(58), max_risk=0.05)
    assert 59 <= few.rows_needed <= 80
    assert "would be needed" in few.summary
    assert not few.accepts([5.0]).any()


def test_the_rows_said_to_be_needed_do():
    rng = np.random.default_rng(8)
    score = np.arange(100.0)
    loss = np.zeros(100)
    loss[::20] = 1
    found = choose_threshold(score, loss, max_risk=0.07)
    assert found.threshold is None
    more = -(-found.rows_needed // 100)
    again = choose_threshold(
        np.tile(score, more) + rng.random(100 * more), np.tile(loss, more), max_risk=0.07
    )
    assert again.threshold is not None


def test_the_rows_needed_are_found_in_few_tries(monkeypatch):
    from alignlab.uncertainty.selective import threshold

    tries = []
    test = threshold._errors_pass
    monkeypatch.setattr(
        threshold, "_errors_pass", lambda *given: (tries.append(0), test(*given))[1]
    )
    loss = np.zeros(500)
    loss[::10] = 1
    found = choose_threshold(np.arange(500.0), loss, max_risk=0.103)
    assert found.rows_needed > 2_000
    assert len(tries) < 15


def test_more_rows_do_not_help_a_model_that_is_wrong():
    found = choose_threshold(np.arange(100.0), np.ones(100), max_risk=0.1)
    assert found.threshold is None
    assert found.rows_needed is None
    assert "more rows would not help" in found.summary


def test_order_of_rows_changes_nothing():
    rng = np.random.default_rng(9)
    score, loss = rng.random(300).round(1), (rng.random(300) < 0.05).astype(float)
    order = rng.permutation(300)
    here, there = (
        choose_threshold(score[at], loss[at], max_risk=0.1) for at in (slice(None), order)
    )
    assert here.threshold == there.threshold
    pd.testing.assert_frame_equal(here.to_frame(), there.to_frame())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"max_risk": 5}, r"max_risk=5 is not between 0 and 1.*Did you mean 0.05\?"),
        ({"max_risk": 0}, "no finite number of rows can promise a risk of 0"),
        ({"confidence": 95}, r"confidence=95 is not between 0 and 1. Did you mean 0.95\?"),
        ({"loss": [0.0, 3.0]}, "Row 1 has the loss 3, above 1. Divide the losses"),
        ({"loss": [0.0, -1.0]}, "Row 1 has the loss -1: give a finite number from 0"),
        ({"score": [0.5, np.nan]}, "Row 1 has the score nan"),
        ({"score": []}, "One loss a row is wanted"),
        ({"training": np.zeros((3, 1))}, "training= was given without rows="),
        ({"training": np.zeros((3, 1)), "rows": np.ones((5, 1))}, "5 rows, and there are 2"),
        ({"training": np.eye(2), "rows": np.eye(2)}, "2 of the 2 calibration rows are also"),
        ({"training": np.eye(2), "rows": row_hashes(np.eye(2))}, "2 of the 2 calibration rows"),
        ({"training": np.eye(2)[:0], "rows": np.eye(2)}, "training holds no row"),
        ({"model": as_predictor(len, task="regression")}, "model= was given without rows="),
    ],
)
def test_what_cannot_be_used_is_said(changed, words):
    given = {"score": [0.5, 0.6], "loss": [0.0, 1.0], "max_risk": 0.1, **changed}
    with pytest.raises(InputError, match=words):
        choose_threshold(given.pop("score"), given.pop("loss"), **given)


def test_rows_that_the_model_names_are_refused_beside_those_given():
    knowing = as_predictor(len, task="regression")
    knowing.trained_on = row_hashes(np.eye(3)[:1])
    with pytest.raises(InputError, match=r"1 of the 2 .* \(row 0\)"):
        choose_threshold(
            [0.5, 0.6],
            [0, 1],
            max_risk=0.1,
            model=knowing,
            rows=np.eye(3)[:2],
            training=np.eye(3)[2:],
        )


def test_a_row_without_score_is_not_decided():
    found = choose_threshold(np.arange(500.0), np.zeros(500), max_risk=0.05)
    with pytest.raises(InputError, match="Row 1 has no score"):
        found.accepts([1.0, np.nan])
