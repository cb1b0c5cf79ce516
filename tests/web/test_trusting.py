"""The questionnaire of trust: what it shows, what it keeps, and that nobody has to answer it."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings
from alignlab.oversight.trust import TRUST_ITEMS, score_trust
from alignlab.web.site import app
from alignlab.web.trusting import rated

KEYS = [each.key for each in TRUST_ITEMS]


@pytest.fixture
def people(tmp_path):
    """Two people who are signed in, and the review."""
    items = [Item(key="a", content={"form": "text", "text": "a"}, choices=("yes", "no"))]
    opened = []

    def signed_in(**settings):
        review = Review.create(tmp_path / "review", items, settings=Settings(**settings))
        site = app(review)
        opened.append(review)
        clients = []
        for name in ("ana", "bob"):
            client = TestClient(site, base_url="http://localhost")
            client.get("/enter", params={"token": review.invite(name)})
            clients.append(client)
        return review, *clients

    yield signed_in
    for review in opened:
        review.close()


def order(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'type="radio" name="(\w+)"', page)))


def sent(client, **ratings):
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/trust").text)[1]
    return client.post("/trust", data={"csrf": csrf, **ratings}, follow_redirects=False)


def test_everybody_meets_every_statement_in_an_order_of_their_own(people):
    _, ana, bob = people(trust=True)
    first, second = ana.get("/trust").text, bob.get("/trust").text
    assert sorted(order(first)) == sorted(order(second)) == sorted(KEYS)
    assert order(first) != order(second)
    assert order(first) == order(ana.get("/trust").text)
    assert "checked" not in first
    assert first.count('type="radio"') == 7 * 12


def test_what_was_marked_is_kept_as_it_was_marked_and_the_rest_left_out(people):
    review, ana, _ = people(trust=True)
    told = sent(ana, wary="6", trust="2", reliable="7")
    assert (told.status_code, told.headers["location"]) == (303, "/trust?saved")
    (kept,) = review.trust_answers()
    assert kept.answers == {"wary": 6, "trust": 2, "reliable": 7}
    assert "Thank you" in ana.get("/trust?saved").text
    assert review.verify().ok


def test_all_twelve_are_scored_by_the_room(people):
    review, ana, _ = people(trust=True)
    sent(ana, **{each.key: "7" if each.distrust else "1" for each in TRUST_ITEMS})
    (kept,) = review.trust_answers()
    assert score_trust({"ana": kept.answers}).scores.tolist() == [1.0]


@pytest.mark.parametrize("ratings", [{}, {"wary": "8"}, {"wary": "<b>"}])
def test_what_cannot_be_kept_is_said_and_what_was_marked_stays(people, ratings):
    review, ana, _ = people(trust=True)
    told = sent(ana, **ratings, **({"trust": "5"} if ratings else {}))
    assert told.status_code == 422
    assert "Not saved." in told.text
    assert "<b>" not in told.text.replace("<b></b>", "")
    assert told.text.count("checked") == (1 if ratings else 0)
    assert list(review.trust_answers()) == []


def test_without_it_there_is_no_such_page(people):
    review, ana, _ = people(trust=False)
    assert ana.get("/trust").status_code == 404
    assert 'href="/trust"' not in ana.get("/").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', ana.get("/").text)[1]
    assert ana.post("/trust", data={"csrf": csrf, "wary": "1"}).status_code == 404
    assert list(review.trust_answers()) == []


@pytest.mark.parametrize("given", ["0", "8", "1.5", "", "٣"])
def test_a_rating_is_a_number_of_the_scale(given):
    with pytest.raises(InputError, match="from 1 to 7"):
        rated({"wary": given})
