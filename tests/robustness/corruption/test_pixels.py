import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from alignlab.random import row_streams
from alignlab.robustness.corruption import pixels as px


def test_strengths_lie_between_the_published_ones_by_the_logarithm_of_the_side():
    small, large = (1, 2, 3, 4, 5), (10, 20, 30, 40, 50)
    assert px.between(small, large, 2, 32) == px.between(small, large, 2, 8) == 2
    assert px.between(small, large, 2, 224) == px.between(small, large, 2, 1000) == 20
    assert px.between(small, large, 2, np.sqrt(32 * 224)) == pytest.approx(11)
    assert px.pixels((1,) * 5, (14,) * 5, 1, 32) == 1
    assert px.pixels((1,) * 5, (14,) * 5, 1, 8) == 0.25
    assert px.pixels((1,) * 5, (14,) * 5, 1, 448) == 28


def test_a_convolution_is_scipys(coloured):
    kernel = np.random.default_rng(0).random((3, 5))
    ours = px.convolved(coloured, kernel)
    theirs = ndimage.correlate(coloured.astype(float), kernel[None, None], mode="reflect")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=5))
def test_points_are_split_among_pixels_without_moving(points):
    down, right = np.array(points).T
    kernel = px.spread(down, right, np.ones(len(points)))
    assert kernel.sum() == pytest.approx(1)
    assert all(length % 2 for length in kernel.shape)
    rows, columns = (np.arange(length) - length // 2 for length in kernel.shape)
    assert kernel.sum(1) @ rows == pytest.approx(down.mean(), abs=1e-9)
    assert kernel.sum(0) @ columns == pytest.approx(right.mean(), abs=1e-9)


def test_a_line_is_smeared_along_its_angle():
    dot = np.zeros((2, 1, 31, 31), np.float32)
    dot[:, :, 15, 15] = 1
    level, upright = px.blurred_along(dot, np.array([0, np.pi / 2]), 2.0)[:, 0]
    assert level[15].sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(level.T, upright, atol=1e-6)
    # It shows what lies ahead, so that a dot trails behind.
    assert level[15, :15].sum() > 0.5 > 1e-6 > level[15, 17:].sum()
    both = px.blurred_along(dot[:1], np.zeros(1), 2.0, both=True)[0, 0, 15]
    np.testing.assert_allclose(both, both[::-1], atol=1e-6)


def test_a_lookup_is_scipys(coloured):
    rng = np.random.default_rng(0)
    n, _, height, width = coloured.shape
    down = rng.uniform(-2, height + 1, (n, height, width))
    right = rng.uniform(-2, width + 1, (n, height, width))
    ours = px.lookup(coloured, down, right)
    theirs = [
        [
            ndimage.map_coordinates(each.astype(float), (d, r), order=1, mode="nearest")
            for each in image
        ]
        for image, d, r in zip(coloured, down, right, strict=True)
    ]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_zoom_keeps_the_middle_and_brings_it_near():
    ramp = np.broadcast_to(np.arange(9.0, dtype=np.float32), (1, 1, 9, 9))
    np.testing.assert_array_equal(px.zoomed(ramp, 1.0), ramp)
    np.testing.assert_allclose(px.zoomed(ramp, 2.0)[0, 0, 0], np.linspace(2, 6, 9), atol=1e-6)


def test_noise_is_smooth_over_its_grain():
    rough, smooth = (
        px.smooth_noise(row_streams(0, 50), (48, 40), grain)[:, 0] for grain in (1.0, 8.0)
    )
    assert rough.std() == pytest.approx(1, abs=0.01)
    assert 0.6 < smooth.std() < 1
    for noise, low, high in ((rough, -0.05, 0.05), (smooth, 0.9, 1)):
        alike = np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1]
        assert low < alike < high


def test_clouds_go_from_0_to_1():
    clouds = px.cloud(row_streams(0, 5), (20, 33), 2.0)
    assert clouds.shape == (5, 1, 20, 33)
    np.testing.assert_array_equal(clouds.min((1, 2, 3)), 0)
    np.testing.assert_array_equal(clouds.max((1, 2, 3)), 1)
    assert not np.allclose(clouds[0], clouds[1])


def test_angles_are_few_and_cover_their_range():
    angles = px.some_angle(row_streams(0, 2000), -1.0, 2.0)
    found = np.unique(angles)
    assert len(found) == px.ANGLES
    np.testing.assert_allclose(np.diff(found), 3 / px.ANGLES)
    assert found[0] + found[-1] == pytest.approx(1.0)
