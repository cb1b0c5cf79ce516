"""Every page as it looks and is reached: both themes, a phone's width, 400 %, by Tab alone."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORMS = [
    ("decide", "row"),
    ("decide", "text"),
    ("decide", "image"),
    ("decide", "trajectory"),
    ("prefer", "text"),
    ("prefer", "image"),
    ("prefer", "cartpole"),
    ("prefer", "grid"),
    ("prefer", "series"),
    ("interview", "amounts"),
    ("interview", "outcomes"),
]
NAMES = ["-".join(each) for each in FORMS]
WIDE = {"width": 1280, "height": 900}

PAGES = ["/keys", "/trust", "/dashboard", "/nowhere"]

CUT_OFF = """[...document.querySelectorAll("main *")]
  .filter((each) => each.checkVisibility() && !each.closest("svg, canvas"))
  .filter((each) => {
    const scrolls = each.closest(".prose, .scroll, [tabindex='0']");
    return !scrolls && each.getBoundingClientRect().right > innerWidth + 1;
  })
  .map((each) => each.outerHTML.slice(0, 120))"""

LUMINANCE = """(value) => {
  const [r, g, b] = value.match(/[\\d.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


def looks(page, violations, zoomed) -> list[str]:
    """Return what is wrong with a page in both themes, wide and zoomed."""
    wrong = []
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        if (page.evaluate(LUMINANCE, paper) > 0.5) != (scheme == "light"):
            wrong.append(f"{scheme}: the paper is {paper}")
        for size in (WIDE, zoomed):
            page.set_viewport_size(size)
            where = f"{scheme}, {size['width']}: "
            wrong += [where + each for each in violations(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong += [where + "scrolls sideways"]
                wrong += [where + each for each in page.evaluate(CUT_OFF)]
    return wrong


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=NAMES)
def test_every_case_in_both_themes_and_at_400_percent(
    serve, visit, item, violations, zoomed, kind, form
):
    site = serve([item(kind, form, explained=form == "row")])
    page = visit(site.invite("ana"))
    page.locator("#work[data-ready]").wait_for()
    assert looks(page, violations, zoomed) == []


@pytest.mark.parametrize("arm", ["own first", "on demand"])
def test_every_stage_of_an_experiment(serve, visit, item, violations, zoomed, arm):
    site = serve([item(explained=True)], arms=(arm,))
    page = visit(site.invite("ana"))
    page.locator("#work[data-ready]").wait_for()
    assert looks(page, violations, zoomed) == []
    page.set_viewport_size(WIDE)
    for key in ("1", "8") if arm == "own first" else ("e",):
        page.keyboard.press(key)
    page.locator(".card" if arm == "on demand" else "#work[data-stage=final]").wait_for()
    assert looks(page, violations, zoomed) == []


@pytest.mark.parametrize("address", PAGES)
def test_every_page_beside_the_work(serve, visit, item, violations, zoomed, address):
    site = serve([item() for _ in range(4)], trust=True)
    page = visit(site.invite("ana", role="owner"))
    for _ in range(3):
        page.locator("#work[data-ready]").wait_for()
        page.evaluate("document.querySelector('#work').dataset.before = ''")
        page.keyboard.press("a")
        page.keyboard.press("8")
        page.locator("#work[data-ready]:not([data-before])").wait_for()
    page.goto(site.address + address)
    assert looks(page, violations, zoomed) == []


def test_the_pages_of_those_who_have_no_work_or_no_invitation(
    serve, visit, item, violations, zoomed
):
    site = serve([item()])
    page = visit(site.address)
    assert looks(page, violations, zoomed) == []
    page.goto(f"{site.address}/enter?token=wrong")
    assert looks(page, violations, zoomed) == []
    assert "Application 17" not in page.content()
    page.goto(site.invite("ana"))
    page.set_viewport_size(WIDE)
    page.locator("#work[data-ready]").wait_for()
    page.keyboard.press("a")
    page.keyboard.press("8")
    page.locator("#work[data-ready]:not(:has(input[name=lease]))").wait_for()
    assert looks(page, violations, zoomed) == []


def test_axe_would_find_one(serve, visit, item, violations):
    page = visit(serve([item()]).invite("ana"))
    page.evaluate("document.querySelector('nav').innerHTML += '<a href=\"/\"></a>'")
    assert violations(page)


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=NAMES)
def test_tab_reaches_everything_and_shows_where_it_is(serve, visit, item, zoomed, kind, form):
    site = serve([item(kind, form, explained=form == "row")])
    page = visit(site.invite("ana"), viewport=zoomed)
    page.locator("#work[data-ready]").wait_for()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.evaluate("document.body.removeAttribute('tabindex')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(200):
        hidden = page.evaluate(
            """() => {
              const at = document.activeElement;
              at.dataset.reached = "yes";
              const style = getComputedStyle(at);
              const box = at.getBoundingClientRect();
              const seen = at.closest("label") ?? at;
              const marks = [at, seen, at.nextElementSibling, at.parentElement]
                .filter(Boolean).map((each) => getComputedStyle(each))
                .some((each) => each.outlineStyle !== "none" || each.boxShadow !== "none");
              const inside = box.bottom > 0 && box.top < innerHeight;
              return marks && inside ? null : `${at.outerHTML.slice(0, 100)} ${marks} ${inside}`;
            }"""
        )
        assert hidden is None
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
    missed = page.evaluate(
        """[...document.querySelectorAll("a, button, textarea, summary, input, [tabindex='0']")]
          .filter((each) => each.checkVisibility() && !each.disabled && !each.dataset.reached)
          .filter((each) => each.type !== "hidden" && each.type !== "radio")
          .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert missed == []


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=NAMES)
def test_everything_has_one_key_and_the_size_of_a_fingertip(serve, visit, item, zoomed, kind, form):
    page = visit(serve([item(kind, form)]).invite("ana"), viewport=zoomed)
    page.locator("#work[data-ready]").wait_for()
    keys = page.evaluate(
        """[...document.querySelectorAll("[data-key]")].filter((each) => each.checkVisibility())
          .map((each) => each.dataset.key)"""
    )
    assert len(keys) == len(set(keys)) > 2
    assert all(len(key) == 1 for key in keys)
    small = page.evaluate(
        """[...document.querySelectorAll("#answer button.press, #answer .level")]
          .filter((each) => each.checkVisibility())
          .map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 90)])
          .filter(([box]) => box.height < 44 || box.width < 44)
          .map(([box, html]) => `${box.width} × ${box.height}: ${html}`)"""
    )
    assert small == []


@pytest.mark.parametrize("kind", ["decide", "prefer"])
def test_how_sure_fits_its_box_at_every_width(serve, visit, item, kind):
    page = visit(serve([item(kind, "text")]).invite("ana"))
    page.locator("#work[data-ready]").wait_for()
    for width in (320, 390, 600, 615, 768, 991, 992, 1100, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        out = page.evaluate(
            """[...document.querySelectorAll(".level")].filter((level) => {
              const box = level.getBoundingClientRect();
              return [...level.querySelectorAll("kbd, .label")].some((each) => {
                const held = each.getBoundingClientRect();
                return held.left < box.left || held.right > box.right;
              });
            }).map((level) => level.innerText)"""
        )
        assert (width, out) == (width, [])


def test_who_wants_no_motion_sees_none(serve, visit, item):
    page = visit(serve([item()]).invite("ana"), reduced_motion="reduce")
    page.locator("#work[data-ready]").wait_for()
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].map((each) => getComputedStyle(each))
          .filter((each) => each.animationName !== "none")
          .filter((each) => parseFloat(each.animationDuration) > 0.01).length"""
    )
    assert moving == 0
