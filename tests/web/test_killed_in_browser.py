"""The server is killed while somebody works: they are told, lose nothing and go on."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_killed_in_the_middle_of_a_case_and_started_again(serve_apart, visit, item):
    from alignlab.oversight import Review

    site, token = serve_apart([item() for _ in range(4)])
    page = visit(f"{site.address}/enter?token={token}")
    for _ in range(2):
        page.locator("#work[data-ready]").wait_for()
        page.evaluate("document.querySelector('#work').dataset.before = ''")
        page.keyboard.press("a")
        page.keyboard.press("8")
        page.locator("#work[data-ready]:not([data-before])").wait_for()
    lease = page.locator("input[name=lease]").get_attribute("value")
    page.keyboard.press("r")
    page.keyboard.type("half a thought")
    page.keyboard.press("Escape")
    site.kill()
    page.keyboard.press("o")
    page.keyboard.press("9")
    page.locator("#notice", has_text="Not saved").wait_for()
    assert page.locator("#reason").input_value() == "half a thought"
    site.start()
    assert page.locator("input[name=lease]").get_attribute("value") == lease
    page.evaluate("document.querySelector('#work').dataset.before = ''")
    page.keyboard.press("o")
    page.locator("#work[data-ready]:not([data-before])").wait_for()
    site.kill()
    with Review.open(site.folder) as review:
        answers = [each.answer for each in review.answers()]
        assert [each["verdict"] for each in answers] == ["accept", "accept", "override"]
        assert [each["reason"] for each in answers] == ["", "", "half a thought"]
        assert review.verify().ok


def test_who_waits_goes_on_waiting_while_the_server_is_away(serve_apart, visit, item):
    from alignlab.oversight import Review

    site, token = serve_apart([])
    page = visit(f"{site.address}/enter?token={token}")
    page.locator("#work[data-poll]").wait_for()
    site.kill()
    page.wait_for_event("requestfailed", timeout=12_000)
    assert page.locator("#notice").inner_text() == ""
    site.start()
    with Review.open(site.folder) as review:
        review.add([item()])
    page.locator("#case-title", has_text="Application 17").wait_for(timeout=12_000)
