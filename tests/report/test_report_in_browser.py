"""The page as people meet it: in Chromium, with and without JavaScript, on paper, by keyboard."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alignlab.charts import Table, interval_chart, line_chart
from alignlab.report import read_report, save_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def address(result, tmp_path_factory) -> str:
    directory = save_report(result, tmp_path_factory.mktemp("report"))
    return (directory / "report.html").as_uri()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """The report that `make demo` writes: a real model on real applications."""
    directory = tmp_path_factory.mktemp("demo")
    examples = Path(__file__).parents[2] / "examples"
    shutil.copytree(examples, directory / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "examples/mortgage.py"], cwd=directory, check=True, capture_output=True
    )
    return directory / "alignlab-report"


@pytest.fixture
def visit(browser, address):
    """Open the page; at the end of the test no request has left and nothing was refused."""
    contexts, requests, complaints = [], [], []

    def opened(**options):
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert set(requests) == {address}
    assert complaints == []


def see_all(page) -> None:
    """Scroll through the page, so that every chart that waits to be seen is drawn."""
    for figure in page.locator("figure").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".drawing.live").wait_for(timeout=15_000)


def violations(page) -> list[str]:
    import axe_core_python

    script = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    # Evaluated by the debugger, which the page's policy does not bind.
    page.evaluate(script)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_no_violation(visit, scheme, size):
    page = visit(color_scheme=scheme, viewport=size)
    see_all(page)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert violations(page) == []


def test_the_demos_report_is_drawn_accessible_and_sends_nothing(browser, demo):
    requests, complaints = [], []
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.goto((demo / "report.html").as_uri())
    see_all(page)
    charts = sum(len(each.charts) for each in read_report(demo).findings)
    assert charts > 15
    assert page.locator(".drawing.live svg").count() == charts
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    context.close()
    assert set(requests) == {(demo / "report.html").as_uri()}
    assert complaints == []


def test_axe_would_find_one(visit):
    page = visit()
    page.evaluate("document.querySelector('nav').innerHTML += '<a href=\"#verdict\"></a>'")
    assert violations(page)


def test_every_chart_is_a_vega_view_that_answers_the_pointer(visit, result):
    page = visit()
    see_all(page)
    charts = sum(len(each.charts) for each in result.findings)
    assert page.locator(".drawing.live svg").count() == charts
    assert page.evaluate("[...document.querySelectorAll('figure')].every((each) => each.view)")
    bars = page.locator("#transparency-importance figure")
    bars.locator("svg .mark-rect path, svg .role-mark.mark-rect path").first.hover()
    tip = page.locator(".tip")
    tip.wait_for(state="visible")
    assert "debt to income" in tip.inner_text()
    assert "8%" in tip.inner_text()
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_a_click_on_the_legend_picks_one_series_out(visit):
    page = visit()
    see_all(page)
    figure = page.locator("#robustness-noise figure")
    faint = "(figure) => figure.querySelectorAll('[opacity=\"0.15\"]').length"
    assert figure.evaluate(faint) == 0
    figure.locator("text=white").first.click(force=True)
    page.wait_for_timeout(200)
    assert figure.evaluate(faint) > 0


def test_without_javascript_every_chart_is_still_there(visit, result):
    page = visit(java_script_enabled=False)
    drawings = page.locator(".drawing > svg")
    assert drawings.count() == sum(len(each.charts) for each in result.findings)
    for drawing in drawings.all():
        box = drawing.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 100
    assert page.locator("text=debt to income").first.is_visible()


def test_the_dark_page_is_dark_and_its_charts_are_light(visit):
    page = visit(color_scheme="dark")
    luminance = """(value) => {
      const [r, g, b] = value.match(/[\\d.]+/g).map(Number);
      return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
    }"""
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page.evaluate(luminance, paper) < 0.15
    see_all(page)
    inks = page.evaluate(
        "[...document.querySelectorAll('.drawing svg text')].map((e) => getComputedStyle(e).fill)"
    )
    assert all(page.evaluate(luminance, ink) > 0.4 for ink in set(inks))


def test_a_phone_does_not_scroll_sideways(visit):
    page = visit(viewport=PHONE)
    see_all(page)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    widths = page.evaluate(
        "[...document.querySelectorAll('.drawing svg')].map((e) => e.clientWidth)"
    )
    assert max(widths) < 400


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_text_is_squeezed_into_a_strip(visit, size):
    page = visit(viewport=size)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    squeezed = page.evaluate(
        """[...document.querySelector("main").querySelectorAll("dt, dd, td, th, li, p, h3")]
          .filter((each) => each.checkVisibility() && each.textContent.trim().length > 25)
          .filter((each) => each.clientWidth < 110)
          .map((each) => `${each.tagName} ${each.clientWidth} ${each.textContent.trim()}`)"""
    )
    assert squeezed == []


def test_on_a_phone_names_that_begin_alike_stay_apart(browser, result, tmp_path):
    names = [f"payment to income: over 0.37 to 3 and {end}" for end in ("debt: over 2", "rate: 7")]
    rows = [{"group": each, "value": 0.4, "low": 0.3, "high": 0.5, "n": 90} for each in names]
    chart = interval_chart("Where?", rows, x="share of the rows on which it is wrong, in percent")
    finding = dataclasses.replace(result.findings[0], charts=(chart,))
    save_report(dataclasses.replace(result, findings=(finding,)), tmp_path)
    page = browser.new_page(viewport=PHONE)
    page.goto((tmp_path / "report.html").as_uri())
    see_all(page)
    labels = page.locator(".drawing .role-axis-label text").all_text_contents()
    shown = [each for each in labels if "payment" in each]
    assert len(set(shown)) == 2
    assert sum("2" in each[-3:] for each in shown) == 1
    title = page.locator(".drawing .role-axis-title text").filter(has_text="wrong").bounding_box()
    assert title["x"] >= 0
    assert title["x"] + title["width"] <= 320
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_long_title_and_a_legend_stay_inside_their_drawing(browser, result, tmp_path, size):
    dots = [{"group": "income", "value": 0.4, "low": 0.1, "high": 1.0, "n": 90, "quiet": True}]
    title = "part of the gap in the mean answer, African-American less Asian or Pacific"
    lines = [
        {"x": at, "y": at, "line": line}
        for line in ("the mean answer", "accumulated local effects")
        for at in (0.0, 1.0)
    ]
    charts = (
        interval_chart("Where?", dots, x=title, quiet_label="not shown to be a proxy"),
        line_chart("How?", lines, x="x", y="y", x_title="x", y_title="y", series="line"),
    )
    finding = dataclasses.replace(result.findings[0], charts=charts)
    save_report(dataclasses.replace(result, findings=(finding,)), tmp_path)
    page = browser.new_page(viewport=size)
    page.goto((tmp_path / "report.html").as_uri())
    see_all(page)
    outside = page.evaluate(
        """[...document.querySelectorAll('.drawing svg text')].filter((each) => {
            const inner = each.getBoundingClientRect();
            const outer = each.closest('.drawing').getBoundingClientRect();
            const svg = each.ownerSVGElement.getBoundingClientRect();
            const right = Math.min(outer.right, svg.right);
            return inner.right > right + 1 || inner.left < outer.left - 1;
        }).map((each) => each.textContent)"""
    )
    assert outside == []
    page.close()


def test_on_a_phone_a_caption_is_whole_and_what_scrolls_shows_it(browser, result, tmp_path):
    columns = tuple(f"what a long heading says of column {i}" for i in range(8))
    wide = Table("A caption that is longer than a phone's screen is wide", columns, ((0.5,) * 8,))
    finding = dataclasses.replace(result.findings[0], tables=(wide,))
    save_report(dataclasses.replace(result, findings=(finding,)), tmp_path)
    page = browser.new_page(viewport=PHONE)
    page.goto((tmp_path / "report.html").as_uri())
    scroll = page.locator("article .scroll")
    assert "gradient" in scroll.evaluate("(e) => getComputedStyle(e).backgroundImage")
    assert scroll.evaluate("(e) => e.querySelector('thead').clientHeight") < 120
    for left in (0, 400):
        scroll.evaluate("(e, left) => (e.scrollLeft = left)", left)
        box = page.locator("caption span").first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    page.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit):
    page = visit(viewport=PHONE)
    see_all(page)
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#verdict"
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """() => {
              const at = document.activeElement;
              if (at === document.body) return null;
              const seen = getComputedStyle(at).outlineStyle !== "none";
              at.dataset.reached = "yes";
              return [at.tagName, seen];
            }"""
        )
        if state is None:
            break
        assert state[1], f"the focus on {state[0]} cannot be seen"
        reached.add(state[0])
    assert {"A", "SUMMARY", "DIV"} <= reached
    missed = page.evaluate(
        """[...document.querySelectorAll("main a, summary, .scroll")]
          .filter((each) => each.checkVisibility() && !each.dataset.reached)
          .filter((each) => each.matches(":not(.scroll)") || each.scrollWidth > each.clientWidth)
          .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert missed == []


def test_a_link_to_a_folded_finding_opens_it(visit):
    page = visit()
    page.evaluate("location.hash = '#oversight-asking'")
    page.locator("#oversight-asking").wait_for(state="visible")


def test_on_paper_details_are_open_and_no_chart_is_cut(visit):
    page = visit()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".printed:not([open])").count() == 0
    failing = page.locator("#fairness-selection-rate details")
    assert failing.count() >= 2
    assert all(each.is_visible() for each in failing.all())
    folded = page.locator("#transparency-importance details")
    assert folded.count() >= 1
    assert not any(each.is_visible() for each in folded.all())
    assert page.locator(".paper").is_visible()
    styles = page.evaluate(
        "[...document.querySelectorAll('.drawing')].map((e) => getComputedStyle(e).breakInside)"
    )
    assert set(styles) == {"avoid"}
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert 4 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") <= 30
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0
