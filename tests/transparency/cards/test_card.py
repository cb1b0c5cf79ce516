from __future__ import annotations

import json

import pytest

from alignlab.errors import OutputError
from alignlab.plain import plain
from alignlab.transparency.cards import CARD_VERSION


def test_a_card_is_plain_values(card, rent):
    for each in (card, rent[3]):
        told = each.to_dict()
        assert told["card"] == CARD_VERSION
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert plain(told) == told
        assert told["sections"][0]["question"] == "What was decided?"
        assert len(told["sections"]) == 6


def test_a_card_is_text(card):
    text = str(card)
    assert "What counted?\n  Over 100 other cases" in text
    assert all(line in text for line in card.sentences)
    assert repr(card) == f"<ExplanationCard row {card.row}: no>"
    assert card._repr_html_().count("<h4>") == 6


def test_a_card_is_saved_whole(card, tmp_path):
    path = card.save(tmp_path / "card.html")
    assert path.read_text(encoding="utf-8") == card.to_html()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        card.save(tmp_path / "file" / "card.html")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["card.html", "file"]
