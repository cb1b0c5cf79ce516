"""What the site shows and hears of each kind of item: one entry a kind.

A kind has a template `case_<kind>.html.jinja`, a view (what the template shows of a case, as plain
values) and a reader (what a person said, from the fields of the form).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alignlab.oversight.items import Case
from alignlab.oversight.settings import Settings
from alignlab.web.deciding import decide_view, decided
from alignlab.web.interviews import interview_view, replied
from alignlab.web.preferring import prefer_view, preferred

__all__ = ["KINDS", "WIDGETS", "KindOfPage"]

View = Callable[[Case, Settings], dict[str, Any]]
Said = Callable[[Mapping[str, str], Callable[[], Case | None]], dict[str, Any]]


@dataclass(frozen=True)
class KindOfPage:
    """How one kind of item is shown and heard.

    Attributes
    ----------
    view
        Makes what the template shows; it holds at least "title", "question" and "action", the
        address that the form posts to: "/answer", or "/step" where another question follows.
    said
        Reads a form. Its second argument returns the case that the person holds, for what cannot
        be read off the form alone.
    """

    view: View
    said: Said


KINDS: dict[str, KindOfPage] = {
    "decide": KindOfPage(decide_view, decided),
    "prefer": KindOfPage(prefer_view, preferred),
    "interview": KindOfPage(interview_view, replied),
}

WIDGETS = ("trajectory.js", "images.js")
"""Modules in `static/` that define the elements which cases are made of."""
