import base64

import pytest

from alignlab.errors import InputError
from alignlab.oversight.archive.pictures import has_picture
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review

DOT = base64.b64decode(
    "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
)  # one pixel, as a GIF
ITEM = Item(key="a", content={"form": "text", "text": "x"}, choices=["yes", "no"])


def test_a_picture_comes_back_as_it_was_given(tmp_path, database):
    with Review.create(tmp_path / "r", [ITEM], media={"dot": DOT}, database=database) as review:
        assert review.media("dot") == ("image/gif", DOT)
        with review._database.read() as work:
            assert has_picture(work, "dot")
            assert not has_picture(work, "Dot")
        with pytest.raises(InputError, match="no picture 'Dot'"):
            review.media("Dot")


def test_a_name_stands_for_one_picture_for_ever(tmp_path):
    with Review.create(tmp_path / "r", [ITEM], media={"dot": DOT}) as review:
        head = review.head
        with pytest.raises(InputError, match="already: name it anew"):
            review.add([], media={"dot": DOT})
        assert review.head == head
        assert review.verify().ok
