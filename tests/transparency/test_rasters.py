"""Pictures of pixels: what is written is what a reader of PNG files sees."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from alignlab.transparency.rasters import data_url, enlarged, png, tinted


def test_a_png_holds_the_pixels():
    picture = np.random.default_rng(0).random((5, 7, 3))
    read = np.asarray(Image.open(io.BytesIO(png(picture))))
    assert (read == np.round(255 * picture)).all()


def test_a_picture_grows_by_whole_pixels_alone():
    picture = np.arange(12.0).reshape(2, 2, 3)
    large = enlarged(picture, 7)
    assert large.shape == (6, 6, 3)
    assert (large[::3, ::3] == picture).all()
    assert enlarged(np.zeros((50, 80, 3)), 20).shape == (50, 80, 3)


def test_sign_is_told_by_colour_and_nothing_is_grey():
    drawn = tinted(np.full((1, 1, 3), 1.0), np.array([[1.0, 0.0, -1.0]]))
    assert drawn[0, 0, 2] > drawn[0, 0, 0]  # blue for
    assert drawn[0, 2, 0] > drawn[0, 2, 2]  # orange against
    assert (drawn[0, 1] == 1).all()


def test_the_address_holds_the_file():
    picture = np.zeros((2, 3, 3))
    head, _, body = data_url(picture).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == png(picture)
