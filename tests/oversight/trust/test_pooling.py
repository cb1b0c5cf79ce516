"""People's means pooled: by hand at the ends, nearer to the truth, and limits that hold."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.oversight.trust import pooled_means


def drawn(people, trials, between, within, seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.1, between, people)
    person = np.repeat(np.arange(people), trials)
    return truth, truth[person] + rng.normal(0, within, people * trials), person


def test_people_who_do_not_differ_are_pulled_nearly_together():
    _, values, person = drawn(50, 8, 0.0, 0.4, 0)
    found = pooled_means(values, person)
    assert found.pooled.std() < 0.35 * found.own.std()
    assert found.between < 0.1


def test_people_who_are_known_well_stay():
    _, values, person = drawn(30, 400, 0.3, 0.1, 1)
    found = pooled_means(values, person)
    assert found.pooled == pytest.approx(found.own, abs=0.005)
    assert found.between == pytest.approx(0.3, rel=0.3)


def test_pooled_means_are_nearer_to_the_truth_and_their_limits_hold():
    better, held, count = 0, 0, 0
    for seed in range(60):
        truth, values, person = drawn(20, 6, 0.12, 0.45, seed)
        found = pooled_means(values, person)
        better += np.sum((found.pooled - truth) ** 2) < np.sum((found.own - truth) ** 2)
        held += np.sum((found.low <= truth) & (truth <= found.high))
        count += 20
    assert better >= 55
    assert 0.92 <= held / count <= 0.98


def test_few_people_are_left_as_they_are():
    found = pooled_means(np.arange(8.0), np.repeat(np.arange(4), 2))
    assert np.isnan(found.pooled).all()
    assert found.own.tolist() == [0.5, 2.5, 4.5, 6.5]
    assert np.isnan(found.between)


def test_one_trial_each_says_nothing_of_how_people_differ():
    assert np.isnan(pooled_means(np.arange(9.0), np.arange(9)).between)


def test_people_who_never_depart_from_themselves_are_known():
    found = pooled_means(np.repeat(np.arange(6.0), 3), np.repeat(np.arange(6), 3))
    assert found.pooled.tolist() == found.own.tolist() == found.low.tolist()


def test_the_fewer_the_trials_the_stronger_the_pull():
    rng = np.random.default_rng(0)
    person = np.concatenate([np.repeat(np.arange(8), 30), [8, 8]])
    values = rng.normal(0, 0.3, 242) + np.where(person >= 7, 0.6, 0)
    found = pooled_means(values, person)
    pull = np.abs(found.pooled - found.own) / np.abs(found.own - found.pooled.mean())
    assert pull[8] > pull[7]
