"""Learning a rule: the folds, the candidates, and the caution between them."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.intervals import critical_value, mean_estimate
from alignlab.uncertainty.deferral.budget import Threshold, chances
from alignlab.uncertainty.deferral.learn import (
    METHODS,
    Lesson,
    learn,
    mean_and_error,
    strata_folds,
)


def lesson(right, *, n=400, seed=0, asked=None):
    """Two cells and a model that is right in 70 % of either; the person in right[cell]."""
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, 2, n)
    model = (rng.random(n) < 0.7).astype(float)
    person = (rng.random(n) < np.asarray(right)[cell]).astype(float)
    asked = np.ones(n, bool) if asked is None else asked
    return Lesson(
        design=(cell[:, None] - 0.5) * 2,
        probabilities=np.tile([0.7, 0.3], (n, 1)),
        decisions=np.zeros(n, dtype=np.intp),
        model=model,
        person=np.where(asked, person, 0),
        asked=asked,
        weights=np.ones(n),
        person_weights=asked.astype(float),
        hashes=rng.integers(0, 2**62, n).astype(np.uint64),
        utilities=np.eye(2),
        asking_cost=0.0,
    )


def test_folds_are_alike_and_follow_the_rows():
    rows = lesson([0.9, 0.5])
    folds = strata_folds(rows, 5, 0)
    assert np.bincount(folds).tolist() == [80] * 5
    shares = [rows.person[folds == fold].mean() for fold in range(5)]
    assert np.ptp(shares) <= 2 / 80
    shuffled = np.random.default_rng(1).permutation(400)
    assert (strata_folds(rows.at(shuffled), 5, 0) == folds[shuffled]).all()
    assert (strata_folds(rows, 5, 1) != folds).any()


def test_the_mean_and_its_error_are_those_of_the_interval():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=30), rng.random(30)
    mean, error = mean_and_error(values, weights)
    interval = mean_estimate(values, weights=weights)
    effective = weights.sum() ** 2 / (weights @ weights)
    assert mean == pytest.approx(interval.value)
    half = critical_value(0.95, freedom=effective - 1) * error
    assert half == pytest.approx(interval.high - mean)
    assert mean_and_error(np.ones(3), np.array([1.0, 0, 0]))[1] == np.inf


@pytest.mark.parametrize("method", METHODS)
def test_where_the_person_is_better_in_one_cell_that_cell_is_asked_about(method):
    rows = lesson([0.95, 0.4], n=2000)
    found = learn(rows, [method], budget=1.0, seed=0)
    assert found.rule == method
    asked = chances(found.best.scores(rows), found.threshold)
    assert (asked == (rows.design[:, 0] < 0)).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_scores_are_the_gain_in_probability(method):
    found = learn(lesson([0.95, 0.4], n=20_000), [method], budget=1.0, seed=0)
    cells = lesson([0.95, 0.4], n=100)
    expected = np.where(cells.design[:, 0] < 0, 0.25, -0.3)
    assert found.best.scores(cells) == pytest.approx(expected, abs=0.03)


def test_a_person_who_is_worse_everywhere_is_not_asked():
    found = learn(lesson([0.4, 0.4]), METHODS, budget=1.0, seed=0)
    assert found.rule == "model alone"
    assert found.threshold == Threshold(np.inf)
    assert found.average_gain < 0


def test_a_person_who_is_better_everywhere_is_asked_whenever_there_is_time():
    new = lesson([0.95, 0.95], seed=9)
    found = learn(lesson([0.95, 0.95]), METHODS, budget=1.0, seed=0)
    assert found.rule == "people at random" or (found.best.scores(new) > 0).all()
    for rule in learn(lesson([0.95, 0.95]), METHODS, budget=0.5, seed=0).rules.values():
        # Cases that are alike are asked about by chance, not all of them or none.
        assert 0.4 < chances(rule.scores(new), rule.threshold).mean() <= 0.55


def test_a_rule_is_taken_only_if_it_beats_what_is_simpler_by_more_than_its_error():
    taken = {"model alone": 0, "people at random": 0, "rule": 0}
    for seed in range(60):
        rows = lesson([0.7, 0.7], n=200, seed=seed)
        found = learn(rows, ["post-hoc"], budget=1.0, seed=0)
        name = found.rule if found.rule in taken else "rule"
        taken[name] += 1
        average, error = mean_and_error(rows.gain, rows.person_weights)
        if found.rule == "people at random":
            assert average > error
        if found.rule == "post-hoc" and average <= error:
            assert found.best.gain > found.best.error
    # Where nothing is to be gained, most samples of one standard error say so.
    assert taken["model alone"] > 25


def test_no_budget_asks_never():
    assert learn(lesson([0.95, 0.95]), METHODS, budget=0.0, seed=0).rule == "model alone"


def test_rows_without_a_decision_teach_about_the_model():
    asked = np.arange(2000) % 4 == 0
    rows = lesson([0.95, 0.4], n=2000, asked=asked)
    found = learn(rows, ["post-hoc"], budget=1.0, seed=0)
    assert (chances(found.best.scores(rows), found.threshold) == (rows.design[:, 0] < 0)).all()


def test_among_rules_that_gain_alike_the_one_that_does_not_believe_the_model_is_taken():
    found = learn(lesson([0.95, 0.4], n=2000), METHODS, budget=1.0, seed=0)
    gains = [each.gain for each in found.rules.values()]
    assert gains == pytest.approx([gains[0]] * 3)
    assert found.best.rule == found.rule == "post-hoc"
