"""Decisions as people make them: in Chromium, by keyboard alone, without a script, when all fails.

`press` waits until the page has settled, so that each key meets the case it is meant for.
"""

from __future__ import annotations

import sqlite3
import time

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def work(serve, visit):
    """Serve items and let ana in; returns the site and her page."""

    def at_work(items, *, browser_options=None, **settings):
        site = serve(items, **settings)
        page = visit(site.invite("ana"), **(browser_options or {}))
        return site, page

    return at_work


def press(page, *keys):
    page.locator("#work[data-ready]").wait_for()
    for key in keys:
        page.keyboard.press(key)


def answer(page, *keys):
    """Press keys, and wait for what comes in the place of the case."""
    page.locator("#work[data-ready]").wait_for()
    page.evaluate("document.querySelector('#work').dataset.before = ''")
    press(page, *keys)
    page.locator("#work[data-ready]:not([data-before])").wait_for()


def focus(page) -> str:
    return page.evaluate("document.activeElement.id")


def title(page) -> str:
    return page.locator("#case-title").inner_text()


def said(site) -> list:
    return [(each.answer, each) for each in site.review.answers()]


# --- the work -------------------------------------------------------------------------------------


def test_an_invitation_opens_the_first_case_and_its_token_leaves_the_address(work, item, seen):
    site, page = work([item()])
    assert page.url == f"{site.address}/"
    token = site.tokens["ana"]
    assert not [each for each in seen.requests[1:] if token in each]
    cookies = page.context.cookies()
    assert [(each["httpOnly"], each["sameSite"]) for each in cookies] == [(True, "Strict")]
    assert token not in str(cookies)
    assert page.evaluate("document.cookie") == ""
    assert title(page) == "Application 17"


def test_one_key_decides_another_says_how_sure_and_the_next_case_is_there(work, item):
    site, page = work([item(), item("decide", "text")])
    first = title(page)
    press(page, "a")
    assert page.locator("[aria-pressed=true]").count() == 1
    assert "again to leave this open" in page.locator("[data-hint]").inner_text()
    assert said(site) == []
    answer(page, "8")
    assert title(page) != first
    assert focus(page) == "case-title"
    page.locator("#live", has_text="Saved. Next case.").wait_for()
    ((told, kept),) = said(site)
    assert (told["verdict"], told["decision"], told["confidence"]) == ("accept", "refuse", 0.8)
    assert kept.reviewer == "ana"
    assert 200 <= kept.visible_ms <= 60_000
    answer(page, "o", "o")
    assert [each["verdict"] for each, _ in said(site)] == ["accept", "override"]
    assert said(site)[1][0]["confidence"] is None


def test_a_reason_is_typed_without_a_key_being_taken_for_a_decision(work, item):
    site, page = work([item(), item()])
    press(page, "r")
    assert focus(page) == "reason"
    page.keyboard.type("a good doubt, u can do: 1 2 3")
    assert said(site) == []
    page.keyboard.press("Escape")
    assert focus(page) == "case-title"
    answer(page, "o", "0")
    assert said(site)[0][0]["reason"] == "a good doubt, u can do: 1 2 3"
    assert said(site)[0][0]["confidence"] == 1.0


def test_enter_in_a_field_sends_nothing_and_with_control_it_sends_what_was_pressed(work, item):
    site, page = work([item(), item()])
    press(page, "a", "r")
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    assert said(site) == []
    answer(page, "Control+Enter")
    assert said(site)[0][0]["reason"] == "one\ntwo"
    assert said(site)[0][0]["verdict"] == "accept"


def test_leaving_a_case_to_a_colleague_and_not_knowing_are_one_key_each(work, item):
    site, page = work([item(), item(), item()])
    answer(page, "d")
    answer(page, "c")
    assert [each["verdict"] for each, _ in said(site)] == ["defer", "cannot tell"]
    assert site.review.status().answers == 2


def test_undo_brings_the_last_case_back_with_what_was_said(work, item):
    site, page = work([item(), item(), item()])
    first = page.locator("input[name=lease]").get_attribute("value")
    press(page, "r")
    page.keyboard.type("too soon")
    page.keyboard.press("Escape")
    answer(page, "a", "8")
    answer(page, "u")
    assert focus(page) == "case-title"
    assert page.locator("#reason").input_value() == "too soon"
    assert page.locator("input[name=lease]").get_attribute("value") != first
    answer(page, "o", "6")
    ((told, _),) = said(site)
    assert told["verdict"] == "override"
    assert site.review.verify().ok


def test_a_page_that_is_loaded_again_holds_the_same_case(work, item):
    site, page = work([item() for _ in range(9)])
    answer(page, "a", "8")
    before = page.locator("input[name=lease]").get_attribute("value")
    page.reload()
    assert page.locator("input[name=lease]").get_attribute("value") == before
    assert site.review.status().leased == 1


def test_when_nothing_waits_the_page_says_so_and_new_work_comes_by_itself(work, item):
    site, page = work([item()])
    answer(page, "a", "8")
    assert page.locator("input[name=lease]").count() == 0
    assert focus(page) == "case-title"
    site.review.add([item("decide", "text")])
    page.locator("#case-title", has_text="A letter").wait_for(timeout=12_000)


def test_two_people_are_never_shown_one_case_that_one_answer_is_enough_for(serve, visit, item):
    site = serve([item(content={**item().content, "title": f"Case {i}"}) for i in range(2)])
    ana, bob = visit(site.invite("ana")), visit(site.invite("bob"))
    assert {title(ana), title(bob)} == {"Case 0", "Case 1"}


# --- experiments ----------------------------------------------------------------------------------


def test_not_a_byte_of_advice_comes_before_ones_own_answer(work, item, seen, card):
    marked = {**item().content, "title": "Mine first"}
    site, page = work([item(content=marked, explained=True)], arms=("own first",))
    page.locator("#work[data-ready]").wait_for()
    assert page.locator("#work").get_attribute("data-stage") == "own"
    words = [words for each in card["sections"] for words in each["sentences"]]
    tell = ["0.81", "81%", "81 %", "model says", *words]
    came = {url: body.decode("utf-8", "replace") for url, body in seen.bodies()}
    assert len(came) >= 5
    pages = {url: body for url, body in came.items() if "/static/" not in url}
    assert pages
    assert [(url, each) for url, body in pages.items() for each in tell if each in body] == []
    # The choice that the model advises is one of two buttons, and nothing sets it apart.
    buttons = page.locator(".choices [name=decision]").evaluate_all(
        "(all) => all.map((each) => each.outerHTML.replaceAll(/[12]|grant|refuse/g, ''))"
    )
    assert len(buttons) == 2
    assert len(set(buttons)) == 1
    answer(page, "1", "7")
    assert page.locator("#work").get_attribute("data-stage") == "final"
    assert focus(page) == "case-title"
    assert "refuse" in page.locator("#advice-title").inner_text()
    shown = page.locator(".advice").inner_text()
    assert "Before, you said: grant" in shown
    assert "81%" in shown
    assert said(site) == []
    answer(page, "a", "9")
    ((told, kept),) = said(site)
    assert (kept.own["decision"], kept.own["confidence"]) == ("grant", 0.7)
    assert (told["verdict"], told["decision"]) == ("accept", "refuse")


def test_a_reload_after_ones_own_answer_does_not_ask_for_it_again(work, item):
    _, page = work([item()], arms=("own first",))
    answer(page, "1", "7")
    page.reload()
    page.locator("#work[data-stage=final]").wait_for()


@pytest.mark.parametrize("arm", ["none", "advice", "confidence"])
def test_an_arm_sends_what_it_shows_and_nothing_else(work, item, seen, card, arm):
    _, page = work([item(explained=True)], arms=(arm,))
    page.locator("#work[data-ready]").wait_for()
    pages = b"".join(body for url, body in seen.bodies() if "/static/" not in url).decode()
    assert ("The model says: refuse" in pages) == (arm != "none")
    assert ("81%" in pages) == (arm == "confidence")
    assert card["sections"][0]["sentences"][0] not in pages


def test_an_explanation_on_demand_comes_by_a_key_and_that_is_recorded(work, item, seen, card):
    site, page = work([item(explained=True), item(explained=True)], arms=("on demand",))
    page.locator("#work[data-ready]").wait_for()
    telling = card["reasons"][0]["feature"]
    assert page.locator(".card").count() == 0
    press(page, "r")
    page.keyboard.type("half a thought")
    page.keyboard.press("Escape")
    press(page, "e")
    page.locator(".card").wait_for()
    assert telling in page.locator(".advice").inner_text().replace("_", " ")
    assert page.locator("#reason").input_value() == "half a thought"
    answer(page, "a", "8")
    answer(page, "a", "8")
    assert [each.card_seen for _, each in said(site)] == [True, False]


# --- what is hostile ------------------------------------------------------------------------------


def test_what_a_case_says_is_shown_and_never_run(work, item, hostile):
    content = {"form": "row", "title": hostile, "cells": [[hostile, hostile], ["debt", "0.4"]]}
    site, page = work(
        [item(content=content, choices=("refuse", "grant <b>now</b>")), item()],
        title=f"Loans {hostile}",
        question=f"Would you? {hostile}",
    )
    page.locator("#work[data-ready]").wait_for()
    text = "(each) => each.textContent"
    assert page.locator("#case-title").evaluate(text) == hostile
    assert page.locator(".cells dt").first.evaluate(text) == hostile
    assert page.locator(".cells dd").first.evaluate(text) == hostile
    assert hostile in page.locator(".question").evaluate(text)
    assert page.locator("button", has_text="grant <b>now</b>").count() == 1
    assert page.evaluate("document.title") != "owned"
    assert page.locator("main script, main img").count() == 0
    press(page, "r")
    page.locator("#reason").fill(hostile)
    page.keyboard.press("Escape")
    answer(page, "o", "8")
    answer(page, "u")
    assert page.locator("#reason").input_value() == hostile
    assert said(site) == []


@pytest.mark.parametrize("direction", ["\u202e", "\u2067", "\u200f\u202b"])
def test_a_text_that_turns_round_turns_nothing_but_itself(work, item, direction):
    content = {"form": "row", "title": f"{direction}abc", "cells": [[f"{direction}name", "1"]]}
    _, page = work([item(content=content)])
    page.locator("#work[data-ready]").wait_for()
    assert page.locator("#case-title").evaluate("(e) => e.textContent") == f"{direction}abc"
    told = page.locator(".question").evaluate("(e) => getComputedStyle(e).direction")
    assert told == "ltr"


def test_a_text_of_fifty_kilobytes_is_all_there_and_scrolls_in_its_place(work, item, zoomed):
    long = "word " * 9_000 + "w" * 5_000 + "\nthe end"
    content = {"form": "text", "title": "Long " * 60, "text": long}
    site, page = work([item(content=content), item()], browser_options={"viewport": zoomed})
    page.locator("#work[data-ready]").wait_for()
    assert page.locator(".prose").evaluate("(e) => e.textContent") == long
    assert page.evaluate("document.documentElement.scrollWidth") <= zoomed["width"]
    answer(page, "c")
    assert said(site)[0][0]["verdict"] == "cannot tell"


# --- what goes wrong ------------------------------------------------------------------------------


def typed(page, words: str) -> None:
    press(page, "r")
    page.keyboard.type(words)
    page.keyboard.press("Escape")


def refused(page, *keys) -> str:
    """Press keys and return what the page says against it; the case is still there."""
    press(page, *keys)
    page.locator("#notice :text-matches('.')").first.wait_for()
    return page.locator("#notice").inner_text()


def test_a_case_that_is_no_longer_ones_own_is_said_and_what_was_typed_stays(work, item):
    site, page = work([item()], lease_minutes=0.02)
    page.locator("#work[data-ready]").wait_for()
    typed(page, "a long thought")
    time.sleep(1.5)
    told = refused(page, "a", "8")
    assert page.locator("#reason").input_value() == "a long thought"
    assert "Saved" not in told
    assert said(site) == []


def test_sent_twice_it_is_stored_once(work, item):
    site, page = work([item(), item(), item()])
    page.locator("#work[data-ready]").wait_for()
    form = page.evaluate(
        """async () => {
          const form = new FormData(document.querySelector('#answer'));
          form.set('decision', 'grant');
          const send = () => fetch('/answer', {method: 'POST', body: new URLSearchParams(form)});
          const [one, two] = await Promise.all([send(), send()]);
          return [one.status, two.status];
        }"""
    )
    assert form == [200, 200]
    assert len(said(site)) == 1
    page.reload()
    page.locator("#work[data-ready]").wait_for()
    page.evaluate("document.querySelector('[data-action=accept]').click()")
    page.evaluate("document.querySelector('[data-action=accept]').click()")
    page.locator("#live", has_text="Saved").wait_for()
    assert len(said(site)) == 2


def test_a_token_revoked_while_reviewing_ends_the_work_and_keeps_the_text(work, item):
    site, page = work([item(), item()])
    typed(page, "nearly done")
    site.review.revoke("ana")
    told = refused(page, "a", "8")
    assert "invit" in told or "signed" in told
    assert page.locator("#reason").input_value() == "nearly done"
    assert said(site) == []
    page.reload()
    assert page.locator("input[name=lease]").count() == 0
    assert "Application 17" not in page.content()


def test_a_locked_database_is_said_and_the_same_answer_is_taken_once_it_is_free(
    work, item, monkeypatch
):
    monkeypatch.setattr("alignlab.oversight.archive.database.PATIENCE", 0.5)
    site, page = work([item(), item()])
    typed(page, "keep me")
    (file,) = [each for each in site.folder.iterdir() if each.suffix in (".db", ".sqlite")]
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told = refused(page, "a", "8")
    assert "not saved" in told.lower()
    assert page.locator("#reason").input_value() == "keep me"
    other.execute("ROLLBACK")
    other.close()
    assert said(site) == []
    answer(page, "a")
    assert said(site)[0][0]["reason"] == "keep me"


def test_signed_out_nothing_of_the_case_is_left(work, item):
    site, page = work([item()])
    page.locator("button", has_text="Sign out").press("Enter")
    page.wait_for_load_state()
    assert "Application 17" not in page.content()
    page.go_back()
    page.wait_for_load_state()
    assert "Application 17" not in page.locator("body").inner_text()
    page.goto(site.address)
    assert "Application 17" not in page.content()


# --- without a script -----------------------------------------------------------------------------


def test_without_a_script_everything_can_still_be_said(work, item):
    site, page = work(
        [item(), item(), item()],
        arms=("own first",),
        browser_options={"java_script_enabled": False},
    )
    page.get_by_role("button", name="grant").click()
    assert "The model says" in page.locator("main").inner_text()
    page.locator("#reason").fill("by hand")
    page.get_by_role("button", name="refuse").click()
    assert said(site)[0][0]["reason"] == "by hand"
    page.get_by_role("button", name="Undo").click()
    assert page.locator("#reason").input_value() == "by hand"
    assert said(site) == []
    page.get_by_role("button", name="I can’t tell").click()
    page.get_by_role("button", name="I can’t tell").click()
    assert len(said(site)) == 1
