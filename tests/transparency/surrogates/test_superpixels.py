"""An image in pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from alignlab.errors import InputError
from alignlab.transparency.surrogates.superpixels import _lab, superpixels


def connected(pieces):
    return all(ndimage.label(pieces == each)[1] == 1 for each in range(pieces.max() + 1))


@settings(max_examples=40)
@given(st.integers(1, 23), st.integers(1, 23), st.sampled_from([1, 2, 3]), st.integers(0, 99))
def test_every_size_gives_connected_pieces_numbered_from_0(height, width, channels, seed):
    rng = np.random.default_rng(seed)
    image = ndimage.uniform_filter(rng.random((channels, height, width)), (0, 3, 3))
    count = int(rng.integers(1, height * width + 1))
    pieces = superpixels(image, count)
    assert pieces.shape == (height, width)
    assert set(np.unique(pieces)) == set(range(pieces.max() + 1))
    assert connected(pieces)
    # The first pixels of the pieces are in reading order.
    first = [int((pieces.reshape(-1) == each).argmax()) for each in range(pieces.max() + 1)]
    assert first == sorted(first)
    assert (superpixels(image, count) == pieces).all()


def test_a_border_in_the_image_is_a_border_of_pieces():
    image = np.zeros((3, 31, 41))
    y, x = np.mgrid[:31, :41]
    disc = (y - 15) ** 2 + (x - 20) ** 2 < 81
    image[0, disc] = 1.0
    pieces = superpixels(image, 30)
    inside = np.array([disc[pieces == each].mean() for each in range(pieces.max() + 1)])
    assert ((inside == 0) | (inside == 1)).all()


def test_an_even_image_is_cut_into_a_grid():
    pieces = superpixels(np.full((1, 12, 12), 0.5), 9)
    assert (pieces == np.arange(12)[:, None] // 4 * 3 + np.arange(12) // 4).all()


def test_about_as_many_pieces_as_asked_for():
    image = ndimage.gaussian_filter(np.random.default_rng(0).random((3, 90, 121)), (0, 4, 4))
    image = (image - image.min()) / (image.max() - image.min())
    assert 35 <= superpixels(image, 50).max() + 1 <= 55


def test_noise_is_cut_without_long_work():
    pieces = superpixels(np.random.default_rng(0).random((3, 99, 101)), 40)
    assert connected(pieces)
    assert 20 <= pieces.max() + 1 <= 45


def test_colours_are_those_of_cielab():
    """White, sRGB red and mid grey, as published for D65."""
    image = np.array([[1, 1, 1], [1, 0, 0], [0.5, 0.5, 0.5]]).T[:, None]
    expected = [[100, 0, 0], [53.24, 80.09, 67.20], [53.39, 0, 0]]
    assert _lab(image)[0] == pytest.approx(np.array(expected), abs=0.02)


@pytest.mark.parametrize("count", [0, 36, True])
def test_a_wrong_number_of_pieces_is_refused(count):
    with pytest.raises(InputError, match="from 1 to 35"):
        superpixels(np.zeros((1, 5, 7)), count)
