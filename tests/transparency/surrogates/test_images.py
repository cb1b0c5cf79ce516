"""An image painted over in pieces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from alignlab.errors import InputError
from alignlab.transparency.surrogates.images import image_subject

RNG = np.random.default_rng(0)
QUARTERS = np.arange(5)[:, None] // 3 * 2 + np.arange(7) // 4


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (3, 5, 7), (5, 7, 3), (5, 7, 1)])
def test_every_layout_is_painted_in_its_own(shape):
    image = RNG.random(shape)
    about = image_subject(image, segments=QUARTERS, fill=0.25)
    assert about.picture.shape[1:] == (5, 7)
    made = about.rows(np.array([[0, 0, 0, 0], [1, 0, 0, 1]]))
    assert (made[0] == image).all()
    left = np.isin(QUARTERS, [0, 3])
    mask = np.zeros(shape, dtype=bool)
    if shape[0] in (1, 3):
        mask[:, left] = True
    else:
        mask[left] = True
    assert (made[1] == np.where(mask, 0.25, image)).all()
    assert about.row.shape == (1, *shape)


def test_the_mean_is_each_pieces_own():
    image = RNG.random((3, 5, 7))
    made = image_subject(image, segments=QUARTERS).rows(np.ones((1, 4), dtype=int))[0]
    for piece in range(4):
        inside = piece == QUARTERS
        assert made[:, inside] == pytest.approx(
            np.repeat(image[:, inside].mean(axis=1)[:, None], inside.sum(), axis=1)
        )


def test_blur_is_a_gaussian_and_bytes_stay_bytes():
    image = RNG.integers(0, 256, (9, 11)).astype(np.uint8)
    pieces = np.arange(99).reshape(9, 11) // 33
    made = image_subject(image, segments=pieces, fill="blur").rows(np.ones((1, 3), dtype=int))[0]
    expected = ndimage.gaussian_filter(image.astype(float), 0.5 * np.sqrt(33))
    assert made.dtype == np.uint8
    assert made == pytest.approx(np.round(expected))


def test_pieces_that_filling_does_not_change_do_not_move():
    image = np.zeros((5, 7))
    image[:3, :4] = RNG.random((3, 4))
    about = image_subject(image, segments=QUARTERS)
    assert [each.moves for each in about.features] == [True, False, False, False]
    assert about.neighbourhood(1.0).design.shape[1] == 1
    assert about.rows(np.ones((1, 1), dtype=int)).shape == (1, 5, 7)
    with pytest.raises(InputError, match="Filling changes no pixel"):
        image_subject(np.zeros((5, 7)))


def test_any_odd_size_is_cut_by_itself():
    for shape in [(1, 1), (1, 9), (17, 3), (1, 13, 11), (31, 29, 3)]:
        about = image_subject(RNG.random(shape), fill=0.0)
        assert 1 <= len(about.features) <= 60


def test_a_tensor_is_an_image_too():
    assert image_subject(torch.rand(3, 5, 7)).image.shape == (3, 5, 7)


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((2, 5, 7)), {}, "with 1 or 3 channels"),
        (np.zeros(5), {}, r"has the shape \(5,\)"),
        (np.full((5, 7), np.nan), {}, "not a finite number"),
        (np.array([["a"]]), {}, "not a finite number"),
        (RNG.random((5, 7)), {"segments": np.zeros((7, 5), int)}, r"in the shape \(5, 7\)"),
        (RNG.random((5, 7)), {"segments": 99}, "from 1 to 35"),
        (RNG.random((5, 7)) > 0.5, {}, "image of bool"),
        (RNG.random((5, 7)), {"fill": np.nan}, "fill=nan is not a finite number"),
        (RNG.random((5, 7)), {"fill": "blurr"}, "Did you mean 'blur'"),
    ],
)
def test_wrong_input_is_refused(image, options, message):
    with pytest.raises(InputError, match=message):
        image_subject(image, **options)
