"""Cards as one page: nothing to load, no script, readable on a phone, in the dark and on paper.

The page is drawn from what `ExplanationCard.to_dict` returns and from nothing else, so that a
saved card, or one that came over a network, shows the same. Bars are SVG whose positions are
percentages: they stretch to any width while the words beside them keep their size.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from alignlab.plain import printable
from alignlab.transparency.cards.shown import amount, capital, number, percent
from alignlab.wording import called, cell

__all__ = ["card_parts", "cards_html"]

SHOWN = 8
"""Features with a bar of their own; the others share one."""

LEAST_WHISKER = 0.6
"""Of the width, in percent: a shorter interval is no wider than its own line."""

MARGIN = 0.04
"""Of the drawn range, free on either side."""

Card = Mapping[str, Any]


def cards_html(cards: Sequence[Card]) -> str:
    """Return cards as one HTML page.

    Parameters
    ----------
    cards
        What `ExplanationCard.to_dict` returned, one or several.
    """
    style = _resource("parts.css") + _resource("card.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    views = [_view(card) for card in cards]
    page = (
        _environment()
        .get_template("card.html.jinja")
        .render(
            cards=views,
            level=2,
            title=views[0]["title"] if len(views) == 1 else f"{len(views)} decisions explained",
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'",
            style=style,
        )
    )
    return printable(page)


def card_parts(card: Card, *, level: int = 3, first: Sequence[str] = ()) -> str:
    """Return what a card holds below its heading, as HTML to stand in another page.

    The page gives `parts.css` and the colours that it names. Nothing in it is a style or a script
    of its own, so that a policy which forbids both shows it whole.

    Parameters
    ----------
    card
        What `ExplanationCard.to_dict` returned.
    level
        Of its headings, 1 to 6.
    first
        Sections to begin with, by their keys, such as "reasons"; the others follow in their order.
    """
    view = _view(card)
    place = {key: rank for rank, key in enumerate(first)}
    view["parts"].sort(key=lambda part: place.get(part["key"], len(place)))
    parts = _environment().get_template("parts.html.jinja").render(card=view, level=level)
    return printable(parts)


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("alignlab.transparency.cards", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _resource(name: str) -> str:
    return files("alignlab.transparency.cards").joinpath(name).read_text(encoding="utf-8")


def _view(card: Card) -> dict[str, Any]:
    """Return what the template shows of a card."""
    decision, *told = next(
        each["sentences"] for each in card["sections"] if each["key"] == "decision"
    )
    parts = [_part(card, each) for each in card["sections"] if each["key"] != "decision"]
    heading = called(card["decision"], card["labels"])
    where = "" if card["row"] is None else f" for row {card['row']} of {card['data']}"
    return {
        "title": f"{heading}{where}: an explanation",
        "heading": heading,
        "lead": decision,
        "told": told,
        "parts": parts,
        "fall": _waterfall(card),
        "unit": " in points" if card["scale"] in ("probability", "decision") else "",
        "ways": _ways(card),
        "cells": [
            (called(name, card["labels"]), cell(value)) for name, value in card["cells"].items()
        ],
        "made": _made(card),
        "notes": card["notes"],
    }


def _part(card: Card, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section: its sentences, and which of them are said by a picture already."""
    key, lines = section["key"], list(section["sentences"])
    part = {
        "key": key, "question": section["question"], "sentences": lines, "first": "", "named": [],
        "rest": [], "alert": "", "shares": [],
    }  # fmt: skip
    if key == "sure":
        part["shares"] = [
            _share(called(name, card["labels"]), value)
            for name, value in list(card["probabilities"].items())[:5]
        ]
    if key == "reasons":
        named = min(sum(each["sure"] for each in card["reasons"]), 3)
        part["first"], part["named"], part["rest"] = (
            lines[0],
            lines[1 : 1 + named],
            lines[1 + named :],
        )
        if any(each["sure"] and each["protected"] for each in card["reasons"]):
            part["alert"], part["rest"] = part["rest"][-1], part["rest"][:-1]
    if key == "changes":
        part["rest"] = lines[len(_ways(card)) :]
    if key == "similar":
        part["shares"] = _of_similar(card)
    if key == "truth":
        score = card["truth"]["score"]
        if score is not None:
            part["shares"] = [_share("The card's order", score["value"], score, chance=50.0)]
    return part


def _share(
    name: str, value: float, limits: Mapping[str, Any] | None = None, chance: float | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "value": _place(value),
        "low": None if limits is None else _place(limits["low"]),
        "high": None if limits is None else _place(limits["high"]),
        "chance": chance,
        "text": percent(value),
    }


def _place(share: float) -> float:
    return round(100 * min(max(share, 0.0), 1.0), 2)


def _of_similar(card: Card) -> list[dict[str, Any]]:
    found = card["similar"]
    if card["task"] == "regression":
        return []
    answer = called(card["decision"], card["labels"])
    shares = [
        _share(f"Decided {answer}, similar cases", found["answer"]),
        _share(f"Decided {answer}, all cases", found["answer_all"]),
    ]
    if found["happened"] is not None:
        happened = found["happened"]
        shares += [
            _share(f"Went {answer}, similar cases", happened["value"], happened),
            _share(f"Went {answer}, all cases", found["happened_all"]),
        ]
    return shares


def _waterfall(card: Card) -> dict[str, Any]:
    """Return the bars from the mean answer to this one, in percent of the width."""
    scale, labels = card["scale"], card["labels"]
    reasons = list(card["reasons"])
    shown = reasons if len(reasons) <= SHOWN + 1 else reasons[:SHOWN]
    steps = [
        {
            "name": called(each["feature"], labels), "given": each["given"],
            "value": each["value"], "sure": each["sure"], "protected": each["protected"],
            "limits": (each["low"], each["high"]),
        }
        for each in shown
    ]  # fmt: skip
    rest = reasons[len(shown) :]
    if rest:
        total = sum(each["value"] for each in rest)
        unsure = not any(each["sure"] for each in rest)
        steps.append(
            {
                "name": f"{len(rest)} other features", "given": None, "value": total,
                "sure": not unsure, "protected": False, "limits": None,
            }
        )  # fmt: skip
    at = [card["base"]]
    for step in steps:
        at.append(at[-1] + step["value"])
    ends_of_all = [
        before + (each or 0.0)
        for step, before in zip(steps, at[:-1], strict=True)
        for each in step["limits"] or ()
    ]
    drawn = [*at, card["answer"], *ends_of_all]
    low, high = min(drawn), max(drawn)
    span = (high - low) or 1.0
    start, width = low - MARGIN * span, span * (1 + 2 * MARGIN)

    def place(value: float) -> float:
        return round(100 * (value - start) / width, 2)

    answer = called(card["decision"], labels)
    regression = card["task"] == "regression"
    sides = ("upwards", "downwards") if regression else (f"for {answer}", f"against {answer}")
    bars = []
    for step, before, after in zip(steps, at[:-1], at[1:], strict=True):
        left, right = sorted((place(before), place(after)))
        positive = step["value"] >= 0
        ends = None
        if step["limits"] is not None:
            ends = tuple(place(before + (each or 0.0)) for each in step["limits"])
            ends = ends if ends[1] - ends[0] >= LEAST_WHISKER else None
        kind = ("for" if positive else "against") + ("" if step["sure"] else " unsure")
        bars.append(
            {
                **step, "left": left, "width": max(round(right - left, 2), 0.4), "kind": kind,
                "ends": ends,
                "text": _signed(step["value"], scale), "side": sides[0 if positive else 1],
            }
        )  # fmt: skip
    return {
        "base": place(card["base"]),
        "answer": place(card["answer"]),
        "base_text": _level(card["base"], scale),
        "answer_text": _level(card["answer"], scale),
        "steps": bars,
        "any_ends": any(bar["ends"] for bar in bars),
        "key_ends": f"{100 * card['level']:g}% interval",
        "any_unsure": any(not step["sure"] for step in steps),
        "key_for": f"counted {sides[0]}",
        "key_against": f"counted {sides[1]}",
    }


def _level(value: float, scale: str) -> str:
    return percent(min(max(value, 0.0), 1.0)) if scale in ("probability", "decision") else (
        number(value)
    )  # fmt: skip


def _signed(value: float, scale: str) -> str:
    if value == 0 or not math.isfinite(value):
        return "0"
    text = amount(value, scale)
    short = text.removesuffix(" points").removesuffix(" point").removesuffix(" in log-odds")
    if short.startswith("less than"):
        return short.replace("less than ", "<")
    return f"{'+' if value > 0 else '−'}{short}"


def _ways(card: Card) -> list[dict[str, Any]]:
    """Return the changed cases, each with the sentence's own words for its answer."""
    if card["changes"] is None:
        return []
    return [
        {
            "changes": [
                {
                    "name": capital(change["name"]),
                    "from": change["from_text"],
                    "to": change["to_text"],
                }
                for change in way["changes"]
            ],
            "then": capital(way["then"]),
        }
        for way in card["changes"]["shown"]
    ]


def _made(card: Card) -> list[tuple[str, str]]:
    settings = card["settings"]
    facts = [
        ("Model", card["model"]),
        ("Data", f"{card['data']}, {settings['data_rows']:,} cases"),
        ("What counted", f"Shapley values of the {settings['scale']}, {settings['game']} game"),
        ("Computed", settings["method"]),
        ("Unknown features", f"taken from {settings['background_rows']:,} cases drawn"),
        ("Intervals", f"{100 * card['level']:g}%; of what counted, together over all features"),
    ]
    if card["changes"] is not None:
        facts.append(("Changes", card["changes"]["method"]))
    if card["similar"] is not None:
        near = card["similar"]
        facts.append(
            (
                "Similar cases",
                f"{len(near['rows']):,} nearest by Gower's distance, {near['distance']:.3f} from "
                f"this case on average; any case {near['distance_all']:.3f}",
            )
        )
    facts += [
        ("Model asked about", f"{card['evaluations']:,} cases for this card"),
        ("Seed", str(settings["seed"])),
    ]
    return facts
