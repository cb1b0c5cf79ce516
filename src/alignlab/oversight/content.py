"""What an item may hold, form by form; whatever is malformed is refused when it is added.

    decide      {"form": "row", "title", "cells": [[name, text], …]}
                {"form": "text", "title", "text"}
                {"form": "image", "title", "image": {"media", "alt"}}
                {"form": "trajectory", "title", "trajectory": T}
    prefer      {"form": "text" | "image" | "trajectory", "prompt", "first": S, "second": S}
                S = {"text"} | {"image": {"media", "alt"}} | {"trajectory": T}
    interview   {"form": "amounts", "low", "high", "shape", "unit", "questions", "precision",
                 "wealth"}
                {"form": "outcomes", "outcomes": […], "worst", "best", "questions", "precision"}
    T           {"scene": "cartpole" | "grid" | "series", "states", "actions", "ended", "names",
                 "action_names", "grid"}

A title, a prompt, a unit, names and what follows `precision` may be left out. Pictures are PNG,
JPEG, WebP or GIF, known by their first bytes and not by their name; a drawing in SVG is refused,
for it can carry a program.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard, get_args

from alignlab.errors import InputError, require_choice
from alignlab.oversight.answers import PREFERRED
from alignlab.oversight.items import Advice, Item, Kind
from alignlab.oversight.surface import pixels_of

__all__ = ["checked_item", "checked_media", "media_in"]

FORMS: Mapping[str, tuple[str, ...]] = {
    "decide": ("row", "text", "image", "trajectory"),
    "prefer": ("text", "image", "trajectory"),
    "interview": ("amounts", "outcomes"),
}
SCENES = ("cartpole", "grid", "series")
SHAPES = ("monotone", "CARA", "CRRA")

MOST_MEDIA = 5_000_000
"""Bytes of a picture."""

MOST_PIXELS = 50_000_000
"""Of a picture: 200 MB in a browser, however few bytes it came in."""

MOST_CONTENT = 2_000_000
"""Letters of an item's texts, and numbers of its trajectories."""

MOST_NUMBERS = 10_000
"""Of one state, and cells of a map: more would be seconds of drawing for each who sees it."""

MOST_KEY = 200
MOST_WANTED = 1_000

BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
)
MEDIA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def checked_item(item: Item) -> Item:
    """Return an item as it is kept, or say in one line what is wrong with it.

    Use it where items are made, to hear of a mistake early; adding items to a review does it again.

    Parameters
    ----------
    item
        What is to be asked.

    Returns
    -------
    Item
        The same, its choices a tuple.

    Raises
    ------
    InputError
        If its key, kind, content, choices, advice, gold, truth, worth or wanted cannot be.

    Examples
    --------
    >>> case = {"form": "row", "cells": [["income", "56 k"]]}
    >>> checked_item(Item(key="a", content=case, choices=["yes", "no"])).choices
    ('yes', 'no')
    >>> checked_item(Item(key="a", content={"form": "rows"}, choices=["yes", "no"]))
    Traceback (most recent call last):
    alignlab.errors.InputError: 'a': form='rows' is not one of 'row', ... Did you mean 'row'?
    """
    key = item.key
    if not isinstance(key, str) or not key or len(key) > MOST_KEY or not key.isprintable():
        raise InputError(f"key={key!r} is no name: give 1 to {MOST_KEY} printable letters.")
    try:
        require_choice(item.kind, get_args(Kind), what="kind")
        content = item.content
        if not isinstance(content, Mapping):
            raise InputError("content is no mapping.")
        form = require_choice(content.get("form"), FORMS[item.kind], what="form")
        CHECKS[item.kind](content, form)
        choices = _check_answers(item)
        _check_rest(item)
    except InputError as error:
        raise InputError(f"{key!r}: {error}") from None
    return item if choices is item.choices else replace(item, choices=choices)


def checked_media(name: str, data: bytes) -> str:
    """Return the type of a picture, such as "image/png".

    Raises
    ------
    InputError
        If its name would not do in an address, or it is too large or no such picture.

    Examples
    --------
    >>> checked_media("dog.png", bytes.fromhex("89504e470d0a1a0a") + b"...")
    'image/png'
    """
    if not isinstance(name, str) or not MEDIA_NAME.fullmatch(name):
        raise InputError(
            f"The picture's name {name!r} is not made of letters, digits, '.', '_' and '-'."
        )
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InputError(f"The picture {name!r} is {type(data).__name__}, not bytes.")
    if len(data) > MOST_MEDIA:
        raise InputError(
            f"The picture {name!r} has {len(data):,} bytes; at most {MOST_MEDIA:,} are kept. "
            "Make it smaller."
        )
    start = bytes(data[:16])
    for beginning, kind in BEGINNINGS:
        if beginning.match(start):
            pixels = pixels_of(bytes(data))
            if pixels > MOST_PIXELS:
                raise InputError(
                    f"The picture {name!r} has {pixels:,} pixels; at most {MOST_PIXELS:,} are "
                    "shown. Make it smaller."
                )
            return kind
    raise InputError(f"The picture {name!r} is none of PNG, JPEG, WebP and GIF. Convert it.")


def media_in(content: Mapping[str, Any]) -> list[str]:
    """Return the names of the pictures that a content shows.

    Examples
    --------
    >>> media_in({"form": "image", "image": {"media": "dog.png", "alt": "a dog"}})
    ['dog.png']
    """
    if content.get("form") != "image":
        return []
    places = [content] if "image" in content else [content["first"], content["second"]]
    return [place["image"]["media"] for place in places]


def _check_decide(content: Mapping[str, Any], form: str) -> None:
    _optional_text(content, "title")
    if form == "row":
        cells = content.get("cells")
        if not _is_list(cells) or not cells:
            raise InputError("cells must be a list of [name, text], with one or more.")
        for cell in cells:
            pair = _is_list(cell) and len(cell) == 2
            if not (pair and isinstance(cell[0], str) and isinstance(cell[1], str)):
                raise InputError(f"The cell {cell!r:.100} is not [name, text].")
        _small_enough(sum([len(name) + len(text) for name, text in cells]))
    else:
        _check_shown(content, form)


def _check_prefer(content: Mapping[str, Any], form: str) -> None:
    _optional_text(content, "prompt")
    for side in ("first", "second"):
        shown = content.get(side)
        if not isinstance(shown, Mapping):
            raise InputError(f"{side} is missing, or no mapping.")
        try:
            _check_shown(shown, form)
        except InputError as error:
            raise InputError(f"{side}: {error}") from None


def _check_shown(content: Mapping[str, Any], form: str) -> None:
    if form not in content:
        raise InputError(f"{form} is missing.")
    shown = content[form]
    if form == "text":
        if not isinstance(shown, str):
            raise InputError(f"text={shown!r:.100} is not text.")
        _small_enough(len(shown))
    elif form == "image":
        if not isinstance(shown, Mapping) or not isinstance(shown.get("media"), str):
            raise InputError('image must be {"media": name, "alt": text}.')
        if not isinstance(shown.get("alt"), str):
            raise InputError("An image has an alt text, for those who do not see it.")
    else:
        _check_trajectory(shown)


def _check_trajectory(shown: Any) -> None:
    if not isinstance(shown, Mapping):
        raise InputError("trajectory is no mapping.")
    scene = require_choice(shown.get("scene"), SCENES, what="scene")
    states, actions = shown.get("states"), shown.get("actions")
    if not _is_list(states) or not _is_list(actions) or len(states) != len(actions) + 1:
        raise InputError("A trajectory has one state more than it has actions, both in lists.")
    _small_enough(sum(len(each) if _is_list(each) else 1 for each in [*states, *actions]))
    for state in states:
        numbers = state if _is_list(state) else [state]
        if not 1 <= len(numbers) <= MOST_NUMBERS:
            raise InputError(f"A state has {len(numbers):,} numbers, not 1 to {MOST_NUMBERS:,}.")
        if not all(_is_number(number) for number in numbers):
            raise InputError(f"The state {state!r:.100} is not made of finite numbers.")
        if scene == "cartpole" and len(numbers) != 4:
            raise InputError(f"A state of scene 'cartpole' has 4 numbers; {state!r:.100} has not.")
    for action in actions:
        numbers = action if _is_list(action) else [action]
        if not all(_is_number(number) for number in numbers):
            raise InputError(f"The action {action!r:.100} is not made of finite numbers.")
    if not isinstance(shown.get("ended", False), bool):
        raise InputError(f"ended={shown['ended']!r} is neither true nor false.")
    for field in ("names", "action_names", "grid"):
        if field in shown:
            _texts(shown[field], field)
    if scene == "grid" and not shown.get("grid"):
        raise InputError("The scene 'grid' needs its map: grid, one text a row.")
    cells = sum(map(len, shown.get("grid", ())))
    if cells > MOST_NUMBERS:
        raise InputError(f"The map has {cells:,} cells; at most {MOST_NUMBERS:,} can be drawn.")


def _check_interview(content: Mapping[str, Any], form: str) -> None:
    if form == "amounts":
        low, high = content.get("low"), content.get("high")
        if not (_is_number(low) and _is_number(high) and low < high):
            raise InputError(f"low={low!r} is not below high={high!r}.")
        require_choice(content.get("shape", "monotone"), SHAPES, what="shape")
        _optional_text(content, "unit")
        if not _is_number(content.get("wealth", 0)):
            raise InputError(f"wealth={content['wealth']!r} is not a number.")
        step = (high - low) / 40
        if not (math.isfinite(step) and low < low + step and high - step < high):
            raise InputError(f"low={low!r} and high={high!r} leave no room for amounts between.")
        wealth = content.get("wealth", 0)
        if content.get("shape") == "CRRA" and not 0 <= low + wealth < 1e9 * (high - low):
            raise InputError(
                f"CRRA judges shares of what one has: low={low!r} and wealth={wealth!r} together "
                "must not be negative, nor so large that the amounts are nothing beside them."
            )
    else:
        names = [*_texts(content.get("outcomes"), "outcomes")]
        for field in ("worst", "best"):
            if not isinstance(content.get(field), str):
                raise InputError(f"{field} is missing: name the {field} outcome.")
        names += [content["worst"], content["best"]]
        if len(names) < 3 or len(set(names)) < len(names) or "" in names:
            raise InputError("outcomes, worst and best are three or more different names.")
    questions = content.get("questions", 1)
    if not isinstance(questions, int) or isinstance(questions, bool) or not 1 <= questions <= 1_000:
        raise InputError(f"questions={questions!r} is not a whole number from 1 to 1,000.")
    precision = content.get("precision", 0)
    if not (_is_number(precision) and precision >= 0):
        raise InputError(f"precision={precision!r} is not a number from 0.")


CHECKS = {"decide": _check_decide, "prefer": _check_prefer, "interview": _check_interview}


def _check_answers(item: Item) -> tuple[str, ...]:
    """Check what can be answered, what is advised, and what is right."""
    if isinstance(item.choices, str):
        raise InputError(f"choices={item.choices!r} is one text: give a list.")
    choices = tuple(item.choices)
    allowed: Sequence[str] = choices
    if item.kind == "decide":
        if len(choices) < 2 or len(set(choices)) < len(choices):
            raise InputError(f"choices={list(choices)!r} are not two or more different ones.")
        if not all(isinstance(each, str) and each for each in choices):
            raise InputError(f"choices={list(choices)!r} are not all texts.")
    elif choices:
        raise InputError(f"An item of kind {item.kind!r} has no choices.")
    elif item.kind == "prefer":
        allowed = PREFERRED[:-1]
    elif item.gold is not None or item.truth is not None:
        raise InputError("An interview has no right answer: leave out gold and truth.")
    for field in ("gold", "truth"):
        given = getattr(item, field)
        if given is not None:
            require_choice(given, allowed, what=field)
    advice = item.advice
    if advice is not None:
        if not isinstance(advice, Advice) or item.kind == "interview":
            raise InputError("advice is no Advice, or not of an item that can have one.")
        require_choice(advice.decision, allowed, what="advice")
        sure = advice.confidence
        if sure is not None and not (_is_number(sure) and 0 <= sure <= 1):
            raise InputError(f"confidence={sure!r} is not a probability from 0 to 1.")
    return choices


def _check_rest(item: Item) -> None:
    if not _is_number(item.worth):
        raise InputError(f"worth={item.worth!r} is not a finite number.")
    wanted = item.wanted
    if wanted is not None and (
        not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= MOST_WANTED
    ):
        raise InputError(f"wanted={wanted!r} is not a whole number from 1 to {MOST_WANTED:,}.")
    for field in ("stratum", "group"):
        if not isinstance(getattr(item, field), str) or "\0" in getattr(item, field):
            raise InputError(f"{field}={getattr(item, field)!r} is not text.")
    if not isinstance(item.source, Mapping):
        raise InputError(f"source={item.source!r:.100} is no mapping.")
    if item.card is not None and not isinstance(item.card, Mapping):
        raise InputError("card is no mapping: give ExplanationCard.to_dict().")


def _optional_text(content: Mapping[str, Any], field: str) -> None:
    if not isinstance(content.get(field, ""), str):
        raise InputError(f"{field}={content[field]!r:.100} is not text.")


def _texts(given: Any, field: str) -> Sequence[str]:
    if not _is_list(given) or not all(isinstance(each, str) for each in given):
        raise InputError(f"{field} is not a list of texts.")
    return given


def _small_enough(size: int) -> None:
    if size > MOST_CONTENT:
        raise InputError(f"It holds {size:,} letters or numbers; at most {MOST_CONTENT:,} fit.")


def _is_list(given: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(given, list | tuple)


def _is_number(given: Any) -> TypeGuard[float]:
    # A whole number may be larger than any float; compared with one, it is not made one.
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return number and abs(given) <= sys.float_info.max
