"""Pictures of pixels: what is tinted is told by colour."""

from __future__ import annotations

import base64

import numpy as np

from alignlab.drawing import png
from alignlab.transparency.rasters import data_url, tinted


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
