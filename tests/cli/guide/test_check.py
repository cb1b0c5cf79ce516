from __future__ import annotations

import json

import pytest

from alignlab import guide
from alignlab.guide import Answer, Issue


def test_the_guide_holds_together(alignlab):
    code, shown, _ = alignlab("guide check")
    assert code == 0
    assert "places hold together." in shown
    assert "written from memory and is not confirmed" in shown
    assert "clopper1934use" not in shown
    assert "kish1965survey" in alignlab("guide check --gaps")[1]


def test_a_fault_is_shown_and_is_the_exit_code(alignlab, monkeypatch):
    issue = Issue("fault", "books.yaml: x2000y", "it is excluded")
    monkeypatch.setattr(guide, "check", lambda: (issue,))
    code, shown, _ = alignlab("guide check")
    assert code == 1
    assert "places, and 1 fault:" in shown
    assert "books.yaml: x2000y" in shown
    assert alignlab("guide check --json")[0] == 1


@pytest.mark.parametrize(("state", "expected"), [("gone", 1), ("refused", 0), ("moved", 0)])
def test_the_answers_of_links(alignlab, monkeypatch, state, expected):
    asked = {}

    def check_links(**said):
        asked.update(said)
        return (
            Answer("https://x.org", ("a", "b"), state, "404"),
            Answer("https://y.org", ("c",), "answers", "200"),
        )

    monkeypatch.setattr(guide, "check_links", check_links)
    code, shown, _ = alignlab("guide check --online --limit 2 --timeout 3")
    assert asked == {"limit": 2, "timeout": 3.0}
    assert code == expected
    assert f"2 links asked: 1 {state}, 1 answers." in shown
    assert ("a, b: 404" in shown) == (state != "refused")
    told = json.loads(alignlab("guide check --online --json")[1])
    assert told["links"][0]["state"] == state


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--limit 3", "--limit is about --online"),
        ("--online --limit 0", "--limit 0 is not a whole number from 1"),
        ("--online --timeout 0", "--timeout 0.0 is not a number of seconds above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_link_is_asked(alignlab, line, message):
    code, _, error = alignlab(f"guide check {line}")
    assert code == 2
    assert message in error
