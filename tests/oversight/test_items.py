from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from alignlab.oversight.items import Advice, Case, Item, Kind

ROW = {"form": "row", "title": "A loan", "cells": [["income", "40"]]}

NEVER_SHOWN = {"gold", "truth", "worth", "stratum", "group", "wanted", "source"}


def test_an_item_is_a_case_to_decide_unless_it_says_otherwise():
    item = Item(key="a", content=ROW, choices=["yes", "no"])
    assert item.kind == "decide"
    assert get_args(Kind) == ("decide", "prefer", "interview")
    assert item.wanted is None  # the review's overlap
    assert item.worth == 0.0


def test_what_a_person_is_never_to_see_has_no_place_in_a_case():
    shown = {each.name for each in fields(Case)}
    assert {each.name for each in fields(Item)} - shown == NEVER_SHOWN


def test_a_case_withholds_advice_unless_it_is_given():
    case = Case(lease="l", key="a", kind="decide", content=ROW)
    assert (case.advice, case.card, case.own, case.said) == (None, None, None, ())


def test_two_items_do_not_share_their_sources():
    one, two = (Item(key=key, content=ROW) for key in "ab")
    assert one.source == {}
    assert one.source is not two.source


@pytest.mark.parametrize(
    "made",
    [
        Advice("yes"),
        Item(key="a", content=ROW),
        Case(lease="l", key="a", kind="decide", content=ROW),
    ],
)
def test_nothing_is_altered_after_it_was_made(made):
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(made)[0].name, "other")


def test_an_item_is_named_field_by_field():
    with pytest.raises(TypeError):
        Item("a", "decide", ROW)
