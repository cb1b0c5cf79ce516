import colorsys

import numpy as np
import pytest

from alignlab.random import row_streams
from alignlab.robustness.corruption import weather


def test_brightness_is_that_of_hue_saturation_and_value():
    image = np.random.default_rng(0).random((1, 3, 32, 32)).astype(np.float32)
    image[..., 0, 0] = 0
    bright = weather.brightness(image, 5, row_streams(0, 1))
    for at in np.ndindex(32, 32):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[0, :, *at].tolist())
        expected = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.3, 1))
        np.testing.assert_allclose(bright[0, :, *at], expected, atol=1e-5)
    assert (
        weather.brightness(np.full((1, 1, 8, 8), 0.9, np.float32), 5, row_streams(0, 1)).max() == 1
    )


def test_fog_lightens_the_dark_and_keeps_the_brightest_level():
    image = np.zeros((5, 1, 32, 32), np.float32)
    image[..., 16:] = 0.8
    foggy = weather.fog(image, 3, row_streams(0, 5))
    assert (foggy.max((1, 2, 3)) <= 0.8 + 1e-6).all()
    assert foggy[..., :16].mean() > 0.1
    contrast = foggy[..., 16:].mean() - foggy[..., :16].mean()
    assert contrast == pytest.approx(0.8 * 0.8 / (0.8 + 0.75), abs=0.1)


def test_snow_whitens_and_never_darkens(coloured):
    snowy = weather.snow(coloured, 3, row_streams(0, len(coloured)))
    assert (snowy >= coloured - 1e-6).all()
    assert (np.clip(snowy, 0, 1) > coloured + 0.2).mean() > 0.02


def test_worse_snow_has_the_same_flakes_and_more():
    black = np.zeros((20, 1, 32, 32), np.float32)
    mild, worse = (weather.snow(black, at, row_streams(0, 20)) for at in (1, 3))
    flakes = mild > 0.3
    assert (worse[flakes] > mild[flakes] * 0.8).mean() > 0.95
    assert (worse > 0.3).mean() > 1.5 * flakes.mean()


def test_frost_is_bluish_lies_over_the_image_and_has_needles():
    black = np.zeros((10, 3, 64, 64), np.float32)
    frosty = weather.frost(black, 3, row_streams(0, 10))
    red, green, blue = frosty.mean((0, 2, 3))
    assert 0.1 < red < green < blue
    white = np.ones((2, 1, 32, 32), np.float32)
    np.testing.assert_allclose(weather.frost(white, 5, row_streams(0, 2)), 1, atol=1e-6)
    # Needles: brighter than what surrounds them, more often than darker.
    fine = frosty[:, 1, 1:-1, 1:-1] - (frosty[:, 1, :-2, 1:-1] + frosty[:, 1, 2:, 1:-1]) / 2
    assert (fine**3).mean() > 0
