"""Width and height, held against a library that reads pictures."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.content import MOST_PIXELS, checked_media
from alignlab.oversight.surface import pixels_of


@pytest.mark.parametrize(
    ("form", "how"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": b"\xff\xc0" * 40}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0" + bytes(20)}),
    ],
)
def test_pictures_as_others_write_them(form, how):
    from PIL import Image

    for width, height in ((1, 1), (37, 20), (300, 257)):
        file = io.BytesIO()
        Image.new("RGB", (width, height), "red").save(file, form, **how)
        assert pixels_of(file.getvalue()) == width * height


def test_a_surface_that_would_fill_a_browsers_memory_is_refused():
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    with pytest.raises(InputError, match=r"'a\.png' has 3,600,000,000 pixels"):
        checked_media("a.png", head + struct.pack(">II", 60_000, 60_000))
    assert checked_media("a.png", head + struct.pack(">II", MOST_PIXELS, 1)) == "image/png"
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 65_535, 65_535)
    with pytest.raises(InputError, match="4,294,836,225 pixels"):
        checked_media("a.jpg", jpeg)


@given(
    start=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF....WEBPVP8 "]),
    rest=st.binary(max_size=60),
)
def test_whatever_comes_is_read_to_an_end(start, rest):
    assert pixels_of(start + rest) >= 0
