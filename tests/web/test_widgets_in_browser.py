"""What moves on the pages: behaviours that are played, pictures enlarged, marks in texts."""

from __future__ import annotations

import time

import pytest

from alignlab.web.scenes import drawn_scenes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AT = """() => [...document.querySelectorAll("[data-scene]")].map((side) =>
  Object.fromEntries([...side.querySelectorAll("[data-part]")].map((part) =>
    [part.dataset.part, {
      transform: part.getAttribute("transform"),
      visibility: part.getAttribute("visibility"),
      "stroke-dasharray": part.getAttribute("stroke-dasharray"),
      text: part.textContent,
    }])))"""


@pytest.fixture
def case(serve, visit, item):
    """Open a comparison of one form for a person; returns the page."""

    def opened(form, *, content=None, cases=1, **options):
        told = {} if content is None else {"content": content}
        site = serve([item("prefer", form, **told) for _ in range(cases)], reason=True)
        page = visit(site.invite("ana"), **options)
        if options.get("java_script_enabled", True):
            page.locator("#work[data-ready]").wait_for()
        return page

    return opened


def step_of(page) -> int:
    return int(page.locator("[data-count]").inner_text().split()[0])


def sides(page, item, form):
    """Return the behaviours as they stand on the page: they may have changed places."""
    content = item("prefer", form).content
    told = [content[side]["trajectory"] for side in ("first", "second")]
    last = [page.locator("[data-scene]").nth(at).locator("tbody tr").count() for at in (0, 1)]
    return told if last[0] == len(told[0]["states"]) else told[::-1]


@pytest.mark.parametrize("form", ["cartpole", "grid", "series"])
def test_every_part_stands_where_the_scene_says_at_every_step(case, item, form):
    page = case(form)
    scenes = drawn_scenes(sides(page, item, form))
    last = max(len(scene.words) for scene in scenes) - 1
    for step in range(last + 1):
        for scene, parts in zip(scenes, page.evaluate(AT), strict=True):
            at = min(step, len(scene.words) - 1)
            for move in scene.moves:
                assert parts[move.part][move.attribute] == move.values[at]
        assert page.locator("[data-seen]").all_text_contents() == [
            scene.words[min(step, len(scene.words) - 1)] for scene in scenes
        ]
        page.keyboard.press(".")
    page.keyboard.press(".")
    assert step_of(page) == last


def test_the_slider_is_moved_by_keys_says_its_step_and_stops_the_playing(case):
    page = case("cartpole")
    page.keyboard.press("p")
    page.locator("[data-do=play] .label", has_text="Pause").wait_for()
    slide = page.locator("[data-slide]")
    slide.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-do=play] .label").inner_text() == "Play"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert slide.get_attribute("aria-valuetext") == "Step 2 of 20"
    page.keyboard.press("End")
    assert slide.get_attribute("aria-valuetext") == "Step 20 of 20"
    assert page.locator("tr[aria-current=step]").count() == 2


def test_the_shorter_one_waits_at_its_end_and_is_said_to_have_ended(case):
    page = case("cartpole")
    page.locator("[data-slide]").focus()
    page.keyboard.press("End")
    told = sorted(page.locator("[data-seen]").all_inner_texts())
    assert told[0].startswith("Step 12 of 12")
    assert "fallen. It ended here." in told[0]
    assert told[1].startswith("Step 20 of 20")
    assert "What followed was not recorded." in told[1]


def test_what_is_read_out_is_said_after_a_step_and_not_while_playing(case):
    page = case("grid")
    said = page.locator("[data-said]")
    assert said.inner_text() == ""
    page.keyboard.press(".")
    assert said.text_content().count("Step 1 of") == 2
    assert "First: " in said.text_content()
    page.keyboard.press("p")
    assert said.text_content() == ""
    page.locator("[data-do=play] .label", has_text="Play").wait_for()
    assert "Second: " in said.text_content()


def test_speed_is_kept_and_playing_at_once_starts_by_itself(case):
    page = case("cartpole")
    page.locator("[data-speed]").select_option("2")
    page.locator("[data-at-once]").press("Space")
    page.reload()
    page.locator("[data-count]", has_text="20 of 20").wait_for()
    assert page.locator("[data-speed]").input_value() == "2"
    assert page.locator("[data-at-once]").is_checked()


def test_who_wants_little_motion_sees_two_steps_a_second_and_none_unasked(case):
    page = case("cartpole", reduced_motion="reduce")
    page.locator("[data-at-once]").press("Space")
    page.reload()
    page.locator("#work[data-ready]").wait_for()
    page.wait_for_timeout(700)
    assert step_of(page) == 0
    page.keyboard.press("p")
    began = time.monotonic()
    page.wait_for_timeout(1_200)
    seen = step_of(page)
    assert seen <= 2 * (time.monotonic() - began)
    assert seen >= 1


def test_without_a_script_the_whole_course_is_drawn_and_the_table_has_every_step(case):
    page = case("cartpole", java_script_enabled=False)
    assert page.locator(".ghosts").first.is_visible()
    assert not page.locator(".controls").is_visible()
    assert "At the end: " in page.locator("[data-seen]").first.inner_text()
    page.locator("summary").first.click()
    assert page.locator("table").first.is_visible()
    assert page.locator("tbody tr").count() == 21 + 13
    page.get_by_role("button", name="The first is better").click()
    page.wait_for_load_state()
    assert page.locator("[data-scene]").count() == 0


def test_with_a_script_one_moment_is_drawn(case):
    page = case("cartpole")
    assert not page.locator(".ghosts").first.is_visible()
    assert page.locator(".controls").is_visible()


def test_enlarged_pictures_are_moved_together_by_keys(case):
    page = case("image")
    panes = page.locator("[data-pane]")
    assert panes.first.get_attribute("tabindex") is None
    for _ in range(4):
        page.keyboard.press("z")
    assert page.locator("[data-slide]").get_attribute("aria-valuetext") == "3 times"
    places = "[...document.querySelectorAll('[data-pane]')].map((e) => [e.scrollLeft, e.scrollTop])"
    before = page.evaluate(places)
    assert before[0] == before[1]
    assert before[0][0] > 0
    panes.nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    after = page.evaluate(places)
    assert after[1][0] > before[1][0]
    assert after[0] == after[1]
    for _ in range(4):
        page.keyboard.press("x")
    assert panes.first.get_attribute("tabindex") is None
    assert page.locator("[data-count]").inner_text() == "1 ×"


def test_a_difference_is_told_by_a_line_and_by_words_and_not_by_colour_alone(case):
    page = case("text")
    line = "(each) => getComputedStyle(each).textDecorationLine"
    assert page.locator("mark").first.evaluate(line) == "underline"
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    names = [each.get("name", {}).get("value", "") for each in nodes]
    assert sum("[only here:" in name for name in names) >= page.locator("mark").count()


def test_both_sides_are_marked_alike(case):
    page = case("text")
    styles = page.evaluate(
        """[...document.querySelectorAll("mark")].map((each) => {
          const { color, backgroundColor, textDecoration } = getComputedStyle(each);
          return [color, backgroundColor, textDecoration].join();
        })"""
    )
    assert len(styles) >= 2
    assert len(set(styles)) == 1


def test_very_long_texts_come_whole_and_soon(case):
    words = [f"word{at % 997}" for at in range(8_000)]
    long = " ".join(words)
    content = {
        "form": "text", "prompt": "", "first": {"text": long}, "second": {"text": f"{long} end"},
    }  # fmt: skip
    page = case("text", content=content)
    texts = page.locator(".side .prose").evaluate_all("(all) => all.map((e) => e.textContent)")
    assert sorted(texts) == sorted([long, f"{long} end"])
    assert "marked" in page.locator(".told").inner_text()


def test_the_row_of_the_moment_is_in_sight_and_stays_where_somebody_reads(case):
    page = case("cartpole")
    page.locator("summary").first.click()
    page.locator("h1").first.focus()
    page.locator("[data-slide]").focus()
    page.keyboard.press("End")
    inside = """() => {
      const row = document.querySelector("tr[aria-current]").getBoundingClientRect();
      const pane = document.querySelector("details .scroll").getBoundingClientRect();
      return row.top >= pane.top && row.bottom <= pane.bottom + 1;
    }"""
    assert page.evaluate(inside)
    page.locator("details .scroll").first.focus()
    top = "document.querySelector('details .scroll').scrollTop"
    before = page.evaluate(top)
    for _ in range(8):
        page.keyboard.press(",")
    assert page.evaluate(top) == before


def test_marks_can_be_read_in_colours_that_the_system_forces(case):
    page = case("text", forced_colors="active")
    colours = page.locator("mark").first.evaluate(
        "(each) => [getComputedStyle(each).color, getComputedStyle(each).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 0)"]
