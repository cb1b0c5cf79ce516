"""Templates: escaped, compiled once, and every file that they name is there."""

from __future__ import annotations

import json
import re

import pytest

from alignlab.web.deciding import INSTEAD
from alignlab.web.decks import levels
from alignlab.web.notices import Notice
from alignlab.web.rendering import HTMX, assets, deck, rendered, warm

EMPTY = {"reason": "", "confidence": ""}


def test_texts_are_escaped():
    notice = Notice(422, "<b>", "\"'&<script>", next=False)
    page = rendered("notice.html.jinja", notice=notice).decode()
    assert "<b>" not in page
    assert "<script>" not in page


def test_half_a_letter_does_not_break_a_page():
    notice = Notice(422, "a\ud800b", "", next=False)
    assert b"a?b" in rendered("notice.html.jinja", notice=notice)


def test_a_deck_is_kept_where_nothing_is_filled_in_and_nobody_gets_anothers_words():
    plain = deck(INSTEAD, (), levels(2), True, EMPTY)
    assert deck(INSTEAD, (), levels(2), True, EMPTY) is plain
    mine = deck(INSTEAD, (), levels(2), True, {"reason": "mine", "confidence": "0.8"})
    assert ">mine</textarea>" in mine
    assert re.search(r'value="0.8" checked', mine)
    assert deck(INSTEAD, (), levels(2), True, EMPTY) is plain
    assert "mine" not in plain
    assert "csrf" not in plain
    assert "lease" not in plain


def test_htmx_runs_nothing_and_keeps_nothing():
    assert HTMX["allowEval"] is False
    assert HTMX["includeIndicatorStyles"] is False
    assert HTMX["historyCacheSize"] == 0
    json.dumps(HTMX)


def test_everything_compiles_and_no_file_names_another_site():
    warm()
    for name, asset in assets().items():
        if name.startswith("htmx"):
            continue
        text = asset.body.decode()
        assert not re.search(r"(?:https?:)?//[a-z]+\.", text), name
        assert "@import" not in text
        assert "innerHTML" not in text
        assert "eval(" not in text


def test_the_styles_colours_are_the_charts():
    from alignlab import theme

    style = assets()["review.css"].body.decode()
    light = style.partition("@media")[0]
    for colour in (theme.INK, theme.QUIET, theme.RULE, theme.ACCENT, theme.WARN):
        assert colour in light


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_words_and_edges_can_be_told_from_their_ground(theme):
    """WCAG 2.2: 4.5 to 1 for words (1.4.3), 3 to 1 for the edges of controls (1.4.11)."""
    style = assets()["review.css"].body.decode()
    found = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", found))
    for ground in ("paper", "ground", "wash"):
        for words in ("ink", "quiet", "accent", "warn"):
            assert _contrast(colours[words], colours[ground]) >= 4.5, (words, ground)
        assert _contrast(colours["edge"], colours[ground]) >= 3
    assert _contrast(colours["on-accent"], colours["accent"]) >= 4.5
