"""Comparisons, interviews and the questions of trust, by keyboard alone."""

from __future__ import annotations

from collections import Counter

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def ready(page) -> None:
    page.locator("#work[data-ready]").wait_for()


def press(page, *keys):
    ready(page)
    for key in keys:
        page.keyboard.press(key)


def answer(page, *keys):
    """Press keys, and wait for what comes in the place of the case."""
    ready(page)
    page.evaluate("document.querySelector('#work').dataset.before = ''")
    press(page, *keys)
    page.locator("#work[data-ready]:not([data-before])").wait_for()


def text_of(page, side: int) -> str:
    return page.locator(".side .prose").nth(side).evaluate("(each) => each.textContent")


# --- comparisons ----------------------------------------------------------------------------------


def test_sides_change_places_and_the_answer_is_of_the_behaviour_not_of_the_place(
    serve, visit, item
):
    texts = {"first": {"text": "the good one"}, "second": {"text": "the bad one"}}
    content = {"form": "text", "prompt": "Which?", **texts}
    site = serve([item("prefer", "text", content=content) for _ in range(16)])
    page = visit(site.invite("ana"))
    places = []
    for _ in range(16):
        ready(page)
        places.append("good" in text_of(page, 0))
        answer(page, "1" if places[-1] else "2", "9")
    assert 3 <= sum(places) <= 13
    answers = list(site.review.answers())
    assert Counter(each.answer["preferred"] for each in answers) == {"first": 16}
    assert [each.swapped for each in answers] == [not each for each in places]


def test_everything_that_can_be_said_of_a_pair_has_its_key(serve, visit, item):
    site = serve([item("prefer", "text") for _ in range(5)])
    page = visit(site.invite("ana"))
    for keys in (("1", "8"), ("2", "2"), ("3",), ("4",), ("c",)):
        answer(page, *keys)
    said = [each.answer["preferred"] for each in site.review.answers()]
    assert said[2:] == ["tie", "both bad", "cannot tell"]
    assert set(said[:2]) <= {"first", "second"}
    assert [each.answer["confidence"] for each in site.review.answers()][:2] == [0.8, None]


def test_where_two_texts_differ_is_marked_and_each_stands_whole(serve, visit, item):
    page = visit(serve([item("prefer", "text")]).invite("ana"))
    ready(page)
    content = item("prefer", "text").content
    shown = {text_of(page, 0), text_of(page, 1)}
    assert shown == {content["first"]["text"], content["second"]["text"]}
    marked = " ".join(page.locator("mark").all_text_contents())
    assert "waves" in marked
    assert "Air" not in marked


def test_hostile_texts_of_a_pair_are_shown_and_not_run(serve, visit, item, hostile):
    sides = {"first": {"text": hostile}, "second": {"text": f"{hostile}!"}}
    content = {"form": "text", "prompt": hostile, **sides}
    page = visit(serve([item("prefer", "text", content=content)]).invite("ana"))
    ready(page)
    assert {text_of(page, 0), text_of(page, 1)} == {hostile, f"{hostile}!"}
    assert page.locator(".prompt .prose").evaluate("(each) => each.textContent") == hostile
    assert page.title() != "owned"
    assert page.locator("main script, main img").count() == 0


def test_hostile_names_in_a_behaviour_are_shown_and_not_run(serve, visit, item, hostile):
    sides = {}
    for side in ("first", "second"):
        played = dict(item("prefer", "series").content[side]["trajectory"])
        played |= {"names": [hostile, "b'\"<"], "action_names": [hostile]}
        sides[side] = {"trajectory": played}
    content = {"form": "trajectory", "prompt": "", **sides}
    page = visit(serve([item("prefer", "series", content=content)]).invite("ana"))
    ready(page)
    page.locator("summary").first.press("Enter")
    assert hostile in page.locator("table").first.evaluate("(each) => each.textContent")
    assert page.title() != "owned"
    assert page.locator("main script, main img").count() == 0


@pytest.mark.parametrize("form", ["cartpole", "grid", "series"])
def test_two_behaviours_play_together_step_by_step_and_stop(serve, visit, item, form):
    site = serve([item("prefer", form), item("prefer", form)])
    page = visit(site.invite("ana"))
    ready(page)
    count, seen = page.locator("[data-count]"), page.locator("[data-seen]")
    assert count.inner_text().startswith("0 of")
    before = seen.all_inner_texts()
    press(page, ".", ".")
    assert count.inner_text().startswith("2 of")
    after = seen.all_inner_texts()
    assert all(one != two for one, two in zip(before, after, strict=True))
    press(page, ",")
    assert count.inner_text().startswith("1 of")
    press(page, "p")
    assert page.locator("[data-do=play] .label").inner_text() == "Pause"
    last = count.inner_text().split(" of ")[1]
    page.locator("[data-count]", has_text=f"{last} of {last}").wait_for()
    page.locator("[data-do=play] .label", has_text="Play").wait_for()
    answer(page, "1", "8")
    assert count.inner_text().startswith("0 of")
    assert site.review.status().answers == 1


def test_pictures_are_enlarged_together(serve, visit, item):
    page = visit(serve([item("prefer", "image")]).invite("ana"))
    ready(page)
    widths = "[...document.querySelectorAll('[data-pane] img')].map((e) => e.naturalWidth)"
    assert page.evaluate(widths) == [48, 48]
    press(page, "z", "z")
    sizes = page.evaluate(
        "[...document.querySelectorAll('[data-pane] img')]"
        ".map((each) => each.getBoundingClientRect().width)"
    )
    assert sizes[0] == sizes[1]
    assert page.locator("[data-count]").inner_text() != "1 ×"


def test_a_picture_is_for_who_holds_its_case_and_for_nobody_else(serve, visit, item):
    site = serve([item("decide", "image"), item("prefer", "text")])
    ana, bob = visit(site.invite("ana")), visit(site.invite("bob"))
    pages = {"image": ana, "text": bob}
    if ana.locator("img").count() == 0:
        pages = {"image": bob, "text": ana}
    fetched = "fetch('/media/scan.png').then((told) => told.status)"
    assert pages["image"].evaluate(fetched) == 200
    assert pages["text"].evaluate(fetched) in (403, 404)


# --- interviews -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["amounts", "outcomes"])
def test_an_interview_goes_to_its_end_by_keys_alone(serve, visit, item, form):
    site = serve([item("interview", form), item()])
    page = visit(site.invite("ana"))
    ready(page)
    if page.locator("#work").get_attribute("data-kind") != "interview":
        answer(page, "c")
    asked = []
    while page.locator("#work").get_attribute("data-kind") == "interview" and len(asked) < 40:
        asked.append(page.locator("main").inner_text())
        key = page.evaluate(
            """(turn) => {
              const presses = [...document.querySelectorAll("#answer button[data-key]")];
              const found = presses.filter((each) => each.checkVisibility());
              return found[turn % Math.min(2, found.length)].dataset.key;
            }""",
            len(asked),
        )
        answer(page, key)
        assert page.evaluate("document.activeElement.id") == "case-title"
    assert 2 <= len(asked) < 40
    assert len(set(asked)) == len(asked)
    (kept,) = [each for each in site.review.answers() if each.kind == "interview"]
    assert 2 <= len(kept.said) <= 40
    assert site.review.verify().ok


def test_an_interview_is_taken_up_where_it_was_left(serve, visit, item):
    site = serve([item("interview", "amounts")])
    page = visit(site.invite("ana"))
    for _ in range(2):
        ready(page)
        key = page.locator("#answer button[data-key]:visible").first.get_attribute("data-key")
        answer(page, key)
    before = page.locator("main").inner_text()
    page.reload()
    ready(page)
    assert page.locator("main").inner_text() == before


# --- trust, keys and the dashboard ----------------------------------------------------------------


def test_the_trust_questions_are_answered_with_arrows_and_tab(serve, visit, item):
    site = serve([item()], trust=True)
    page = visit(site.invite("ana"))
    page.goto(f"{site.address}/trust")
    groups = page.locator("main fieldset")
    assert groups.count() == 12
    assert page.locator("main input:checked").count() == 0
    for place in range(12):
        group = groups.nth(place)
        group.locator("input").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        assert group.locator("input:checked").count() == 1
    page.locator("main form button[type=submit], main form button:not([type])").last.press("Enter")
    page.wait_for_load_state()
    page.locator("main", has_text="hank").wait_for()
    head = site.review.head.seq
    assert head >= 1
    assert site.review.verify().ok


def test_a_key_is_changed_kept_and_used_and_keys_can_be_switched_off(serve, visit, item):
    site = serve([item() for _ in range(4)])
    page = visit(site.invite("ana"))
    ready(page)
    page.goto(f"{site.address}/keys")
    field = page.locator("#key-accept")
    field.fill("o")
    assert "both" in page.locator("[role=alert]").inner_text()
    field.fill(";")
    assert page.locator("[role=alert]").inner_text() == ""
    field.press("Tab")
    page.goto(site.address)
    ready(page)
    assert page.locator("[data-action=accept] kbd").text_content() == ";"
    page.keyboard.press("a")
    assert page.locator("[aria-pressed=true]").count() == 0
    answer(page, ";", "8")
    assert site.review.status().answers == 1
    page.goto(f"{site.address}/keys")
    page.locator("main input[type=checkbox]").first.press("Space")
    page.goto(site.address)
    ready(page)
    page.keyboard.press(";")
    page.wait_for_timeout(300)
    assert page.locator("[aria-pressed=true]").count() == 0
    assert not page.locator("[data-action=accept] kbd").is_visible()


def test_the_dashboard_is_the_owners(serve, visit, item):
    site = serve([item() for _ in range(3)])
    page = visit(site.invite("ana"))
    answer(page, "a", "8")
    assert page.locator("a[href='/dashboard']").count() == 0
    assert page.goto(f"{site.address}/dashboard").status in (403, 404)
    owner = visit(site.invite("zoe", role="owner"))
    owner.get_by_role("link", name="Dashboard").press("Enter")
    owner.wait_for_url("**/dashboard")
    assert "ana" in owner.locator("main").inner_text()


def test_nothing_that_anybody_wrote_runs_on_the_dashboard(serve, visit, item, hostile):
    named = {"group": hostile, "stratum": hostile, "truth": "grant"}
    choices = {"choices": ("refuse", "grant", hostile)}
    site = serve([item(**named, **choices) for _ in range(4)], title=hostile, overlap=2)
    for name in ("ana", "bob"):
        page = visit(site.invite(name))
        for key in ("a", "2", "3"):
            press(page, "r")
            page.locator("#reason").fill(hostile)
            page.keyboard.press("Escape")
            answer(page, key, "8")
    owner = visit(site.invite("zoe", role="owner"))
    assert owner.goto(f"{site.address}/dashboard").status == 200
    assert owner.locator(".masthead .name").evaluate("(each) => each.textContent") == hostile
    assert owner.evaluate("document.title").startswith("Dashboard")
    assert owner.locator("main script, main img").count() == 0
