from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from alignlab.datasets import PreferenceDataset, Trajectory
from alignlab.values.preferences import fit_reward, reward_checks


def test_preferences_that_go_round_are_legal_and_reported():
    """Stone, scissors and paper, ten times over: the one triple is circular."""
    first, second = np.tile([0, 1, 2], 10), np.tile([1, 2, 0], 10)
    data = PreferenceDataset.from_pairs("abc", first, second, np.zeros(30))
    reward = fit_reward(data, holdout=0)
    assert reward.predict() == pytest.approx(0, abs=1e-9)
    assert (reward.triads.circular, reward.triads.complete) == (1, 1)
    assert reward.triads.share == 1
    # With answers by tosses of a coin a quarter of all triples go round, less those with a draw.
    assert 0.1 < reward.triads.expected < 0.3


def test_many_circles_are_a_lack_of_fit_and_few_are_not():
    rng = np.random.default_rng(0)
    every = np.array([(a, b) for a in range(12) for b in range(a)])
    circle = ((every[:, 0] - every[:, 1]) % 12 > 6).astype(float)
    # A weak trend around which preferences go in a circle.
    data = PreferenceDataset.from_pairs(
        np.zeros((12, 1)), *np.repeat(every, 5, axis=0).T, np.repeat(circle, 5)
    )
    reward = fit_reward(data, holdout=0)
    assert reward.triads.p_value == 0.01
    assert "no single scale fits them" in " ".join(reward.notes)
    scores = rng.normal(size=12)
    gap = scores[every[:, 0]] - scores[every[:, 1]]
    said = (rng.random(len(every)) > 1 / (1 + np.exp(-gap))).astype(float)
    fair = fit_reward(PreferenceDataset.from_pairs(np.zeros((12, 1)), *every.T, said), holdout=0)
    assert fair.triads.p_value > 0.05
    assert fair.triads.complete == 220


def test_the_p_value_is_uniform_enough_under_a_right_reward():
    below = []
    every = np.array([(a, b) for a in range(10) for b in range(a)])
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=10)
        gap = scores[every[:, 0]] - scores[every[:, 1]]
        said = (rng.random(45) > 1 / (1 + np.exp(-gap))).astype(float)
        data = PreferenceDataset.from_pairs(np.zeros((10, 1)), *every.T, said)
        triads = fit_reward(data, holdout=0).triads
        below.append(triads.p_value <= 0.1)
    # 60 times 0.1, and three standard errors of 0.039; taken as they are, scores give 0.3.
    assert np.mean(below) < 0.22


def test_of_many_items_some_are_looked_at(monkeypatch):
    every = np.array([(a, b) for a in range(9) for b in range(a)])
    data = PreferenceDataset.from_pairs(
        np.zeros((9, 1)), *np.tile(every, (2, 1)).T, np.repeat([0.0, 1.0], 36)
    )
    monkeypatch.setattr(reward_checks, "MOST_ITEMS", 5)
    assert fit_reward(data, holdout=0).triads is None
    said = np.random.default_rng(0).integers(0, 2, 36)
    data = PreferenceDataset.from_pairs(np.zeros((9, 1)), *every.T, said)
    assert fit_reward(data, holdout=0).triads.complete == 10
    many = fit_reward(data, holdout=0, ensemble=3).triads
    assert many.complete == 10
    assert many.p_value is None


def test_held_out_answers_are_predicted_as_of_who_gave_them():
    """One of two has the buttons mixed up: told apart, both are predicted."""
    rng = np.random.default_rng(0)
    scores = np.linspace(-2, 2, 12)
    first = rng.integers(0, 12, 800)
    second = (first + rng.integers(1, 12, 800)) % 12
    who = rng.integers(0, 3, 800)
    gap = np.array([2.0, 2.0, -2.0])[who] * (scores[first] - scores[second])
    said = (rng.random(800) > 1 / (1 + np.exp(-gap))).astype(float)
    data = PreferenceDataset.from_pairs(np.zeros((12, 1)), first, second, said, annotators=who)
    apart = fit_reward(data, annotators="reliability").held_out
    alike = fit_reward(data).held_out
    assert apart.accuracy.low > alike.accuracy.value + 0.05
    assert apart.calibration_slope.low < 1 < apart.calibration_slope.high


def test_items_never_compared_in_threes_have_no_circles():
    data = PreferenceDataset.from_pairs("abcd", [0, 0, 2, 2], [1, 1, 3, 3], [0, 1, 0, 1])
    assert fit_reward(data, holdout=0).triads is None


def test_lengths_that_differ_are_said_and_a_mean_is_offered():
    rng = np.random.default_rng(0)
    walks = [
        Trajectory(rng.normal(size=(t + 1, 2)), np.zeros(t, int)) for t in rng.integers(2, 9, 20)
    ]
    first = rng.integers(0, 20, 200)
    second = (first + 1 + rng.integers(0, 19, 200)) % 20
    data = PreferenceDataset.from_pairs(walks, first, second, rng.integers(0, 2, 200))
    summed = fit_reward(data, model="linear", holdout=0)
    assert "normalise='length' compares means" in " ".join(summed.notes)
    meant = fit_reward(data, model="linear", holdout=0, normalise="length")
    assert "different lengths" not in " ".join(meant.notes)


def test_a_constant_per_step_decides_between_lengths_unless_means_are_compared():
    """The longer one was always preferred: a reward of sums says that steps are good."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 9, 40)
    walks = [Trajectory(np.ones((t + 1, 1)), np.zeros(t, int)) for t in lengths]
    first = rng.integers(0, 40, 300)
    second = (first + 1 + rng.integers(0, 39, 300)) % 40
    gap = 0.5 * (lengths[first] - lengths[second])
    said = (rng.random(300) > 1 / (1 + np.exp(-gap))).astype(float)
    data = PreferenceDataset.from_pairs(walks, first, second, said)
    summed = fit_reward(data, model="linear")
    assert summed.estimates[0].low > 0
    assert summed.held_out.length_correlation == pytest.approx(1)
    assert "Preferring the longer item predicts held-out answers as well" in " ".join(summed.notes)
    meant = fit_reward(data, model="linear", normalise="length")
    assert np.isinf(meant.estimates[0].high)


def test_random_answers_told_apart_are_no_circles():
    """Half of the annotators click at random, and the reward says so: no lack of fit."""
    tau = np.array([2.0, 2.0, 2.0, 0.0, 0.0, 0.0])
    alarms, wide = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores = 1.5 * rng.normal(size=15)
        who = rng.integers(0, 6, 400)
        first = rng.integers(0, 15, 400)
        second = (first + rng.integers(1, 15, 400)) % 15
        gap = tau[who] * (scores[first] - scores[second])
        said = (rng.random(400) > 1 / (1 + np.exp(-gap))).astype(float)
        data = PreferenceDataset.from_pairs(np.zeros((15, 1)), first, second, said, annotators=who)
        triads = fit_reward(data, holdout=0, annotators="reliability").triads
        alarms.append(triads.p_value <= 0.05)
        wide.append(triads.expected / triads.circular)
    # Taken to answer alike, all of the annotators give 0.93.
    assert np.mean(alarms) < 0.2
    assert 0.85 < np.mean(wide) < 1.3


def draw_ranking(rng, u, delta, shown):
    """Draw from Davidson–Luce: the best one or two, then the best of the rest."""
    left, ranks, level = list(shown), {}, 0
    while left:
        sets = [(a,) for a in left] + list(combinations(left, 2))
        log = [np.mean(u[list(each)]) + delta * (len(each) == 2) for each in sets]
        chance = np.exp(log) / np.sum(np.exp(log))
        for item in sets[rng.choice(len(sets), p=chance)]:
            ranks[item] = level
            left.remove(item)
        level += 1
    return [ranks[item] for item in shown]


def test_rankings_with_ties_are_scored_by_their_own_likelihood(monkeypatch):
    """By the formula of pairs the right reward foretells twice the ties that there are."""
    rng = np.random.default_rng(0)
    u = 0.5 * rng.normal(size=12)
    shown = [rng.permutation(12)[:5].tolist() for _ in range(500)]
    ranks = [draw_ranking(rng, u, 0.7, each) for each in shown]
    data = PreferenceDataset.from_rankings(np.zeros((12, 1)), shown, ranks)
    report = fit_reward(data).held_out
    assert report.log_loss.value < report.null_log_loss.value - 0.03
    assert report.log_loss.n < 100
    monkeypatch.setattr(reward_checks, "_rankings", lambda *_: None)
    pairs = fit_reward(data).held_out
    assert pairs.log_loss.value > pairs.null_log_loss.value + 0.1


def test_a_ranking_is_as_likely_as_its_choices_by_hand():
    shown = [[0, 1, 2], [1, 2, 3], [2, 3, 0]] * 20
    ranks = [np.random.default_rng(k).permutation(3).tolist() for k in range(60)]
    data = PreferenceDataset.from_rankings(np.zeros((4, 1)), shown, ranks)
    reward = fit_reward(data, holdout=0.3)
    report = reward.held_out
    assert report.n_pairs == 60
    # One of the three questions is held out, and its 20 rankings are the ones scored.
    means = []
    for at in range(3):
        u, losses = reward.predict(), []
        for k in range(at, 60, 3):
            best, middle, worst = u[np.array(shown[at])[np.argsort(ranks[k])]]
            first = np.exp(best) / np.exp([best, middle, worst]).sum()
            losses.append(-np.log(first * np.exp(middle) / np.exp([middle, worst]).sum()))
        means.append(np.mean(losses))
    assert np.abs(np.array(means) - report.log_loss.value).min() < 1e-9
    assert report.null_log_loss.value == pytest.approx(np.log(6))


def test_training_answers_that_are_all_ties_leave_a_finite_comparison():
    first, second = [0, 1, 2] * 10, [1, 2, 3] * 10
    data = PreferenceDataset.from_pairs("abcd", first, second, [0.5] * 30)
    report = fit_reward(data).held_out
    assert np.isfinite(report.null_log_loss.value)
    mixed = PreferenceDataset.from_pairs("abcd", first, second, ([0.5] * 2 + [0]) * 10)
    for seed in range(4):
        report = fit_reward(mixed, seed=seed).held_out
        assert np.isfinite([report.null_log_loss.value, report.log_loss.value]).all()
