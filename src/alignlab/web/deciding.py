"""The page of a decision: the case, what the model says where that may be seen, and the buttons.

Every word of advice on the page comes from the `Case`: what an arm withholds is not in it, so
nothing can show it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from alignlab.oversight.items import Case
from alignlab.oversight.settings import Settings
from alignlab.web.decks import CANNOT_TELL, Press, heard, levels
from alignlab.web.scenes import shown_scenes

__all__ = ["CHOICE_KEYS", "decide_view", "decided"]

LOGGER = logging.getLogger("alignlab.web")

CHOICE_KEYS = "1234fghjklbimqtvwy"
"""Of the choices, in their order; digits from 5 on say how sure."""

LETTERS = 4
"""From this place on they are letters."""

DEFER = Press("defer", "d", "Leave it to a colleague", "verdict", "defer")
INSTEAD = (CANNOT_TELL, DEFER)
INSTEAD_OWN = (CANNOT_TELL, DEFER._replace(to="/answer"))
"""Handing a case on ends it, also before advice came."""

OWN_QUESTION = "What would you decide? The model’s advice comes after your own answer."
QUESTION = "What do you decide?"


def decide_view(case: Case, settings: Settings) -> dict[str, Any]:
    """Return what the page shows of a decision, as plain values.

    Parameters
    ----------
    case
        As the person may see it now.
    settings
        Of the review.
    """
    content = case.content
    own = case.stage == "own"
    advised = None if case.advice is None else case.advice.decision
    return {
        "title": content.get("title") or "A case",
        "question": OWN_QUESTION if own else settings.question or QUESTION,
        "action": "/step" if own else "/answer",
        "form": content["form"],
        **_shown(content),
        "aside": _aside(case),
        "presses": _presses(case.choices, advised, settings.confidence),
        "instead": INSTEAD_OWN if own else INSTEAD,
        "levels": levels(len(case.choices)) if settings.confidence else (),
        "reason": settings.reason,
    }


def decided(form: Mapping[str, str], _: Callable[[], Case | None] | None = None) -> dict[str, Any]:
    """Return what a person decided, as the form says it.

    Examples
    --------
    >>> decided({"decision": "approve", "confidence": "", "reason": ""})
    {'decision': 'approve', 'confidence': None, 'reason': ''}
    """
    words = {name: form[name] for name in ("verdict", "decision") if form.get(name)}
    return {**words, **heard(form)}


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form shows; a content may hold more, which nobody checked."""
    form = content["form"]
    if form == "row":
        return {"cells": content["cells"]}
    shown = content[form]
    return {"player": shown_scenes(shown)} if form == "trajectory" else {form: shown}


def _aside(case: Case) -> dict[str, Any] | None:
    """Return what stands beside the case; `None` where nothing does."""
    if case.stage == "own":
        return None
    if case.advice is None and case.card is None and not case.on_demand:
        return None
    sure, advice = "", case.advice
    if advice is not None and advice.confidence is not None:
        sure = f"It gives that a probability of {advice.confidence:.0%}."
    return {
        "heading": "What counted" if advice is None else f"The model says: {advice.decision}",
        "sure": sure,
        "own": _own(case.own),
        "card": None if case.card is None else _card(case.card),
    }


def _card(card: Mapping[str, Any]) -> Markup:
    """Return the explanation as HTML: below its heading, which says the decision once more.

    What happened in this very case is in a card's first section only, and would tell the answer.
    """
    from alignlab.transparency.cards import card_parts

    try:
        # Jinja escaped every text in it.
        return Markup(card_parts(card, level=3, first=["reasons"]))
    except Exception:
        # A card from elsewhere that lacks a field must not hold up the queue: the advice stands.
        LOGGER.exception("a card could not be drawn")
        return Markup("<p>The explanation of this case cannot be shown.</p>")


def _own(own: Mapping[str, Any] | None) -> str:
    if not own:
        return ""
    if own.get("decision") is None:
        return "Before, you could not tell."
    sure = own.get("confidence")
    return f"Before, you said: {own['decision']}" + ("." if sure is None else f", {sure:.0%} sure.")


@lru_cache(maxsize=256)
def _presses(choices: tuple[str, ...], advised: str | None, ask: bool) -> tuple[Press, ...]:
    """Return the buttons of a decision: the advice first where there is some, then the choices."""
    keyed = zip(choices, CHOICE_KEYS, strict=False)
    misread = any(choice in set("0123456789") - {key} for choice, key in keyed)
    # Who sees a 1 and presses it means the choice "1": where that is not the first, letters do.
    presses = tuple(
        Press(f"choice-{place}", CHOICE_KEYS[place - 1 : place], choice, "decision", choice, ask)
        for place, choice in enumerate(choices, 1 + LETTERS * misread)
    )
    if advised is None:
        return presses
    others = tuple(each for each in presses if each.value != advised)
    if len(others) == 1:
        (other,) = others
        others = (Press("override", "o", f"Override: {other.label}", "decision", other.value, ask),)
    return (Press("accept", "a", f"Accept: {advised}", "verdict", "accept", ask), *others)
