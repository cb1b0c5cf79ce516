import re

import pytest

from alignlab.oversight.review import Review


def test_a_link_is_printed_once_and_lets_that_person_in(alignlab, small):
    code, out, err = alignlab("review invite r ana --owner --address https://review.example.org/")
    assert (code, err) == (0, "")
    (token,) = re.findall(r"^https://review\.example\.org/enter\?token=(\S+)$", out, re.MULTILINE)
    assert "Give it to ana, an owner" in out
    with Review.open("r") as review:
        person = review.person(token)
        assert (person.name, person.role) == ("ana", "owner")
    assert token.encode() not in b"".join(
        path.read_bytes() for path in (small / "r").iterdir() if path.is_file()
    )
    assert alignlab("review revoke r ana")[0] == 0
    with Review.open("r") as review:
        assert review.person(token) is None
    assert alignlab("review invite r ana")[0] == 0  # comes back by another token


def test_what_is_to_be_typed_can_be_pasted(alignlab, small):
    _, out, _ = alignlab('review invite r "Bora Çelik"')
    (typed,) = re.findall("alignlab (review revoke .*)", out)
    assert alignlab(typed)[0] == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("invite r ana --address example.org", "is no address such as https://"),
        ("invite r ana --address https://a.b/?x=1", "is no address such as https://"),
        ("invite r ''", ""),
        ("revoke r nobody", "nobody"),
        ("invite r", "missing argument"),
    ],
)
def test_what_cannot_be_is_one_line(alignlab, small, line, told):
    code, out, err = alignlab(f"review {line}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert told in err
    assert "defect" not in err


def test_nobody_is_invited_twice(alignlab, small):
    alignlab("review invite r ana")
    code, out, err = alignlab("review invite r ana")
    assert (code, out) == (2, "")
    assert "'ana' is invited already" in err
