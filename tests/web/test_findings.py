from base64 import b64decode
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from alignlab.oversight.items import Advice, Item
from alignlab.oversight.review import Review
from alignlab.oversight.sampling import sampled
from alignlab.oversight.settings import Settings
from alignlab.oversight.statistics import review_statistics
from alignlab.web import findings
from alignlab.web.findings import MOST_ROWS, shown
from alignlab.web.site import app


@pytest.fixture
def review(tmp_path):
    items = [
        Item(
            key=f"case {n}",
            content={"form": "text", "title": f"Case {n}", "text": "<b>bold</b>"},
            choices=["no", "yes"],
            advice=Advice("yes", 0.8),
            truth="no" if n % 3 else "yes",
        )
        for n in range(12)
    ]
    with Review.create(tmp_path / "cases", items, settings=Settings(overlap=2)) as made:
        yield made


def signed_in(review, name, role):
    token = review.invite(name, role=role)
    client = TestClient(app(review), base_url="http://127.0.0.1:8000")
    client.get(f"/enter?token={token}")
    return client


def test_the_owner_sees_every_question_and_nobody_else_does(review):
    owner = signed_in(review, "olga", "owner")
    page = owner.get("/findings")
    assert page.status_code == 200
    assert "Nobody has answered yet." in page.text
    for person, word in (("<i>ann", "no"), ("bob", "yes")):
        review.invite(person)
        while case := review.next(person):
            review.submit(person, case.lease, {"decision": word, "confidence": 0.9})
    page = owner.get("/findings")
    for statistic in review_statistics(review.answers(gold=True)):
        assert statistic.question in page.text
    assert "people took 50% of wrong advice" in page.text
    assert "&lt;i&gt;ann" in page.text
    assert "<i>ann" not in page.text
    assert review.head.hash in page.text
    assert signed_in(review, "rita", "reviewer").get("/findings").status_code == 403


def test_a_chart_is_a_picture_and_a_table_is_cut_off_and_says_so(answered):
    found = {each.name: each for each in review_statistics(answered(people=MOST_ROWS + 5))}
    reviewers = shown(found["reviewers"])
    kind, _, data = reviewers.drawing.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(b64decode(data)).tag.endswith("svg")
    assert len(reviewers.rows) == MOST_ROWS
    assert reviewers.left_out == 5
    assert reviewers.numbers[0] is False
    assert all(reviewers.numbers[1:])
    assert shown(found["gold"]).rows == ()


def test_what_is_undefined_is_an_empty_cell(answered):
    found = {each.name: each for each in review_statistics(answered(arms=("advice",)))}
    table = shown(found["complementarity"])
    assert "nan" not in str(table.rows)
    assert any("" in row for row in table.rows)


def test_of_very_many_answers_the_page_says_what_it_is_from(review, monkeypatch):
    owner = signed_in(review, "olga", "owner")
    review.invite("ann")
    while case := review.next("ann"):
        review.submit("ann", case.lease, {"decision": "no", "confidence": 0.9})
    assert "drawn by chance" not in owner.get("/findings").text
    monkeypatch.setattr(findings, "sampled", lambda answers: sampled(answers, most=8))
    page = owner.get("/findings").text
    assert "drawn by chance, of 12 answers in all" in page
