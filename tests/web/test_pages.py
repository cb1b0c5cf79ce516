"""The work over HTTP: each page, each refusal, and what never reaches the browser."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from html.parser import HTMLParser

import pytest

from alignlab.errors import OutputError
from alignlab.oversight.items import Advice
from alignlab.oversight.review import Review
from alignlab.web.pages import MOST_MS, visible_ms, withheld
from alignlab.web.security import POLICY


class Words(HTMLParser):
    """The text of a page, its tags, and whether it is well formed."""

    EMPTY = frozenset({"meta", "link", "input", "img", "rect", "line", "circle", "br"})

    def __init__(self, page):
        super().__init__()
        self.text, self.tags, self.open = "", [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def heading(answer):
    return re.search(r'id="case-title"[^>]*>([^<]*)<', answer.text)[1]


# --- the way of a case ----------------------------------------------------------------------------


def test_an_answer_is_saved_and_the_next_case_is_the_response(desk, item):
    ana = desk([item(), item()]).enter()
    page = ana.see()
    assert page.status_code == 200
    assert "The model says: refuse" in page.text
    first = ana.lease
    following = ana.post("/answer", verdict="accept", confidence="0.8", visible_ms="1200")
    assert following.status_code == 200
    assert following.text.startswith("<main")
    assert 'data-say="Saved. Next case."' in following.text
    assert ana.lease != first
    (kept,) = ana.review.answers()
    assert kept.answer == {
        "verdict": "accept", "decision": "refuse", "confidence": 0.8, "reason": "",
    }  # fmt: skip
    assert (kept.visible_ms, kept.reviewer, kept.card_seen) == (1200, "ana", False)


def test_without_htmx_a_form_leads_back_to_the_work(desk, item):
    ana = desk([item(), item()]).enter()
    ana.see()
    done = ana.post("/answer", part=False, decision="grant")
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "1 answered" in ana.see().text


def test_the_last_case_is_followed_by_words_and_by_what_waits_for_others(desk, item):
    made = desk([item(), item()], overlap=2)
    ana = made.enter()
    ana.see()
    ana.post("/answer", verdict="accept")
    last = ana.post("/answer", verdict="accept")
    assert heading(last) == "Nothing is waiting for you."
    assert "2 cases wait for a colleague" in last.text
    assert "data-poll" in last.text
    assert ana.client.get("/work").status_code == 204
    ana.review.add([item()])
    assert heading(ana.see("/work")) == "Application 17"


def test_nothing_at_all_is_waiting(desk, item):
    made = desk([item()])
    ana = made.enter()
    ana.see()
    ana.post("/answer", verdict="cannot tell")
    assert "Every case has its answers" in ana.see().text


def test_a_page_loaded_again_shows_the_same_case(desk, item):
    ana = desk([item() for _ in range(5)]).enter()
    ana.see()
    lease = ana.lease
    ana.see()
    assert ana.lease == lease


def test_an_answer_sent_twice_is_kept_once_and_acknowledged(desk, item):
    ana = desk([item(), item(), item()]).enter()
    ana.see()
    lease = ana.lease
    ana.post("/answer", verdict="accept")
    again = ana.post("/answer", lease=lease, verdict="accept")
    assert "that answer stands" in again.text
    assert len(list(ana.review.answers())) == 1


def test_who_answers_otherwise_in_another_tab_sees_that_the_first_stands(desk, item):
    ana = desk([item(), item(), item()]).enter()
    ana.see()
    lease = ana.lease
    ana.post("/answer", verdict="accept")
    for other in (
        ana.post("/answer", lease=lease, verdict="cannot tell"),
        ana.post("/answer", part=False, lease=lease, verdict="cannot tell"),
    ):
        assert "You had answered that case before, and that answer stands." in other.text
        assert "Saved" not in other.text
    (kept,) = ana.review.answers()
    assert kept.answer["verdict"] == "accept"


def test_undo_brings_back_what_was_said(desk, item):
    ana = desk([item(), item()]).enter()
    ana.see()
    ana.post("/answer", verdict="accept", confidence="0.8", reason="too <soon>")
    back = ana.post("/undo")
    assert "Taken back" in back.text
    assert "too &lt;soon&gt;</textarea>" in back.text
    assert re.search(r'value="0.8" checked', back.text)
    assert list(ana.review.answers()) == []
    assert ana.post("/answer", decision="grant").status_code == 200


def test_there_is_nothing_to_undo(desk, item):
    ana = desk([item()]).enter()
    ana.see()
    refused = ana.post("/undo")
    assert refused.status_code == 422
    assert "There is no answer of yours to take back." in refused.text
    assert refused.headers["hx-retarget"] == "#notice"


def test_three_choices_without_advice_have_a_key_each_and_no_verdict(desk, item):
    ana = desk([item(choices=("x", "y", "z"), advice=None)]).enter()
    page = ana.see().text
    assert re.findall(r'data-key="(\w)" name="decision" value="(\w)"', page) == [
        ("1", "x"), ("2", "y"), ("3", "z"),
    ]  # fmt: skip
    assert "The model" not in page
    assert 'id="advice"' not in page
    ana.post("/answer", decision="z")
    assert next(ana.review.answers()).answer["verdict"] == "own"


def test_what_is_not_asked_is_not_on_the_page(desk, item):
    ana = desk([item()], confidence=False, reason=False).enter()
    page = ana.see().text
    assert "confidence" not in page
    assert "textarea" not in page
    assert "data-ask" not in page


# --- what an arm withholds ------------------------------------------------------------------------


def told(card):
    """Every text of a card, as it would be found on a page."""
    found = []

    def walk(value):
        if isinstance(value, str) and len(value) > 12:
            found.append(value)
        for each in value.values() if isinstance(value, dict) else ():
            walk(each)
        for each in value if isinstance(value, list) else ():
            walk(each)

    walk(card)
    return found


@pytest.mark.parametrize("part", [True, False])
def test_before_the_own_answer_not_a_byte_depends_on_the_advice(desk, item, card, part):
    """The whole response, headers too, is the same whatever the model says and why."""

    def shown(advice, explained):
        options = {"advice": advice, "explained": explained, "key": "one"}
        ana = desk([item(**options), item(key="two")], arms=("own first",)).enter()
        answers = [ana.see(), ana.see("/work")] if part else [ana.see(), ana.see("/keys")]
        api = ana.client.post("/api/next", headers={"authorization": "Bearer none"})
        assert api.status_code == 403
        secrets = sorted({ana.csrf, ana.lease})
        text = "\n".join(f"{dict(each.headers)}\n{each.text}" for each in answers)
        for secret in secrets:
            text = text.replace(secret, "")
        return text

    pages = {
        shown(Advice("refuse", 0.8137), True),
        shown(Advice("grant", 0.5521), False),
        shown(Advice("refuse"), True),
    }
    assert len(pages) == 1
    (page,) = pages
    assert not [each for each in ("8137", "81%", "81 %") if each in page]
    assert not [each for each in told(card) if each in page]
    assert "advice comes after your own answer" in page


def test_after_the_own_answer_the_advice_comes_and_with_it_what_was_said(desk, item):
    ana = desk([item(explained=True), item()], arms=("own first",)).enter()
    page = ana.see()
    assert 'action="/step"' in page.text
    assert re.search(r'value="defer"[^>]*formaction="/answer"', page.text)
    after = ana.post("/step", decision="grant", confidence="0.7", reason="r1", visible_ms="900")
    assert 'action="/answer"' in after.text
    assert "The model says: refuse" in after.text
    assert "Before, you said: grant, 70% sure." in after.text
    assert "What counted?" in after.text
    assert ">r1</textarea>" in after.text
    assert "checked" not in after.text
    ana.post("/answer", verdict="accept")
    (kept,) = ana.review.answers()
    assert kept.own["decision"] == "grant"
    assert kept.answer["verdict"] == "accept"


def test_not_knowing_first_is_an_own_answer_and_handing_on_ends_the_case(desk, item):
    ana = desk([item(), item()], arms=("own first",)).enter()
    ana.see()
    after = ana.post("/step", verdict="cannot tell")
    assert "Before, you could not tell." in after.text
    ana.post("/answer", verdict="accept")
    assert ana.post("/answer", verdict="defer").status_code == 200
    assert [each.answer["verdict"] for each in ana.review.answers()] == ["accept", "defer"]


@pytest.mark.parametrize(
    ("arm", "words", "absent"),
    [
        ("none", [], ["The model says", "81%", "What counted"]),
        ("advice", ["The model says: refuse"], ["81%", "What counted"]),
        ("confidence", ["The model says: refuse", "81%"], ["What counted"]),
        ("explanation", ["The model says: refuse", "81%", "What counted?"], []),
        ("on demand", ["The model says: refuse", "81%", "Show what counted"], ["What counted?"]),
    ],
)
def test_an_arm_shows_what_it_says_and_no_more(desk, item, arm, words, absent):
    ana = desk([item(explained=True)], arms=(arm,)).enter()
    page = ana.see().text
    assert all(each in page for each in words)
    assert not [each for each in absent if each in page]


def test_an_explanation_comes_on_demand_and_that_is_recorded(desk, item):
    ana = desk([item(explained=True), item()], arms=("on demand",)).enter()
    ana.see()
    shown = ana.post("/reveal", reason="half a rea", visible_ms="10")
    assert shown.headers["hx-retarget"] == "#advice"
    assert shown.text.lstrip().startswith("<section")
    assert "What counted?" in shown.text
    assert "Show what counted" not in shown.text
    plain = ana.post("/reveal", part=False, reason="half a rea")
    assert "half a rea</textarea>" in plain.text
    ana.post("/answer", verdict="accept")
    (kept,) = ana.review.answers()
    assert kept.card_seen


def test_a_card_never_tells_what_happened_in_the_case(desk, item, card):
    assert card["happened"] in ("grant", "refuse")
    happened = next(each for each in card["sections"] if each["key"] == "decision")["sentences"][1]
    assert "What happened is" in happened
    ana = desk([item(explained=True)]).enter()
    assert happened not in ana.see().text
    assert happened not in json.dumps(withheld(card))
    assert withheld(card)["happened"] is None
    assert withheld(None) is None


def test_a_card_that_cannot_be_drawn_does_not_hold_up_the_queue(desk, item, caplog):
    ana = desk([item(card={"decision": "refuse", "sections": []})]).enter()
    page = ana.see()
    assert page.status_code == 200
    assert "The explanation of this case cannot be shown." in page.text


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/answer", "/step", "/undo", "/reveal", "/sign-out"])
@pytest.mark.parametrize(
    "how",
    [
        {"csrf": ""},
        {"csrf": "0" * 64},
        {"headers": {"X-CSRF-Token": "0" * 64}},
        {"headers": {"origin": "http://evil.example"}},
        {"headers": {"origin": "null"}},
        {"headers": {"origin": "http://127.0.0.1:9000"}},
        {"headers": {"sec-fetch-site": "cross-site"}},
        {"headers": {"sec-fetch-site": "same-site"}},
    ],
)
def test_what_no_page_of_this_site_sent_is_refused(desk, item, path, how):
    ana = desk([item()]).enter()
    ana.see()
    for part in (True, False):
        refused = ana.post(path, part=part, verdict="accept", reason="typed", **how)
        assert refused.status_code == 403
        assert "Not saved" in refused.text
        assert ("typed" in refused.text) is not part
    assert list(ana.review.answers()) == []
    assert ana.see().status_code == 200


def test_the_token_may_come_in_the_header_as_htmx_sends_it(desk, item):
    ana = desk([item(), item()]).enter()
    ana.see()
    done = ana.post("/answer", csrf="", headers={"X-CSRF-Token": ana.csrf}, verdict="accept")
    assert done.status_code == 200


def test_a_token_of_another_session_is_refused(desk, item):
    ana = desk([item(), item()]).enter()
    ana.see()
    mine = ana.csrf
    ana.client.cookies.clear()
    ana.enter("bo").see()
    assert ana.csrf != mine
    assert ana.post("/answer", csrf=mine, verdict="accept").status_code == 403


@pytest.mark.parametrize("path", ["/", "/work", "/keys", "/dashboard", "/media/scan.png"])
def test_nobody_sees_a_page_without_signing_in(desk, item, path):
    nobody = desk([item()])
    led = nobody.client.get(path)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in")
    part = nobody.client.get(path, headers={"HX-Request": "true"})
    assert part.status_code == 401
    assert "Application" not in part.text


def test_a_person_who_is_signed_out_keeps_what_was_typed(desk, item):
    ana = desk([item()]).enter()
    ana.see()
    ana.client.cookies.clear()
    part = ana.post("/answer", verdict="accept", reason="long thought")
    assert (part.status_code, part.headers["hx-retarget"]) == (401, "#notice")
    page = ana.post("/answer", part=False, verdict="accept", reason="long thought")
    assert page.status_code == 401
    assert "long thought</textarea>" in page.text


def test_access_that_is_taken_back_ends_at_once(desk, item):
    ana = desk([item()]).enter()
    ana.see()
    ana.review.revoke("ana")
    refused = ana.post("/answer", verdict="accept", reason="x")
    assert refused.status_code == 401
    assert "your access was taken back" in refused.text
    assert list(ana.review.answers()) == []


def test_a_case_whose_time_ran_out_is_said_to_be_no_longer_theirs(desk, item):
    now = [1_000.0]
    ana = desk([item()], lease_minutes=1.0, clock=lambda: now[0]).enter()
    ana.see()
    now[0] += 61
    for part in (True, False):
        refused = ana.post("/answer", part=part, verdict="accept", reason="typed long")
        assert refused.status_code == 409
        assert "no longer yours" in refused.text
        assert "Go on to the next case" in refused.text
    assert "typed long</textarea>" in refused.text
    assert list(ana.review.answers()) == []
    assert heading(ana.see()) == "Application 17"


def test_a_lease_of_another_or_of_nobody_is_refused(desk, item):
    ana = desk([item(), item()]).enter()
    ana.see()
    for lease in ("", "x" * 40, "\0", "é", "'; drop table answers; --"):
        assert ana.post("/answer", lease=lease, verdict="accept").status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"decision": "maybe"},
        {"verdict": "accept", "decision": "grant"},
        {"verdict": "agree"},
        {"decision": "grant", "confidence": "much"},
        {"decision": "grant", "confidence": "1.5"},
        {"decision": "grant", "confidence": "nan"},
        {"decision": "grant", "reason": "x" * 4001},
        {"decision": "grant", "kind": "guess"},
    ],
)
def test_what_cannot_be_said_is_refused_and_everything_stays(desk, item, fields):
    ana = desk([item()]).enter()
    ana.see()
    part = ana.post("/answer", **fields)
    assert (part.status_code, part.headers["hx-retarget"]) == (422, "#notice")
    page = ana.post("/answer", part=False, **{"reason": "kept <b>", **fields})
    assert page.status_code == 422
    assert heading(page) == "Application 17"
    assert ("kept &lt;b&gt;" if len(fields.get("reason", "")) < 9 else "xxxx") in page.text
    assert list(ana.review.answers()) == []


def test_a_database_that_is_locked_loses_nothing_and_says_so(desk, item, monkeypatch):
    monkeypatch.setattr("alignlab.oversight.archive.database.PATIENCE", 0.05)
    ana = desk([item()]).enter()
    ana.see()
    file = ana.review.folder / "review.db"
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    for part in (True, False):
        refused = ana.post("/answer", part=part, verdict="accept", reason="thought")
        assert refused.status_code == 503
        assert "Not saved." in refused.text
    assert "thought</textarea>" in refused.text
    other.rollback()
    other.close()
    assert list(ana.review.answers()) == []
    assert ana.post("/answer", verdict="accept").status_code == 200
    assert len(list(ana.review.answers())) == 1


def test_an_answer_waits_beside_the_loop_and_only_where_somebody_else_writes(
    desk, item, monkeypatch
):
    ana = desk([item(), item()]).enter()
    ana.see()
    kept, where = Review.submit_and_next, []

    def noted(*given, **said):
        where.append(threading.current_thread().name.startswith("review"))
        return kept(*given, **said)

    monkeypatch.setattr(Review, "submit_and_next", noted)
    assert ana.post("/answer", verdict="accept").status_code == 200
    assert where == [False]
    writing = ana.review._database._writing
    writing.acquire()
    timer = threading.Timer(0.2, writing.release)
    timer.start()
    assert ana.post("/answer", verdict="accept").status_code == 200
    timer.join()
    assert where == [False, False, True]
    assert len(list(ana.review.answers())) == 2
    assert ana.review.verify().ok


@pytest.mark.parametrize("error", [OutputError("The disk is full."), RuntimeError("/a/secret")])
def test_whatever_fails_nothing_is_said_to_be_saved(desk, item, monkeypatch, error, caplog):
    ana = desk([item()]).enter()
    ana.see()

    def fails(*_, **__):
        raise error

    monkeypatch.setattr(Review, "submit_and_next", fails)
    for part in (True, False):
        refused = ana.post("/answer", part=part, verdict="accept")
        assert refused.status_code in (500, 503)
        assert "Not saved" in refused.text
        assert "/a/secret" not in refused.text
        assert "data-say" not in refused.text or 'data-say=""' in refused.text


# --- hostile texts, pictures, headers -------------------------------------------------------------


def test_hostile_texts_are_shown_and_never_run(desk, item, hostile):
    content = {"form": "row", "title": hostile, "cells": [[hostile, hostile], ["b", hostile]]}
    ana = desk(
        [item(content=content, choices=(hostile, "b"), advice=Advice(hostile, 0.5))],
        title=hostile[:90],
        question=hostile,
    ).enter()
    page = Words(ana.see().text)
    assert page.text.count(hostile) >= 6
    assert [src for tag, each in page.tags if tag == "img" for src in each] == []
    assert all(each["src"].startswith("/static/") for tag, each in page.tags if tag == "script")
    assert not [name for _, each in page.tags for name in each if name.startswith("on")]
    ana.post("/answer", verdict="accept", reason=hostile)
    assert next(ana.review.answers()).answer["decision"] == hostile


def test_a_text_keeps_its_lines_and_a_behaviour_has_its_player(desk, item):
    ana = desk([item("decide", "text"), item("decide", "trajectory"), item("decide", "image")])
    ana.enter()
    seen = ""
    for _ in range(3):
        page = ana.see()
        Words(page.text)
        seen += page.text
        ana.post("/answer", verdict="accept")
    assert "until now.\n\nPlease" in seen
    assert "trajectory-player" in seen
    assert 'src="/media/scan.png"' in seen


def test_a_picture_is_for_who_holds_its_case(desk, item):
    made = desk([item("decide", "image")])
    ana = made.enter()
    assert ana.client.get("/media/scan.png").status_code == 404
    ana.see()
    shown = ana.client.get("/media/scan.png")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.content.startswith(b"\x89PNG")
    for name in ("dark.png", "../review.json", "%2e%2e%2f", "x" * 300, "scan.png%00"):
        assert ana.client.get(f"/media/{name}").status_code == 404
    ana.post("/answer", verdict="accept")
    assert ana.client.get("/media/scan.png").status_code == 404


def test_every_page_is_whole_has_no_style_of_its_own_and_carries_the_policy(desk, item):
    ana = desk([item(explained=True), item()], trust=True).enter(role="owner")
    for path in ("/", "/keys", "/dashboard", "/trust", "/nowhere"):
        page = ana.see(path)
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["cache-control"] == "no-store"
        tags = Words(page.text).tags
        assert not [each for _, each in tags if "style" in each]
        assert not [tag for tag, each in tags if tag == "script" and "src" not in each]
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert [tag for tag, _ in tags].count("h1") == 1
        ids = [each["id"] for _, each in tags if "id" in each]
        assert len(ids) == len(set(ids))


def test_time_is_what_the_browser_measured_or_nothing():
    assert visible_ms({"visible_ms": "0"}) == 0
    assert visible_ms({"visible_ms": str(MOST_MS)}) == MOST_MS
    for given in ("", "-1", "1.5", "1e3", "٣", "²", "9" * 30, str(MOST_MS + 1), "nan"):
        assert visible_ms({"visible_ms": given}) is None
