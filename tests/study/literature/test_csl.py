import json

import pytest

from alignlab.errors import InputError
from alignlab.study.literature.csl import parse_csl

ITEM = {
    "id": "http://zotero.org/users/1/items/X",
    "type": "paper-conference",
    "title": ["Calibration of <i>networks</i>"],
    "author": [
        {"family": "Beethoven", "given": "L.", "non-dropping-particle": "van", "suffix": "Jr."},
        {"literal": "World Health Organization"},
    ],
    "issued": {"date-parts": [["2017", 8]]},
    "container-title": "ICML",
    "page": "1-9",
    "note": "arXiv:1706.04599",
}


def test_an_item_as_zotero_writes_it():
    (work,) = parse_csl("\ufeff" + json.dumps([ITEM]), name="z.json")
    assert work.key == ""
    assert work.authors == ("van Beethoven, Jr., L.", "World Health Organization")
    assert (work.title, work.year, work.venue) == ("Calibration of networks", 2017, "ICML")
    assert (work.eprint, work.more) == ("1706.04599", {"pages": "1–9"})


def test_one_item_and_a_mapping_of_items_are_read_too():
    assert parse_csl(json.dumps(ITEM))[0].title == parse_csl(json.dumps({"items": [ITEM]}))[0].title


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"title": "A"},\n {"type": "book"}]', "z.json:2: this item has no title"),
        ('[{"title": "A"},\n 3]', "z.json:2: an item is a mapping"),
        ('[{"title": "A"}\n {', "z.json:2: this is not JSON"),
        ("[]", "z.json:1: the list of items is empty"),
        ('"a"', "z.json:1: CSL-JSON is a list"),
    ],
)
def test_what_is_no_list_of_items_is_one_line(text, told):
    with pytest.raises(InputError, match=told):
        parse_csl(text, name="z.json")
