"""How a page is asked for: read whole, beside the loop, and never failing unsaid."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.web.asking import Room, _form


def test_a_form_is_read():
    assert _form(b"a=1&b=x+y%3D&a=2&c=") == {"a": "2", "b": "x y=", "c": ""}
    assert _form(b"reason=one%0D%0Atwo") == {"reason": "one\ntwo"}
    assert _form("a=é".encode()) == {"a": "é"}


def test_what_cannot_be_printed_is_replaced():
    assert _form(b"a=%00%FF%ED%A0%80") == {"a": "\ufffd" * 5}
    assert _form(b"a=\xff") == {"a": "\ufffd"}


def test_a_form_of_too_many_fields_is_none():
    assert _form(b"&".join(b"a%d=1" % place for place in range(101))) == {}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_text_that_can_be_kept(body):
    for name, value in _form(body).items():
        assert isinstance(name, str)
        value.encode("utf-8")
        assert "\0" not in value


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8000", "alignlab_8000"),
        ("[::1]:81", "alignlab_81"),
        ("localhost", "alignlab_session"),
        ("a:b", "alignlab_session"),
        ("", "alignlab_session"),
    ],
)
def test_two_sites_on_one_machine_have_a_cookie_each(host, name):
    room = Room(SimpleNamespace(), None)
    assert room.cookie({"host": host}) == name
