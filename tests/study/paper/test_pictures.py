import struct
from xml.etree import ElementTree

import pytest

from alignlab.drawing import png
from alignlab.errors import InputError
from alignlab.files import sha256_of_file
from alignlab.study.paper.pictures import drawn_safely, placed_figure, placed_picture
from alignlab.study.paper.values import Findings

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="20px" height="10" viewBox="0 0 20 10">%s</svg>'
)


def test_a_figure_of_the_analysis(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a=b.svg").write_bytes(SVG % b"<g/>")
    said = {"title": "Does it?", "description": "It does.", "file": "figures/a=b.svg"}
    said["sha256"] = sha256_of_file(tmp_path / "figures" / "a=b.svg")
    figure = placed_figure(Findings({}, {}, {"a=b": said}, (), tmp_path), "a=b")
    assert (figure.file, figure.width, figure.height) == ("figure-a-b.svg", 20, 10)
    assert figure.caption[0].text == "Does it? It does."


def test_a_figure_outside_of_the_folder_is_not_read(tmp_path):
    said = {"title": "", "description": "", "file": "../../etc/hostname"}
    with pytest.raises(InputError, match="outside the study's folder"):
        placed_figure(Findings({}, {}, {"x": said}, (), tmp_path), "x")
    (tmp_path / "link.svg").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="outside the study's folder"):
        placed_picture(tmp_path, "link.svg", root=tmp_path, caption=(), description="")


def test_pictures_of_the_author(tmp_path):
    import numpy as np

    (tmp_path / "one.png").write_bytes(png(np.zeros((4, 6, 3))))
    picture = placed_picture(tmp_path, "one.png", root=tmp_path, caption=(), description="d")
    assert (picture.width, picture.height, picture.description) == (3, 2, "d")
    (tmp_path / "a.gif").write_bytes(b"GIF")
    with pytest.raises(InputError, match=r"none of \.svg"):
        placed_picture(tmp_path, "a.gif", root=tmp_path, caption=(), description="")
    with pytest.raises(InputError, match=r"Did you mean 'one\.png'"):
        placed_picture(tmp_path, "onee.png", root=tmp_path, caption=(), description="")
    (tmp_path / "bad.svg").write_text("<svg")
    with pytest.raises(InputError, match="damaged"):
        placed_picture(tmp_path, "bad.svg", root=tmp_path, caption=(), description="")
    assert struct.calcsize(">II") == 8


@pytest.mark.parametrize(
    "inside",
    [
        b"<script>alert(1)</script>",
        b'<g onload="alert(1)"/>',
        b"<foreignObject/>",
        b'<a href="javascript:alert(1)"/>',
        b'<use href="https://x.y/z.svg#a"/>',
        b'<rect fill="url(https://x.y)"/>',
        b'<g style="background: url(https://x.y)"/>',
        b'<image href="x.png"/>',
    ],
)
def test_a_drawing_that_does_more_than_draw_is_not_put_into_a_page(inside):
    assert drawn_safely(SVG % inside, prefix="p-") is None


def test_ids_of_two_drawings_differ():
    inside = b'<clipPath id="c"><path d="M0,0"/></clipPath><g clip-path="url(#c)" fill="#c00"/>'
    drawn = drawn_safely(SVG % inside, prefix="p1-")
    root = ElementTree.fromstring(drawn)
    assert 'id="p1-c"' in drawn
    assert 'clip-path="url(#p1-c)"' in drawn
    assert 'fill="#c00"' in drawn
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
