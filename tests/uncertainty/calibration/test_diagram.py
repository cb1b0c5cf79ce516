from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.errors import InputError
from alignlab.uncertainty.calibration import reliability
from alignlab.uncertainty.calibration.diagram import redrawn_gaps
from alignlab.uncertainty.calibration.event import as_event


def test_a_case_by_hand():
    said = np.repeat([0.2, 0.7], 20)
    happened = np.concatenate([np.arange(20) < 5, np.arange(20) < 14]).astype(int)
    seen = reliability(said, happened, bins=2, redraws=99)
    assert seen.predicted == pytest.approx([0.2, 0.7], abs=1e-15)
    assert seen.observed.tolist() == [0.25, 0.7]
    exact = stats.binomtest(5, 20).proportion_ci(0.95, "exact")
    assert (seen.low[0], seen.high[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert seen.count.tolist() == [20, 20]


def test_redrawn_sums_have_the_poisson_binomial_distribution():
    said = np.array([0.01, 0.2, 0.2, 0.5, 0.77, 0.9, 1.0, 0.0])
    event = as_event(said, (said > 0.5).astype(int))
    redrawn = redrawn_gaps(event, np.zeros(8, int), 40_000, np.random.default_rng(0))
    hits = np.rint(redrawn[:, 0] * 8 + said.sum()).astype(int)
    exact = np.array([1.0])
    for chance in said:
        exact = np.convolve(exact, [1 - chance, chance])
    seen = np.bincount(hits, minlength=9)
    assert seen[exact == 0].sum() == 0
    often = exact > 1e-3
    result = stats.chisquare(seen[often], seen[often].sum() * exact[often] / exact[often].sum())
    assert result.pvalue > 1e-3


def testredrawn_gaps_of_weighted_rows_have_the_right_mean_and_spread():
    rng = np.random.default_rng(3)
    said, weights = rng.beta(0.5, 1.5, 400), rng.exponential(size=400)
    event = as_event(said, rng.integers(0, 2, 400), weights)
    redrawn = redrawn_gaps(event, np.zeros(400, int), 20_000, np.random.default_rng(1))[:, 0]
    spread = np.sqrt(np.sum(weights**2 * said * (1 - said))) / weights.sum()
    assert abs(redrawn.mean()) < 4 * spread / np.sqrt(20_000)
    assert redrawn.std() == pytest.approx(spread, rel=0.02)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_test_and_the_band_have_their_size_on_calibrated_models(weighted):
    rng = np.random.default_rng(4)
    p_values, outside = [], 0
    for seed in range(500):
        said = rng.beta(0.5, 1.5, 200)
        happened = (rng.random(200) < said).astype(int)
        weights = rng.exponential(size=200) if weighted else None
        seen = reliability(said, happened, weights=weights, redraws=199, seed=seed)
        p_values.append(seen.p_value)
        outside += np.any((seen.observed < seen.band_low) | (seen.observed > seen.band_high))
    # Three standard errors around the nominal 5 % and 20 % at 500 repetitions.
    assert abs(np.mean(np.array(p_values) <= 0.05) - 0.05) < 0.03
    assert abs(np.mean(np.array(p_values) <= 0.2) - 0.2) < 0.055
    assert abs(outside / 500 - 0.05) < 0.03


def test_the_test_keeps_its_size_where_events_are_now_few_and_now_not():
    """Bins that follow the number of events seen would alarm in 7.6 % of these samples."""
    rng = np.random.default_rng(7)
    samples, alarms = 2500, 0
    said = rng.random(100) * 0.2
    for seed in range(samples):
        happened = rng.random(100) < said
        alarms += reliability(said, happened, redraws=99, seed=seed).p_value <= 0.05
    assert abs(alarms / samples - 0.05) < 4 * np.sqrt(0.05 * 0.95 / samples)


def test_an_overconfident_model_is_found():
    rng = np.random.default_rng(5)
    truth = rng.random(2000)
    happened = (rng.random(2000) < truth).astype(int)
    too_extreme = truth**2 / (truth**2 + (1 - truth) ** 2)
    seen = reliability(too_extreme, happened, redraws=999)
    assert seen.p_value == 1 / 1000
    assert np.any((seen.observed < seen.band_low) | (seen.observed > seen.band_high))


def test_the_order_of_the_rows_changes_no_draw():
    rng = np.random.default_rng(6)
    said, happened = rng.random(300).round(1), rng.integers(0, 2, 300)
    order = rng.permutation(300)
    one, other = reliability(said, happened), reliability(said[order], happened[order])
    assert one.p_value == other.p_value
    assert np.array_equal(one.band_high, other.band_high)


def test_without_redraws_there_is_no_band():
    seen = reliability([0.2, 0.8] * 30, [0, 1] * 30, redraws=0)
    assert np.isnan(seen.p_value)
    assert np.isnan(seen.band_low).all()
    assert "band_low" not in seen.chart().table.columns
    with pytest.raises(InputError, match="redraws=-1 is negative"):
        reliability([0.2, 0.8], [0, 1], redraws=-1)


def test_certain_predictions_leave_the_band_no_width():
    seen = reliability(np.repeat([0.0, 1.0], 30), np.repeat([0, 1], 30), redraws=50)
    assert seen.p_value == 1.0
    assert np.array_equal(seen.band_low, seen.band_high)
    wrong = np.repeat([0, 1], 30)
    wrong[0] = 1
    assert reliability(np.repeat([0.0, 1.0], 30), wrong, redraws=50).p_value == 1 / 51


def test_the_chart_draws_every_bin():
    rng = np.random.default_rng(7)
    said = rng.random(600)
    seen = reliability(said, (rng.random(600) < said).astype(int), bins=6, redraws=50)
    assert len(seen.chart().table.rows) == 6
    assert len(seen.to_table().rows) == 6
