"""Every kind of item has a page and an ear."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.content import checked_item
from alignlab.oversight.items import Case, Item, Kind
from alignlab.oversight.settings import Settings
from alignlab.plain import canonical
from alignlab.web.kinds import KINDS, WIDGETS
from alignlab.web.rendering import assets, rendered


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


NUMBER = st.one_of(
    st.integers(-3, 5), st.floats(-4, 4), st.sampled_from([1e308, -1e308, 5e-324, 10**300])
)
TEXT = st.sampled_from(["", "a", "a b\nc", "<b>&\"'</b>", "\u202e\0\x1b[31m", "\uffff", "x" * 300])


@st.composite
def behaviours(draw):
    scene = draw(st.sampled_from(["cartpole", "grid", "series"]))
    state = NUMBER | st.lists(NUMBER, max_size=5)
    steps = draw(st.integers(0, 4))
    held = {
        "scene": scene,
        "states": draw(st.lists(state, min_size=steps + 1, max_size=steps + 1)),
        "actions": draw(st.lists(state, min_size=steps, max_size=steps)),
    }
    if scene == "cartpole" and draw(st.booleans()):
        held["states"] = [[draw(NUMBER) for _ in range(4)] for _ in range(steps + 1)]
    texts = st.lists(TEXT, max_size=5)
    more = {"names": texts, "action_names": texts, "grid": texts, "ended": st.booleans()}
    return held | draw(st.fixed_dictionaries({}, optional=more))


@st.composite
def contents(draw):
    """Draw contents of every form, some of which no queue takes, with fields of other forms."""
    kind = draw(st.sampled_from(["decide", "prefer", "interview"]))
    if kind == "interview":
        form = draw(st.sampled_from(["amounts", "outcomes"]))
        numbers = {"low": NUMBER, "high": NUMBER, "outcomes": st.lists(TEXT, max_size=4)}
        more = {
            "questions": st.integers(0, 3), "precision": NUMBER, "wealth": NUMBER, "unit": TEXT,
            "shape": st.sampled_from(["monotone", "CARA", "CRRA"]), "worst": TEXT, "best": TEXT,
        }  # fmt: skip
        return kind, {"form": form} | draw(st.fixed_dictionaries(numbers, optional=more))
    form = draw(st.sampled_from(["row", "text", "trajectory"]))
    cells = st.lists(st.tuples(TEXT, TEXT).map(list), max_size=3)
    of = {"row": cells, "text": TEXT, "trajectory": behaviours()}
    if kind == "prefer":
        side = st.fixed_dictionaries({form: of[form]})
        sides = {"first": side, "second": side}
        return kind, {"form": form} | draw(st.fixed_dictionaries(sides, optional={"prompt": TEXT}))
    shown = draw(of[form])
    other = draw(st.dictionaries(st.sampled_from(["cells", "text", "image", "trajectory"]), TEXT))
    held = {"cells" if form == "row" else form: shown}
    title = draw(st.fixed_dictionaries({}, optional={"title": TEXT}))
    return kind, {**other, **title, **held, "form": form}


@given(drawn=contents())
@settings(max_examples=300, deadline=None)
def test_whatever_a_queue_takes_can_be_shown(drawn):
    """A case whose page fails would come back to its person until the end of time."""
    kind, content = drawn
    choices = ("yes", "<no>") if kind == "decide" else ()
    try:
        item = checked_item(Item(key="k", kind=kind, content=content, choices=choices))
        kept = json.loads(canonical(item.content))
    except InputError:
        return
    stage = "question" if kind == "interview" else "final"
    case = Case(lease="x", key="k", kind=kind, content=kept, choices=item.choices, stage=stage)
    view = KINDS[kind].view(case, Settings())
    page = rendered(
        "case.html.jinja", case=case, view=view, csrf="", said_words="", notice=None,
        prefill={"reason": "", "confidence": ""},
    ).decode()  # fmt: skip
    assert "<b>" not in page
    assert 'id="case-title"' in page
