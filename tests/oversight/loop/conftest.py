"""Reviews of a few cases, and people who answer them as they are told to."""

import pytest

from alignlab.oversight.items import Advice, Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings


@pytest.fixture
def make_review(tmp_path):
    opened = []

    def make(items=(), **settings):
        folder = tmp_path / f"review-{len(opened)}"
        review = Review.create(folder, items, settings=Settings(**settings))
        opened.append(review)
        return review

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def case():
    def make(row, **fields):
        given = {
            "key": f"case {row}",
            "content": {"form": "text", "text": f"Case {row}"},
            "choices": ["no", "yes"],
            "advice": Advice("no", 0.7),
            "source": {"row": row},
        }
        return Item(**{**given, **fields})

    return make


def _answered(review, name, say, own=None):
    """Answer everything that is open to a person; `say` and `own` turn a key into a decision."""
    if name not in {person.name for person in review.reviewers()}:
        review.invite(name)
    while (held := review.next(name)) is not None:
        if held.stage == "own":
            held = review.step(name, held.lease, said(own(held.key)))
        review.submit(name, held.lease, said(say(held.key)))


def said(word):
    return {"verdict": word} if word in ("cannot tell", "defer") else {"decision": word}


@pytest.fixture
def answer_all():
    return _answered
