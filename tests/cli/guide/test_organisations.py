from __future__ import annotations

import json

from alignlab.guide import organisations


def test_every_organisation_with_its_state_and_link(alignlab):
    code, shown, _ = alignlab("guide organisations")
    assert code == 0
    lines = [line.strip() for line in shown.splitlines()]
    assert {each.kind for each in organisations()} <= set(lines)
    for each in organisations():
        assert any(line.startswith(f"{each.key} ") for line in lines)
    text = " ".join(shown.split())
    assert "FHI (Future of Humanity Institute) closed" in text
    assert "Ought dormant" in text
    assert "https://metr.org" in text


def test_json(alignlab):
    told = json.loads(alignlab("guide organisations --json")[1])["organisations"]
    assert len(told) == len(organisations())
    assert all(each["seen"] and each["as_of"] for each in told)
