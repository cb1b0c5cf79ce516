import numpy as np
import pytest
from scipy import stats

from alignlab.random import row_streams
from alignlab.robustness.corruption import noise


def grey(level, n=200, side=32):
    return np.full((n, 1, side, side), level, np.float32)


def test_the_deviation_of_gaussian_noise_is_the_published_one():
    for severity, deviation in enumerate((0.04, 0.06, 0.08, 0.09, 0.10), start=1):
        noisy = noise.gaussian_noise(grey(0.5), severity, row_streams(0, 200))
        assert noisy.std() == pytest.approx(deviation, rel=0.01)
        assert noisy.mean() == pytest.approx(0.5, abs=1e-3)


def test_shot_noise_counts_photons():
    counts = noise.shot_noise(grey(0.2), 5, row_streams(0, 200)) * 50
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-4)
    assert counts.mean() == pytest.approx(10, rel=0.005)
    assert counts.var() == pytest.approx(10, rel=0.02)
    assert not noise.shot_noise(grey(0.0, n=2), 5, row_streams(0, 2)).any()


def test_poisson_quantiles_are_exact():
    rng = np.random.default_rng(0)
    mean = np.concatenate([rng.uniform(0, 30, 40_000), rng.uniform(0, 600, 40_000), [0.0] * 9])
    share = rng.random(len(mean))
    share[:400] = np.repeat([1e-12, 1e-9, 1 - 1e-9, 1 - 1e-12], 100)
    expected = np.where(mean > 0, stats.poisson.ppf(share, np.maximum(mean, 1e-9)), 0)
    np.testing.assert_array_equal(noise.poisson_quantile(share, mean), expected)


def test_impulses_are_black_or_white_and_as_many_as_published():
    for severity, share in enumerate((0.01, 0.02, 0.03, 0.05, 0.07), start=1):
        hit = noise.impulse_noise(grey(0.5), severity, row_streams(0, 200))
        assert set(np.unique(hit)) == {0.0, 0.5, 1.0}
        assert (hit != 0.5).mean() == pytest.approx(share, rel=0.03)
        assert (hit == 1).sum() / (hit != 0.5).sum() == pytest.approx(0.5, abs=0.02)


def test_a_worse_severity_hits_the_same_numbers_and_more():
    mild, worse = (noise.impulse_noise(grey(0.5), at, row_streams(0, 200)) for at in (2, 4))
    assert (worse[mild != 0.5] == mild[mild != 0.5]).all()
    mild, worse = (noise.gaussian_noise(grey(0.5), at, row_streams(0, 200)) for at in (2, 4))
    np.testing.assert_allclose((mild - 0.5) / 0.06, (worse - 0.5) / 0.09, atol=1e-4)
