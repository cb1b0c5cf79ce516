from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.uncertainty.selective.areas import areas_of, as_scored


def over_all_orders(score, loss):
    """Return AURC and AUGRC averaged over every order in which the scores don't rise."""
    n, found = len(score), []
    for order in itertools.permutations(range(n)):
        at = list(order)
        if (np.diff(score[at]) <= 0).all():
            lost = np.cumsum(loss[at])
            joint = np.concatenate([[0], lost / n])
            found.append([(lost / np.arange(1, n + 1)).mean(), np.trapezoid(joint) / n])
    return np.mean(found, axis=0)


@pytest.mark.parametrize("seed", range(8))
def test_ties_are_worth_the_mean_of_all_their_orders(seed):
    rng = np.random.default_rng(seed)
    score, loss = rng.integers(0, 3, 6).astype(float), rng.random(6)
    areas = areas_of(as_scored(score, loss, None))
    aurc, augrc = over_all_orders(score, loss)
    assert areas["aurc"].value == pytest.approx(aurc, abs=1e-14)
    assert areas["augrc"].value == pytest.approx(augrc, abs=1e-14)
    best = over_all_orders(-loss, loss)[0]
    assert areas["e_aurc"].value == pytest.approx(aurc - best, abs=1e-14)


def test_augrc_is_made_of_the_auroc_and_the_accuracy():
    rng = np.random.default_rng(1)
    score, wrong = rng.random(200).round(1), rng.random(200) < 0.3
    surer = (score[~wrong, None] > score[wrong]) + (score[~wrong, None] == score[wrong]) / 2
    p = wrong.mean()
    expected = (1 - surer.mean()) * p * (1 - p) + p**2 / 2
    assert areas_of(as_scored(score, wrong, None))["augrc"].value == pytest.approx(expected)


@pytest.mark.parametrize("digits", [1, 9])
@pytest.mark.parametrize("name", ["aurc", "e_aurc", "augrc"])
def test_influences_are_derivatives(name, digits):
    rng = np.random.default_rng(2)
    score, weights = rng.random(60).round(digits), rng.random(60) + 0.2
    loss = rng.random(60) * (rng.random(60) < 0.6)
    seen = areas_of(as_scored(score, loss, weights))[name]
    for row in (0, 17, 59):
        step = 1e-6 * weights.sum() * np.eye(60)[row]
        up, down = (
            areas_of(as_scored(score, loss, weights + sign * step))[name].value for sign in (1, -1)
        )
        # 60 rows scaled to n = 60 whatever the weights, so the two differ by rounding alone.
        assert (up - down) / 2e-6 == pytest.approx(seen.influence[row], abs=1e-6)
    assert seen.influence @ weights == pytest.approx(0, abs=1e-10)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=20), st.data())
def test_neither_order_nor_scale_of_the_score_counts(rows, data):
    score, loss = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    order = data.draw(st.permutations(range(len(rows))))
    here, there = (
        areas_of(as_scored(s, loss[at], None))
        for s, at in ((score, slice(None)), (np.exp(score[order]), order))
    )
    for name in here:
        assert here[name].value == pytest.approx(there[name].value, abs=1e-12)
        assert here[name].value >= 0


def truth_and_samples(rng, n, base, samples):
    """Return a score's areas in the limit, and samples of rows whose risk falls in it."""

    def drawn(n):
        score = rng.random(n)
        return score, (rng.random(n) < 2 * base * (1 - score)).astype(float)

    # r(c) = base * c at coverage c, and the true order has its errors, a share `base`, at the end.
    aurc = base / 2
    perfect = base + (1 - base) * np.log(1 - base)
    augrc = base / 3
    truth = {"aurc": aurc, "e_aurc": aurc - perfect, "augrc": augrc}
    return truth, [as_scored(*drawn(n), None) for _ in range(samples)]


@pytest.mark.parametrize(("n", "base"), [(60, 0.1), (200, 0.02), (500, 0.3)])
def test_intervals_cover(n, base):
    truth, samples = truth_and_samples(np.random.default_rng(n), n, base, 600)
    covered = dict.fromkeys(truth, 0)
    for rows in samples:
        for name, area in areas_of(rows).items():
            limits = area.estimate(rows, 0.95)
            covered[name] += limits.low <= truth[name] <= limits.high
    error = 4 * np.sqrt(0.95 * 0.05 / 600)
    for name in truth:
        assert covered[name] / 600 > 0.95 - error, name


def test_the_mean_over_samples_is_above_the_truth_by_the_known_bias():
    truth, samples = truth_and_samples(np.random.default_rng(0), 20, 0.3, 4000)
    values = np.array([areas_of(rows)["aurc"].value for rows in samples])
    bias = (0.3 - 0.3 / 21) / 20  # the surest row of 20 lies at a coverage of 1/21 on average
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - truth["aurc"] - bias) < 4 * error
    assert bias > 4 * error


def test_no_error_at_all_leaves_room_above():
    rows = as_scored(np.arange(50.0), np.zeros(50), None)
    seen = areas_of(rows)["aurc"].estimate(rows, 0.95)
    assert (seen.value, seen.low) == (0, 0)
    top = 1 - 0.025 ** (1 / 50)  # Clopper and Pearson
    assert seen.high == pytest.approx(top * (1 - np.log(top)))
