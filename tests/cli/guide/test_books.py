from __future__ import annotations

import json


def test_books_with_what_was_said_of_them(alignlab):
    code, shown, _ = alignlab("guide books")
    text = " ".join(shown.split())
    assert code == 0
    assert "Nick Bostrom (2014). Oxford University Press" in text
    assert "The text said: Human Compatible has code examples in PyTorch." in text
    assert "What is true: It is a book for the general reader, without code." in text
    assert "Roman V. Yampolskiy (ed.)" in text


def test_those_that_do_not_exist_are_left_out_and_said_so(alignlab):
    _, shown, _ = alignlab("guide books")
    offered, _, left_out = shown.partition("Left out:")
    assert "Autonomous Vehicles" not in offered
    assert "Read sutton2018reinforcement instead." in " ".join(left_out.split())


def test_json(alignlab):
    told = json.loads(alignlab("guide books --json")[1])["books"]
    assert sum(book["exclude"] for book in told) == 2
    assert any(book["corrections"] for book in told)
