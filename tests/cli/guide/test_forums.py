from __future__ import annotations

import json


def test_forums_and_what_is_none(alignlab):
    code, shown, _ = alignlab("guide forums")
    forums, _, others = shown.partition("named as forums, but none")
    assert code == 0
    assert "https://www.alignmentforum.org" in forums
    assert "fhi-forum" not in forums
    assert "Future of Humanity Institute Forum  not found" in others
    assert "fhi.ox.ac.uk" not in shown


def test_json(alignlab):
    told = json.loads(alignlab("guide forums --json")[1])["forums"]
    assert sum(not each["is_forum"] for each in told) == 3
