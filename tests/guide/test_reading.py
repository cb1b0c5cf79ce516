from __future__ import annotations

import pytest

from alignlab.errors import InputError
from alignlab.guide.kinds import Forum, Venue
from alignlab.guide.reading import read_list

HEAD = 'as_of: "2026-11-21"\nforums:\n'
GOOD = "  - {key: a, name: A, status: active, in_founding_text: true, seen: here}\n"


def read(text, kind=Forum, part="forums"):
    return read_list("forums.yaml", part, kind, text=text)


def test_an_entry_by_hand():
    (forum,) = read(HEAD + GOOD)
    assert forum == Forum(
        key="a", name="A", status="active", in_founding_text=True, seen="here", as_of="2026-11-21"
    )


def test_an_entry_may_be_younger_than_its_file():
    (forum,) = read(HEAD + GOOD.replace("seen: here", 'seen: here, as_of: "2027-01-01"'))
    assert forum.as_of == "2027-01-01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "  - [a", r"forums\.yaml:[34]: this is not YAML"),
        ("forums: 3", "has no list 'forums'"),
        ("forums: []", r"as_of=None is not a day such as '2026-11-21'"),
        ("as_of: 2026-11-21\nforums: []", "as_of=.* is not a day"),
        (HEAD + GOOD.replace("name:", "nam:"), "'a' has 'nam', which is no field .*'name'"),
        (HEAD + GOOD.replace("seen: here", "note: x"), "'a' has no 'seen'"),
        (HEAD + GOOD.replace("active", "activ"), "status='activ' is not one of .*'active'"),
        (HEAD + GOOD.replace("true", "yess"), "in_founding_text='yess' is not true or false"),
        (HEAD + GOOD.replace("name: A", "name: 3"), "name=3 is not text"),
        (HEAD + GOOD.replace("name: A", "name: ''"), "name='' is not text"),
        (HEAD + "  - text", "entry 1 of forums is 'text', not a mapping"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as error:
        read(text)
    assert "\n" not in str(error.value)


VENUE = """as_of: "2026-11-21"
venues:
  - key: a
    name: A
    kind: journal
    fit: {fit}
    edition: {edition}
    in_founding_text: false
    seen: here
"""


def test_lists_and_what_is_within_an_entry():
    (venue,) = read(VENUE.format(fit="[x, y]", edition="{year: 2026}"), Venue, "venues")
    assert venue.fit == ("x", "y")
    assert venue.edition.year == 2026
    with pytest.raises(InputError, match="fit='x' is not a list"):
        read(VENUE.format(fit="x", edition="null"), Venue, "venues")
    with pytest.raises(InputError, match="'a': edition: year='26' is not a whole number"):
        read(VENUE.format(fit="[]", edition="{year: '26'}"), Venue, "venues")
