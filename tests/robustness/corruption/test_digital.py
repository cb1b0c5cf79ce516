import io

import numpy as np
import pytest
from PIL import Image
from scipy import fft

from alignlab.random import row_streams
from alignlab.robustness.corruption import digital


def waves(n, shape, seed=0):
    """Smooth images from 0 to 1."""
    rng = np.random.default_rng(seed)
    down, right = np.meshgrid(*(np.linspace(0, 1, side) for side in shape[1:]), indexing="ij")
    turns = rng.uniform(1, 4, (2, n, shape[0], 1, 1))
    return (0.5 + 0.45 * np.sin(2 * np.pi * (turns[0] * down + turns[1] * right))).astype(
        np.float32
    )


def test_contrast_is_towards_each_channels_mean(coloured):
    small = coloured[:, :, :32, :32]
    dull = digital.contrast(small, 5, row_streams(0, len(small)))
    np.testing.assert_allclose(dull.mean((2, 3)), small.mean((2, 3)), atol=1e-6)
    np.testing.assert_allclose(dull.std((2, 3)), 0.15 * small.std((2, 3)), rtol=1e-3)


def test_pixels_are_means_over_a_coarser_grid():
    image = np.arange(8.0).reshape(1, 1, 1, 8).repeat(8, axis=2)
    np.testing.assert_array_equal(
        digital._coarse(image, 4, 3)[0, 0, 0], [0.5, 0.5, 2.5, 2.5, 4.5, 4.5, 6.5, 6.5]
    )
    # Three parts of 8/3 pixels: 0 and 1 and two thirds of 2, and so on.
    part = (0 + 1 + 2 * 2 / 3) / (8 / 3)
    np.testing.assert_allclose(digital._coarse(image, 3, 3)[0, 0, 0, :2], part)
    noise = np.random.default_rng(0).random((2, 3, 32, 40)).astype(np.float32)
    coarse = digital.pixelate(noise, 5, row_streams(0, 2))
    np.testing.assert_allclose(coarse.mean((2, 3)), noise.mean((2, 3)), atol=1e-6)


def test_the_warp_moves_points_and_keeps_colours():
    ramp = np.linspace(0, 1, 32, dtype=np.float32)[:, None]
    ramps = np.broadcast_to(ramp, (60, 1, 32, 32))
    moved = (digital.elastic_transform(ramps, 5, row_streams(0, 60)) - ramps)[:, 0, 8:24, 8:24] * 31
    # Corners: thirds of ± 8 % of the side; the field: 3.5 % of it.
    expected = 32 * np.hypot(0.035, 0.08 / 3 / np.sqrt(3) * np.sqrt(1 + 2 * 0.09))
    assert moved.std() == pytest.approx(expected, rel=0.15)
    plain = np.full((2, 3, 16, 16), 0.4, np.float32)
    np.testing.assert_allclose(
        digital.elastic_transform(plain, 5, row_streams(0, 2)), 0.4, atol=1e-6
    )


def test_cosines_are_the_transform_of_jpeg():
    blocks = np.random.default_rng(0).normal(size=(8, 8, 3))
    ours = digital._turned(digital._turned(blocks, digital.COSINES, 0), digital.COSINES, 1)
    np.testing.assert_allclose(ours, fft.dctn(blocks, axes=(0, 1), norm="ortho"), atol=1e-12)


def encoded(image, quality):
    """Return an image as Pillow writes and reads it."""
    levels = np.rint(image * 255).astype(np.uint8)
    stream = io.BytesIO()
    picture = Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))
    picture.save(stream, "JPEG", quality=quality, subsampling=2)
    read = np.asarray(Image.open(stream))
    return read[None] if read.ndim == 2 else read.transpose(2, 0, 1)


@pytest.mark.parametrize("quality", [7, 25, 50, 80, 100])
def test_a_jpeg_is_pillows(coloured, quality):
    greys = waves(20, (1, 40, 33))
    theirs = np.stack([encoded(image, quality) for image in greys])
    gap = np.abs(digital.jpeg(greys, quality) * 255 - theirs).mean()
    lost = np.abs(theirs - greys * 255).mean()
    assert gap < 0.1
    assert quality == 100 or gap < 0.05 * lost
    # Pillow smooths the colours when it doubles them, and so only the light is the same.
    light = np.array([0.299, 0.587, 0.114])
    ours = np.tensordot(light, digital.jpeg(coloured[:1], quality)[0] * 255, 1)
    theirs = np.tensordot(light, encoded(coloured[0], quality), 1)
    assert np.abs(ours - theirs).mean() < 1.5


def test_a_lower_quality_loses_more(coloured):
    lost = [
        np.abs(digital.jpeg(coloured, quality) - coloured).mean() for quality in (90, 60, 30, 10)
    ]
    assert lost == sorted(lost)
    assert lost[0] < 0.6 * lost[-1]
