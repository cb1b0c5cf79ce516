"""Pages and what they load: templates compiled once, files read once and named by their digest.

Every text of a case is hostile until it is escaped: templates escape everything, and nothing in
this room marks a text of a case as safe.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alignlab.web.decks import Press

__all__ = ["Asset", "assets", "deck", "rendered", "warm"]

HTMX = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    # Nor is a style copied from the old page into the new one, which the policy would refuse.
    "attributesToSettle": ["class", "width", "height"],
    "selfRequestsOnly": True,
    # Pages hold case texts and advice: none may stay in the browser's storage.
    "historyEnabled": False,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "[45]..", "swap": True, "error": True},
    ],
}

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load."""

    body: bytes
    kind: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return all files that pages load, by name."""
    shared = files("alignlab").joinpath("transparency", "cards", "parts.css")
    found = [shared, *files("alignlab.web").joinpath("static").iterdir()]
    return {
        each.name: _asset(each.name, each.read_bytes())
        for each in found
        if each.name[each.name.rfind(".") :] in TYPES
    }


def rendered(template: str, **values: Any) -> bytes:
    """Return a template filled in.

    Parameters
    ----------
    template
        Its name in `templates/`.
    **values
        What it shows; texts are escaped.
    """
    page = _environment().get_template(template).render(values)
    # Half a surrogate pair, which JSON can hold and no page can, becomes a question mark.
    return page.encode("utf-8", "replace")


def deck(
    presses: Sequence[Press],
    instead: Sequence[Press],
    levels: Sequence[tuple[str, float, str]],
    reason: bool,
    prefill: Mapping[str, Any],
) -> Markup:
    """Return the buttons, how sure and why: what a person acts with.

    Most cases have the same, so what is filled in with nothing is kept.
    """
    if prefill["reason"] or prefill["confidence"]:
        return _deck(tuple(presses), tuple(instead), tuple(levels), reason, **prefill)
    return _kept_deck(tuple(presses), tuple(instead), tuple(levels), reason)


def warm() -> None:
    """Read and compile everything, so that nobody's first page waits for it."""
    for name in _environment().list_templates():
        _environment().get_template(name)
    assets()
    # The room that draws cards takes seconds to import.
    import alignlab.transparency.cards.page  # noqa: F401


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # All of them are copied into each page, part and macro; the ChainMap that Jinja makes of
        # them is copied name by name in Python, which took a quarter of a page's time.
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Views are dicts: looking for an attribute before the item takes ten times as long.
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def _environment() -> Environment:
    environment = _Environment(
        loader=PackageLoader("alignlab.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals["asset"] = _address
    environment.globals["deck"] = deck
    environment.globals["htmx_config"] = json.dumps(HTMX)
    # Made once: importing them would make them again for every page and every part of one.
    for name in ("pieces", "players"):
        environment.globals[name] = environment.get_template(f"{name}.html.jinja").module
    return environment


def _deck(
    presses: tuple[Press, ...],
    instead: tuple[Press, ...],
    levels: tuple[tuple[str, float, str], ...],
    asked: bool,
    confidence: str = "",
    reason: str = "",
) -> Markup:
    template = _environment().get_template("deck.html.jinja")
    return Markup(
        template.render(
            presses=presses, instead=instead, levels=levels, asked=asked,
            confidence=confidence, reason=reason,
        )
    )  # fmt: skip


_kept_deck = lru_cache(maxsize=256)(_deck)


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, TYPES[name[name.rfind(".") :]], hashlib.sha256(body).hexdigest()[:12])


def _address(name: str) -> str:
    return f"/static/{name}?v={assets()[name].digest}"
