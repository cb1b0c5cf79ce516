"""What the pair earns, by hand and by enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from alignlab.uncertainty.deferral.judged import Judged, curve_of, judge_groups


def judged(n=200, seed=0, known=None):
    rng = np.random.default_rng(seed)
    known = np.ones(n, bool) if known is None else known
    model = (rng.random(n) < 0.7).astype(float)
    person = np.where(known, (rng.random(n) < 0.8).astype(float), model)
    return Judged(
        model=model,
        person=person,
        ask=(rng.random(n) < 0.3).astype(float),
        score=rng.integers(-3, 4, n).astype(float),
        known=known,
        weights=np.ones(n),
        person_weights=known.astype(float),
    )


def test_by_hand():
    rows = Judged(
        model=np.array([1.0, 0, 0, 1]),
        person=np.array([0.0, 1, 1, 1]),
        ask=np.array([0.0, 1, 0, 0.5]),
        score=np.array([0.0, 2, 1, 1]),
        known=np.ones(4, bool),
        weights=np.ones(4),
        person_weights=np.ones(4),
    )
    assert rows.pair.tolist() == [1, 1, 0, 1]
    assert rows.asked(0.95).value == 3 / 8
    assert rows.oracle(0.25).mean() == 0.75
    assert rows.oracle(1.0).mean() == 1.0
    # A half is the best score and half of each of the two that share the next.
    assert rows.at_share(0.5).tolist() == [1, 1, 0.5, 1]


def test_the_curve_ends_at_the_model_and_at_people():
    rows = judged()
    curve = curve_of(rows, 0.95, share=True)
    assert curve.share[[0, -1]].tolist() == [0, 1]
    assert curve.pair[0] == rows.mean(rows.model, 0.95, share=True)
    assert curve.pair[-1] == rows.mean(rows.person, 0.95, share=True)
    ends = curve.to_frame().iloc[[0, -1]]
    assert (ends["pair"] == ends["at random"]).all()


@pytest.mark.parametrize("budget", [0.25, 0.5, 1.0])
def test_no_choice_within_the_budget_beats_the_oracle(budget):
    rows = judged(n=8, seed=3)
    best = max(
        (rows.model + np.array(ask) * (rows.person - rows.model)).mean()
        for ask in product([0, 1], repeat=8)
        if sum(ask) <= budget * 8
    )
    assert rows.oracle(budget).mean() == pytest.approx(best)


def test_rows_without_a_decision_count_for_the_share_asked_only():
    known = np.arange(200) < 100
    rows = judged(known=known)
    assert rows.mean(rows.model, 0.95).n == 100
    assert rows.mean(rows.pair, 0.95).value == pytest.approx(rows.pair[:100].mean())
    assert rows.asked(0.95).value == pytest.approx(rows.ask.mean())


def test_weights_are_copies_for_the_value():
    rows = judged(n=40)
    counts = np.random.default_rng(1).integers(1, 4, 40)
    copied = rows.at(np.repeat(np.arange(40), counts))
    heavy = Judged(
        rows.model, rows.person, rows.ask, rows.score, rows.known, counts.astype(float),
        counts.astype(float),
    )  # fmt: skip
    for name in ("model", "pair"):
        values = [each.mean(getattr(each, name), 0.95).value for each in (copied, heavy)]
        assert values[0] == pytest.approx(values[1])
    assert heavy.oracle(0.3) @ counts == pytest.approx(copied.oracle(0.3).sum())


def test_groups_add_up_and_hold_together():
    rows = judged()
    codes = (np.arange(200) < 20).astype(np.intp)
    found = judge_groups(rows, "old", codes, ("no", "yes"), 0.95, share=True)
    assert [each.rows for each in found] == [180, 20]
    assert [each.enough for each in found] == [True, False]
    for what in ("asked", "pair"):
        parts = sum(getattr(each, what).value * each.rows for each in found)
        whole = rows.asked(0.95) if what == "asked" else rows.mean(rows.pair, 0.95)
        assert parts / 200 == pytest.approx(whole.value)
    assert found[0].gain.level == pytest.approx(0.975)


def test_a_group_in_which_nobody_decided_is_left_out():
    rows = judged(known=np.arange(200) < 100)
    codes = (np.arange(200) >= 100).astype(np.intp)
    found = judge_groups(rows, "part", codes, ("a", "b"), 0.95, share=True)
    assert [each.group for each in found] == ["a"]


def test_the_intervals_of_the_paired_gain_cover():
    truth = 0.3 * 0.1  # asked in 30 %, there 10 points better
    hits = 0
    for seed in range(400):
        rows = judged(n=300, seed=seed)
        gain = rows.mean(rows.pair - rows.model, 0.95)
        hits += gain.low <= truth <= gain.high
    assert abs(hits / 400 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)
