"""Every kind of item has a page and an ear."""

from __future__ import annotations

from typing import get_args

import pytest

pytest.importorskip("fastapi")

from alignlab.oversight.items import Kind
from alignlab.web.kinds import KINDS, WIDGETS
from alignlab.web.rendering import assets


def test_every_kind_is_there_and_every_module():
    assert set(KINDS) == set(get_args(Kind))
    assert set(WIDGETS) <= set(assets())


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("decide", "row"),
        ("decide", "text"),
        ("decide", "image"),
        ("decide", "trajectory"),
        ("prefer", "text"),
        ("prefer", "image"),
        ("prefer", "cartpole"),
        ("prefer", "grid"),
        ("prefer", "series"),
        ("interview", "amounts"),
        ("interview", "outcomes"),
    ],
)
def test_every_form_has_a_page(desk, item, kind, form):
    ana = desk([item(kind, form)]).enter()
    page = ana.see()
    assert page.status_code == 200
    assert f'data-kind="{kind}"' in page.text
    assert 'id="case-title"' in page.text
