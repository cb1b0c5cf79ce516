from __future__ import annotations

import json


def test_conferences_journals_and_competitions(alignlab):
    code, shown, _ = alignlab("guide venues")
    text = " ".join(shown.split())
    assert code == 0
    assert "2026: 12 to 14 October 2026, papers by 2026-05-21" in text
    assert "it is one conference" in text
    assert "AI Alignment Prize ended" in text
    assert "Robust and Reliable Machine Learning Competition not found" in text
    assert text.index("conferences") < text.index("journals") < text.index("competitions")


def test_json(alignlab):
    told = json.loads(alignlab("guide venues --json")[1])
    assert {"venues", "competitions"} < told.keys()
    assert told["venues"][3]["edition"]["year"] == 2026
