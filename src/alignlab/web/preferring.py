"""The page of a comparison: two texts, pictures or behaviours, and which of them is better.

The sides stand as the case has them, which the queue has already put in an order of its own;
nothing here knows, or could show, which of them was whose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from alignlab.oversight.items import Case
from alignlab.oversight.settings import Settings
from alignlab.web.decks import CANNOT_TELL, Press, heard, levels
from alignlab.web.differences import text_differences
from alignlab.web.scenes import shown_scenes

__all__ = ["prefer_view", "preferred"]

SIDES = ("first", "second")

TITLES = {"text": "Two texts", "image": "Two pictures", "trajectory": "Two behaviours"}

QUESTION = "Which is better?"

PRESSES = (
    Press("prefer-first", "1", "The first is better", "preferred", "first"),
    Press("prefer-second", "2", "The second is better", "preferred", "second"),
)
INSTEAD = (
    Press("tie", "3", "Both are as good", "preferred", "tie"),
    Press("both-bad", "4", "Both are bad", "preferred", "both bad"),
    CANNOT_TELL._replace(name="preferred"),
)


def prefer_view(case: Case, settings: Settings) -> dict[str, Any]:
    """Return what the page shows of a comparison, as plain values.

    Parameters
    ----------
    case
        As the person may see it now.
    settings
        Of the review.
    """
    content = case.content
    form = content["form"]
    prompt = str(content.get("prompt") or "")
    # What two texts answer is a part of the case; what to look for in pictures is the question.
    about = form == "text"
    return {
        "title": TITLES[form],
        "question": settings.question or (QUESTION if about else prompt) or QUESTION,
        "action": "/answer",
        "form": form,
        "prompt": prompt if about or settings.question else "",
        **_shown(form, [content[side] for side in SIDES]),
        "presses": [each._replace(ask=settings.confidence) for each in PRESSES],
        "instead": INSTEAD,
        "levels": levels(2) if settings.confidence else (),
        "reason": settings.reason,
    }


def preferred(
    form: Mapping[str, str], _: Callable[[], Case | None] | None = None
) -> dict[str, Any]:
    """Return what a person preferred, as the form says it.

    Examples
    --------
    >>> preferred({"preferred": "tie", "confidence": "", "reason": "no odds"})
    {'preferred': 'tie', 'confidence': None, 'reason': 'no odds'}
    """
    words = {"preferred": form["preferred"]} if form.get("preferred") else {}
    return {**words, **heard(form)}


def _shown(form: str, sides: list[Mapping[str, Any]]) -> dict[str, Any]:
    if form == "text":
        found = text_differences(*(str(each["text"]) for each in sides))
        return {"texts": (found.first, found.second), "differences": found.words}
    if form == "image":
        return {"images": [each["image"] for each in sides]}
    return {"player": shown_scenes(*(each["trajectory"] for each in sides))}
