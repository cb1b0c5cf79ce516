"""A review that holds the answers it was given, for what is told of them in files."""

from types import SimpleNamespace

import pytest

from alignlab.oversight.archive.chain import Head
from alignlab.oversight.items import Advice
from alignlab.oversight.settings import Settings

BLANK = {
    "seq": 1,
    "key": "a",
    "kind": "decide",
    "reviewer": "ana",
    "at": 1_790_000_000.25,
    "answer": {"verdict": "override", "decision": "no", "confidence": 0.8, "reason": "debts"},
    "own": None,
    "said": (),
    "arm": "explanation",
    "advice_seen": True,
    "card_seen": True,
    "swapped": False,
    "visible_ms": 4200.0,
    "server_ms": 5000.0,
    "drawn": "value",
    "stratum": "",
    "group": "",
    "advice": Advice("yes", 0.6),
    "truth": None,
    "gold": None,
    "source": {"row": 17},
    "content": None,
}


class Told:
    """The door of a review as far as an export goes through it."""

    def __init__(self, folder, answers):
        self.folder = folder
        self.settings = Settings(title="Loans")
        self.head = Head(len(answers), "ab" * 32)
        self.given = answers

    def answers(self, *, gold=False, content=False):
        for each in self.given:
            if gold or each.drawn != "gold":
                yield each if content else SimpleNamespace(**{**vars(each), "content": None})


@pytest.fixture
def answered():
    def make(**fields):
        return SimpleNamespace(**{**BLANK, **fields})

    return make


@pytest.fixture
def review_of(tmp_path):
    def make(*answers):
        folder = tmp_path / "review"
        folder.mkdir(exist_ok=True)
        return Told(folder, list(answers))

    return make


@pytest.fixture
def compared(answered):
    """An answer to two texts, as `Review.answers` gives it: the sides as they were added."""

    def make(said, *, prompt="Which colour?", **fields):
        content = {
            "form": "text",
            "prompt": prompt,
            "first": {"text": "Blue."},
            "second": {"text": "Green."},
        }
        answer = {"preferred": said, "confidence": None, "reason": ""}
        return answered(kind="prefer", answer=answer, advice=None, content=content, **fields)

    return make
