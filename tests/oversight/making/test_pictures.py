from __future__ import annotations

import io

import numpy as np
from PIL import Image

from alignlab.datasets import ImageData
from alignlab.oversight.content import checked_media
from alignlab.oversight.making import case_items, image_media


def test_the_file_holds_the_pixels_that_the_model_saw():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3, 8, 8), dtype=np.uint8)
    images = ImageData(pixels, ["cat", "dog", "cat"])
    items = case_items(images, None, ["cat", "dog"], rows=[2, 0], key=["x/1", "<b>", "../c"])
    files = image_media(images, items)
    assert set(files) == {"row-2.png", "row-0.png"}
    shown = np.asarray(Image.open(io.BytesIO(files["row-2.png"])))
    assert shown.shape == (320, 320, 3)
    assert (shown[::40, ::40] == pixels[2].transpose(1, 2, 0)).all()
    assert {checked_media(name, held) for name, held in files.items()} == {"image/png"}


def test_grey_pictures_are_grey():
    images = ImageData(np.full((1, 8, 8), 0.5), ["cat"], ("cat", "dog"))
    (held,) = image_media(images, case_items(images, None, ["cat", "dog"])).values()
    shown = np.asarray(Image.open(io.BytesIO(held)))
    assert (shown == shown[0, 0, 0]).all()
