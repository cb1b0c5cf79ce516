import numpy as np
import pytest

from alignlab.random import row_streams
from alignlab.robustness.corruption import blur


def test_a_disc_is_round_and_as_wide_as_its_radius():
    for radius in (0.1, 0.4, 1.5, 6.0):
        kernel = blur.disc(radius)
        at = np.arange(len(kernel)) - len(kernel) // 2
        assert kernel.sum() == pytest.approx(1)
        np.testing.assert_allclose(kernel, kernel[::-1])
        np.testing.assert_allclose(kernel, kernel.T, atol=0.05 * kernel.max())
        assert kernel[:, np.abs(at) > radius + 1].sum() == 0
    # Of a large disc the second moment is r²/4 in each direction, and 1/6 of a pixel's own.
    assert kernel.sum(0) @ at**2 == pytest.approx(6.0**2 / 4 + 1 / 6, rel=0.02)


def test_half_a_picture_blurs_like_the_whole():
    """Lengths are shares of the side, so that size is no property of a blur."""
    large = np.zeros((1, 1, 32, 32), np.float32)
    large[:, :, 8:24, 8:20] = 1
    small = large.reshape(1, 1, 16, 2, 16, 2).mean((3, 5))
    for kind in (blur.defocus_blur, blur.zoom_blur):
        blurred = kind(large, 5, row_streams(0, 1)).reshape(1, 1, 16, 2, 16, 2).mean((3, 5))
        change = np.abs(blurred - small).mean()
        assert np.abs(kind(small, 5, row_streams(0, 1)) - blurred).mean() < 0.45 * change


@pytest.mark.parametrize(
    "kind", [blur.defocus_blur, blur.glass_blur, blur.motion_blur, blur.zoom_blur]
)
def test_a_blur_leaves_one_colour_alone(kind):
    plain = np.full((3, 3, 20, 24), 0.3, np.float32)
    np.testing.assert_allclose(kind(plain, 5, row_streams(0, 3)), plain, atol=1e-6)


def test_a_blur_keeps_the_mean_but_for_the_edges(coloured):
    for kind in (blur.defocus_blur, blur.motion_blur):
        blurred = kind(coloured, 5, row_streams(0, len(coloured)))
        np.testing.assert_allclose(blurred.mean((2, 3)), coloured.mean((2, 3)), atol=0.03)
        assert (blurred.std((2, 3)) < coloured.std((2, 3))).all()


def test_the_glass_shows_neighbours_only():
    left = np.zeros((4, 1, 32, 32), np.float32)
    left[..., :16] = 1
    glassy = blur.glass_blur(left, 5, row_streams(0, 4))
    np.testing.assert_allclose(glassy[..., :12], 1, atol=1e-5)
    np.testing.assert_allclose(glassy[..., 20:], 0, atol=1e-5)
    assert 0.1 < glassy[..., 15:17].std() < 0.5


def test_motion_has_a_direction_of_each_image(digits):
    same = np.repeat(digits[:1], 30, axis=0)
    moved = blur.motion_blur(same, 5, row_streams(0, 30))
    assert 5 < len(np.unique(moved.reshape(30, -1), axis=0)) <= 24
