import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.content import checked_item, checked_media, media_in
from alignlab.oversight.items import Advice, Item

PATH = {"scene": "grid", "states": [0, 1], "actions": [1], "grid": ["SG"], "ended": True}
POLE = {"scene": "cartpole", "states": [[0, 0, 0, 0.5], [0, 1, 0, 0]], "actions": [1]}
IMAGE = {"media": "dog.png", "alt": "a dog"}
GOOD = {
    "row": ("decide", {"form": "row", "title": "A", "cells": [["income", "56 k"]]}),
    "text": ("decide", {"form": "text", "text": "<script>"}),
    "image": ("decide", {"form": "image", "image": IMAGE}),
    "path": ("decide", {"form": "trajectory", "trajectory": PATH}),
    "texts": ("prefer", {"form": "text", "first": {"text": "a"}, "second": {"text": "b"}}),
    "images": ("prefer", {"form": "image", "first": {"image": IMAGE}, "second": {"image": IMAGE}}),
    "paths": (
        "prefer",
        {
            "form": "trajectory",
            "prompt": "Which?",
            "first": {"trajectory": POLE},
            "second": {"trajectory": POLE},
        },
    ),
    "amounts": ("interview", {"form": "amounts", "low": 0, "high": 9.5, "shape": "CRRA"}),
    "outcomes": ("interview", {"form": "outcomes", "outcomes": ["b"], "worst": "a", "best": "c"}),
}


def item(name, **changes):
    kind, content = GOOD[name]
    given = {"key": "a", "kind": kind, "content": content}
    if kind == "decide":
        given["choices"] = ["yes", "no"]
    return Item(**{**given, **changes})


@pytest.mark.parametrize("name", GOOD)
def test_every_form_is_taken_as_it_is(name):
    checked = checked_item(item(name))
    assert checked.content == GOOD[name][1]
    assert isinstance(checked.choices, tuple)


def changed(name, **changes):
    content = {**GOOD[name][1], **changes}
    return item(name, content={k: v for k, v in content.items() if v is not ...})


def path(**changes):
    return item("path", content={"form": "trajectory", "trajectory": {**PATH, **changes}})


def pole(**changes):
    return item("path", content={"form": "trajectory", "trajectory": {**POLE, **changes}})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (item("row", key=""), "is no name"),
        (item("row", key="a\0"), "is no name"),
        (item("row", key="x" * 201), "is no name"),
        (item("row", key=3), "is no name"),
        (item("row", kind="decision"), "kind='decision' is not one of"),
        (item("row", content=[]), "content is no mapping"),
        (changed("row", form="rows"), "Did you mean 'row'"),
        (changed("row", form=...), "form=None"),
        (changed("row", cells=[]), "cells must be a list"),
        (changed("row", cells=[["a"]]), "is not \\[name, text\\]"),
        (changed("row", cells=[["a", 3]]), "is not \\[name, text\\]"),
        (changed("row", cells=["ab"]), "is not \\[name, text\\]"),
        (changed("row", title=3), "title=3 is not text"),
        (changed("text", text=...), "text is missing"),
        (changed("text", text="x" * 2_000_001), "at most 2,000,000"),
        (changed("image", image="dog.png"), "image must be"),
        (changed("image", image={"media": "dog.png"}), "alt text"),
        (path(scene="maze"), "scene='maze'"),
        (path(states=[0]), "one state more"),
        (path(states=[0, float("nan")]), "finite numbers"),
        (path(actions=["left"]), "finite numbers"),
        (path(ended="yes"), "neither true nor false"),
        (path(names="x"), "names is not a list"),
        (path(grid=[]), "needs its map"),
        (pole(states=[[0], [1]]), "has 4 numbers"),
        (pole(states=[], actions=[]), "one state more"),
        (changed("texts", second=...), "second is missing"),
        (changed("texts", first={"image": IMAGE}), "first: text is missing"),
        (changed("texts", prompt=[]), "prompt"),
        (changed("amounts", low=10), "is not below"),
        (changed("amounts", high="10"), "is not below"),
        (changed("amounts", shape="cara"), "shape='cara'"),
        (changed("amounts", questions=0), "questions=0"),
        (changed("amounts", precision=-1), "precision=-1"),
        (changed("amounts", wealth="rich"), "wealth"),
        (changed("outcomes", best=...), "best is missing"),
        (changed("outcomes", best="a"), "different names"),
        (changed("outcomes", outcomes="b"), "not a list of texts"),
        (item("row", choices=["yes"]), "two or more"),
        (item("row", choices=["yes", "yes"]), "two or more"),
        (item("row", choices="yesno"), "is one text"),
        (item("row", choices=["yes", ""]), "not all texts"),
        (item("row", choices=[1, 2]), "not all texts"),
        (item("texts", choices=["a", "b"]), "has no choices"),
        (item("row", gold="maybe"), "gold='maybe'"),
        (item("row", truth=1), "truth=1"),
        (item("texts", gold="cannot tell"), "gold='cannot tell'"),
        (item("amounts", gold="x"), "no right answer"),
        (item("row", advice=Advice("maybe")), "advice='maybe'"),
        (item("row", advice="yes"), "no Advice"),
        (item("row", advice=Advice("yes", 1.5)), "confidence=1.5"),
        (item("amounts", advice=Advice("x")), "no Advice"),
        (item("row", worth=float("inf")), "worth=inf"),
        (item("row", worth=None), "worth=None"),
        (item("row", wanted=0), "wanted=0"),
        (item("row", wanted=True), "wanted=True"),
        (item("row", stratum=None), "stratum=None"),
        (item("row", group=3), "group=3"),
        (item("row", source=[]), "source"),
        (item("row", card="because"), "card is no mapping"),
    ],
)
def test_what_is_malformed_is_refused_in_one_line(wrong, told):
    with pytest.raises(InputError, match=told) as caught:
        checked_item(wrong)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("form", "cells", "text", "image", "trajectory", "first", "second", "low", "outcomes")


@given(
    st.sampled_from(["decide", "prefer", "interview"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.sampled_from(["row", "text", "image", "trajectory", "amounts", "outcomes"]),
)
def test_nonsense_is_refused_and_never_crashes(kind, content, form):
    choices = ["a", "b"] if kind == "decide" else []
    with contextlib.suppress(InputError):
        checked_item(Item(key="k", kind=kind, content={**content, "form": form}, choices=choices))


BEGINNINGS = {
    "image/png": "89504e470d0a1a0a", "image/jpeg": "ffd8ffe0",
    "image/gif": "474946383961", "image/webp": "524946460000000057454250",
}  # fmt: skip


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_picture_is_known_by_its_first_bytes(kind):
    assert checked_media("x.svg", bytes.fromhex(BEGINNINGS[kind]) + bytes(8)) == kind


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.png", b"<svg onload=alert(1)>", "none of PNG"),
        ("a.png", b"", "none of PNG"),
        ("a.png", "text", "not bytes"),
        ("a.png", b"GIF89a" + bytes(5_000_000), "at most 5,000,000"),
        ("../a.png", b"GIF89a", "letters, digits"),
        ("a b.png", b"GIF89a", "letters, digits"),
        ("", b"GIF89a", "letters, digits"),
        (None, b"GIF89a", "letters, digits"),
    ],
)
def test_what_is_no_picture(name, data, told):
    with pytest.raises(InputError, match=told):
        checked_media(name, data)


def test_the_pictures_of_a_content():
    assert media_in(GOOD["images"][1]) == ["dog.png", "dog.png"]
    assert media_in(GOOD["image"][1]) == ["dog.png"]
    assert media_in(GOOD["row"][1]) == []
    assert json.dumps(GOOD["paths"][1])


@pytest.mark.parametrize(
    ("scene", "states", "more", "told"),
    [
        ("series", [[], []], {}, "A state has 0 numbers"),
        ("grid", [[], []], {"grid": ["SG"]}, "A state has 0 numbers"),
        ("series", [[0] * 10_001] * 2, {}, "A state has 10,001 numbers"),
        ("series", [[0], *[[0] * 9_000] * 230], {}, "It holds 2,070,231 letters or numbers"),
        ("grid", [0, 1], {"grid": ["F" * 101] * 100}, "The map has 10,100 cells"),
    ],
)
def test_a_behaviour_that_nobody_could_draw(scene, states, more, told):
    held = {"scene": scene, "states": states, "actions": [0] * (len(states) - 1), **more}
    with pytest.raises(InputError, match=told):
        checked_item(
            Item(
                key="a",
                content={"form": "trajectory", "trajectory": held},
                choices=["yes", "no"],
            )
        )
