from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.calibration import calibration_error, classwise, classwise_calibration
from alignlab.uncertainty.calibration.bins import binned_gaps
from alignlab.uncertainty.calibration.event import as_event


def labels(rng, chance):
    return (rng.random((len(chance), 1)) > chance.cumsum(axis=1)).sum(axis=1)


def wrong_for(said, one, other, part=0.5):
    """Return what happens if a part of one class's probability belongs to another."""
    true = said.copy()
    true[:, other] += part * true[:, one]
    true[:, one] *= 1 - part
    return true


def test_it_is_the_mean_over_one_class_at_a_time():
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(4), 900)
    happened = labels(rng, said)
    seen = classwise_calibration(said, happened, redraws=0)
    alone = [
        calibration_error(said[:, k], (happened == k).astype(int), redraws=0) for k in range(4)
    ]
    assert [each.squared for each in seen.errors] == [each.squared for each in alone]
    assert seen.expected_plug_in == pytest.approx(np.mean([e.expected_plug_in for e in alone]))
    squared = np.mean([each.squared for each in alone])
    assert seen.root_mean_square.value == pytest.approx(np.sqrt(max(squared, 0)), abs=1e-15)
    assert np.isnan(seen.p_values).all()


def test_bins_of_equal_width_give_the_published_classwise_ece():
    rng = np.random.default_rng(1)
    said = rng.dirichlet(np.ones(3), 500)
    happened = labels(rng, said)
    seen = classwise_calibration(said, happened, bins=10, binning="equal-width", redraws=0)
    total, edges = 0.0, np.linspace(0, 1, 11)
    for k in range(3):
        for low, high in pairwise(edges):
            member = (said[:, k] >= low) & ((said[:, k] < high) | (high == 1))
            if member.any():
                gap = np.mean(happened[member] == k) - said[member, k].mean()
                total += member.mean() * abs(gap) / 3
    assert seen.expected_plug_in == pytest.approx(total, abs=1e-14)


def test_the_covariance_between_classes_is_that_of_redrawn_labels():
    rng = np.random.default_rng(2)
    said = rng.dirichlet(np.ones(3), 600)
    draws = []
    for _ in range(800):
        happened = labels(rng, said)
        gaps = [binned_gaps(as_event(said, happened, about=k), 4) for k in range(3)]
        draws.append(np.concatenate([np.sqrt(each.share / 3) * each.gap for each in gaps]))
    events = [as_event(said, happened, about=k) for k in range(3)]
    redrawn = float(np.sum(np.cov(np.array(draws).T) ** 2))
    assert classwise._spread(events, gaps)[0] == pytest.approx(redrawn, rel=0.12)
    within = sum(float(np.sum((each.share * each.gap_error**2 / 3) ** 2)) for each in gaps)
    assert redrawn > 1.15 * within


def test_two_classes_are_one():
    rng = np.random.default_rng(3)
    said = rng.beta(0.8, 1.2, 500)
    happened = (rng.random(500) < said**1.5).astype(int)
    both = classwise_calibration(np.column_stack([1 - said, said]), happened, redraws=0)
    one = calibration_error(said, happened, redraws=0)
    for name in ("value", "low", "high"):
        for measure in ("root_mean_square", "expected"):
            ours, its = getattr(both, measure), getattr(one, measure)
            assert getattr(ours, name) == pytest.approx(getattr(its, name), abs=1e-9)


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("wrong", [False, True])
def test_intervals_cover(wrong, bounded, monkeypatch):
    monkeypatch.setattr(classwise, "MOST_PAIRED", 1 if bounded else 100)
    rng = np.random.default_rng(4)
    covered = np.zeros(2)
    for _ in range(80):
        said = rng.dirichlet(np.full(3, 0.3), 300)
        chance = wrong_for(said, 0, 1) if wrong else said
        happened = labels(rng, chance)
        seen = classwise_calibration(said, happened, redraws=0)
        squares, sizes = [], []
        for k in range(3):
            gaps = binned_gaps(as_event(said, happened, about=k), 15)
            rest = np.bincount(gaps.codes, chance[:, k] - said[:, k]) / gaps.count
            squares.append(gaps.share @ rest**2)
            sizes.append(gaps.share @ np.abs(rest))
        true = (np.sqrt(np.mean(squares)), np.mean(sizes))
        estimates = (seen.root_mean_square, seen.expected)
        covered += [e.low <= t <= e.high for e, t in zip(estimates, true, strict=True)]
    assert (covered / 80 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 80)).all()


def test_false_alarms_among_the_classes_and_faults_found():
    rng = np.random.default_rng(5)
    alarms, found = 0, 0
    for seed in range(70):
        said = rng.dirichlet(np.full(6, 0.5), 250)
        right = classwise_calibration(said, labels(rng, said), redraws=99, seed=seed)
        alarms += right.p_value <= 0.05
        assert bool(right.off()) == (right.p_value <= 0.05)
        wrong = classwise_calibration(
            said, labels(rng, wrong_for(said, 2, 4, 0.8)), redraws=99, seed=seed
        )
        found += {"2", "4"} <= set(wrong.off())
    assert abs(alarms / 70 - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 70)
    assert found / 70 > 0.9


def test_redrawn_labels_have_the_rows_probabilities():
    rng = np.random.default_rng(6)
    said = np.repeat([[0.0, 0.2, 0.0, 0.8], [0.5, 0.0, 0.5, 0.0]], 50, axis=0)
    gaps = [binned_gaps(as_event(said, labels(rng, said), about=k), 2) for k in range(4)]
    drawn = classwise._redrawn_mean_squares(said, np.ones(100), gaps, 4000, rng)
    # Half of the rows move each class, as a binomial of 50 does.
    variance = np.array([0.25, 0.16, 0.25, 0.16]) / 50 / 2
    few = [len(each.share) for each in gaps]
    variance = np.where(np.array(few) == 1, variance / 2, variance)
    assert np.abs(drawn.mean(axis=0) / variance - 1).max() < 4 * np.sqrt(2 / 4000)


def test_the_order_of_rows_and_the_weights_scale_change_nothing():
    rng = np.random.default_rng(7)
    said = rng.dirichlet(np.ones(3), 200)
    happened, weights = labels(rng, said), rng.uniform(0.5, 2, 200)
    order = rng.permutation(200)
    one = classwise_calibration(said, happened, weights=weights, redraws=60)
    other = classwise_calibration(
        said[order], happened[order], weights=weights[order] * 4, redraws=60
    )
    assert other.p_values.tolist() == one.p_values.tolist()
    assert other.root_mean_square.high == pytest.approx(one.root_mean_square.high, abs=1e-12)


def test_it_says_what_it_is_and_what_is_wrong():
    rng = np.random.default_rng(8)
    said = rng.dirichlet(np.ones(3), 120)
    seen = classwise_calibration(said, labels(rng, said), classes=["a", "b", "c"], redraws=20)
    assert seen.to_frame()["class"].tolist() == ["a", "b", "c"]
    assert "classes weighted alike" in seen.definition
    assert str(seen) == str(seen.root_mean_square)
    assert seen.to_dict()["classes"]["b"]["event"] == "the probability of 'b'"
    with pytest.raises(InputError, match="one column a class"):
        classwise_calibration(said[:, 0], np.zeros(120, int))
    with pytest.raises(InputError, match="classes names 2, but probability has 3 columns"):
        classwise_calibration(said, np.zeros(120, int), classes=["a", "b"])
    with pytest.raises(InputError, match="redraws=-1 is negative"):
        classwise_calibration(said, np.zeros(120, int), redraws=-1)
