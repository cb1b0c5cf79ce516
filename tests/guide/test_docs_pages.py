"""The pages that docs/hooks/guide.py makes of the guide, and the links it makes of citations."""

from __future__ import annotations

import html
import importlib.util
import re
from pathlib import Path

import pytest

from alignlab import guide

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("docs_guide", DOCS / "hooks" / "guide.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(hook):
    return hook.pages()


def test_every_reference_has_one_anchor_and_its_link(pages):
    page = pages["guide/references.md"]
    anchors = re.findall(r'id="([a-z]+\d{4}[a-z]+)"', page)
    assert sorted(anchors) == sorted(guide.references())
    assert all(html.escape(work.link) in page for work in guide.references().values())


def test_the_map_has_every_place_and_what_was_wrong(pages):
    page = pages["guide/organisations.md"]
    places = (*guide.organisations(), *guide.venues(), *guide.competitions(), *guide.forums())
    assert all(each.name in page for each in places)
    assert all(each.truth.replace("|", "\\|") in page for each in guide.corrections())
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) > len(places) + len(guide.corrections())


def test_the_path_has_every_step_and_its_readings(hook, pages):
    page = pages["guide/path.md"]
    for step in guide.path():
        assert f"## {step.step}. {step.title}" in page
        assert all(f"[{key}]" in page for key in step.read)
    assert "](references.md#amodei2016concrete)" in hook.linked(page, "guide/path.md")


def test_citations_become_links_and_code_does_not(hook):
    text = "Of [guo2017calibration, eq. 3; holm1979simple], `[guo2017calibration]`, [a](b.md)."
    assert hook.linked(text, "methods/x.md") == (
        r"Of \[[guo2017calibration](../guide/references.md#guo2017calibration), eq. 3; "
        r"[holm1979simple](../guide/references.md#holm1979simple)\], `[guo2017calibration]`, "
        "[a](b.md)."
    )
    block = "```text\n[guo2017calibration]\n```\n"
    assert hook.linked(block, "index.md") == block
    assert "](guide/references.md#holm1979simple)" in hook.linked("[holm1979simple]", "index.md")


def test_names_and_years_of_sources_become_links_where_they_fit_one_work(hook):
    text = (
        "Guo 2017\n\n## Sources\n\nRibeiro, Singh and Guestrin 2016 (LIME); Covert and Lee 2021; "
        "Covert 2021; Nobody 2016; Bröcker and Smith 2007.\n\n## Limits\n\nGuo 2017"
    )
    linked = hook.linked(text, "methods/x.md")
    to = "../guide/references.md#"
    assert f"Guestrin [2016]({to}ribeiro2016why)" in linked
    assert f"Covert and Lee [2021]({to}covert2021improving)" in linked
    assert "Covert 2021; Nobody 2016;" in linked  # of two works, and of none
    assert f"Smith [2007]({to}brocker2007increasing)" in linked
    assert linked.startswith("Guo 2017")
    assert linked.endswith("Guo 2017")


SOURCED = [
    page
    for page in sorted((DOCS / "methods").glob("*.md"))
    if re.search(r"\d{4}", page.read_text("utf-8").partition("\n## Sources\n")[2])
]
"""Some pages of commands send the reader on to the pages of the methods."""


@pytest.mark.parametrize("page", SOURCED, ids=lambda page: page.stem)
def test_the_sources_of_every_method_lead_to_the_guide(hook, page):
    linked = hook.linked(page.read_text(encoding="utf-8"), f"methods/{page.name}")
    assert "](../guide/references.md#" in linked


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_every_key_that_a_page_cites_becomes_a_link(hook, page):
    text = page.read_text(encoding="utf-8")
    cited = {
        key
        for part in hook.CODE.split(text)[::2]
        for citation in hook.CITATION.findall(part)
        for key in hook.KEY.findall(citation)
    }
    assert cited <= guide.references().keys()
    linked = hook.linked(text, str(page.relative_to(DOCS)))
    assert all(f"references.md#{key})" in linked for key in cited)
