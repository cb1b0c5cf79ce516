"""What each key does, and the page on which a person changes that.

Single keys are quick and get in the way of speech input, so that each can be changed and all can
be switched off (WCAG 2.2, 2.1.4). The choice stays in the browser; the site never learns of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from alignlab.web.asking import Asked, html
from alignlab.web.deciding import CHOICE_KEYS, DEFER
from alignlab.web.decks import CANNOT_TELL, SURE_KEYS, Press
from alignlab.web.interviews import PRESSES as INTERVIEW
from alignlab.web.pages import frame
from alignlab.web.preferring import INSTEAD, PRESSES
from alignlab.web.rendering import rendered

__all__ = ["ACTIONS", "Action", "keys_page"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does.

    Attributes
    ----------
    name
        As `data-action` in the templates.
    key
        As long as the person chose no other.
    words
        What it does.
    """

    name: str
    key: str
    words: str


def _of(*presses: Press) -> tuple[Action, ...]:
    return tuple(Action(each.action, each.key, each.label) for each in presses)


SURE_WORDS = ("a guess", "a little sure", "somewhat sure", "rather sure", "very sure", "certain")

ACTIONS: dict[str, tuple[Action, ...]] = {
    "Deciding": (
        Action("accept", "a", "Accept the advice"),
        Action("override", "o", "Override it, where there is one other choice"),
        *(
            Action(f"choice-{place}", key, f"Choice {place}")
            for place, key in enumerate(CHOICE_KEYS, 1)
        ),
        Action("reveal", "e", "Show the explanation"),
    ),
    "Comparing": _of(*PRESSES, *INSTEAD[:-1]),
    "In an interview": (
        *_of(*INTERVIEW),
        Action("stop", "s", "Stop here"),
    ),
    "Playing and enlarging": (
        Action("play", "p", "Play, or pause"),
        Action("step-back", ",", "One step back"),
        Action("step-on", ".", "One step forward"),
        Action("zoom-out", "x", "Make pictures smaller"),
        Action("zoom-in", "z", "Make pictures larger"),
    ),
    "In every case": (
        *_of(CANNOT_TELL, DEFER),
        Action("reason", "r", "Write a reason (Escape leaves the field)"),
        Action("undo", "u", "Undo the last answer"),
        Action("go-on", "n", "Go on to the next case, after a notice"),
    ),
    "How sure": tuple(
        Action(f"sure-{place}", key, words)
        for place, (key, words) in enumerate(zip(SURE_KEYS, SURE_WORDS, strict=True), 1)
    ),
}

EVERYWHERE = {"In every case", "How sure", "Playing and enlarging"}
"""Groups that share a page with every other, so that no key may be in both."""


def keys_page(asked: Asked) -> Response:
    """Show the keys."""
    shown = frame(asked, title="Keys")
    return html(rendered("keys.html.jinja", groups=ACTIONS, everywhere=EVERYWHERE, **shown))
