from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import alignlab
from alignlab.audit import AuditResult, Finding
from alignlab.charts import Table, interval_chart
from alignlab.report import page as page_module
from alignlab.report import report_html
from alignlab.report.page import MOST_BYTES, MOST_ROWS

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """The page's elements, attributes and texts, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(result) -> str:
    return report_html(result)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def visible(text: str) -> str:
    """The page without its scripts and its style sheet."""
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)


def test_every_element_is_closed_in_order(page):
    assert page.open == []


def test_it_is_below_two_megabytes(text):
    assert len(text.encode()) < 2_000_000


def test_the_same_result_gives_the_same_bytes(text, result):
    assert report_html(result) == text


def test_it_asks_nobody_for_anything(page):
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (tag, value)
    style = "".join(page.texts["style"])
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_this_pages_own_code_and_nothing_else(page):
    policy = next(
        meta["content"]
        for meta in page.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert "unsafe" not in policy
    hashes = set(allowed["script-src"].split())
    code = [each for each in page.texts["script"] if each.lstrip()[:1] not in "{["]
    assert {f"'sha256-{digest(each)}'" for each in code} == hashes
    assert allowed["style-src"] == f"'sha256-{digest(page.texts['style'][0])}'"


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_every_link_leads_somewhere_and_names_are_unique(page):
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    assert {a["href"][1:] for a in page.all("a")} <= set(names)


def test_labels_point_at_what_exists(page):
    names = {attributes.get("id") for _, attributes in page.elements}
    for _, attributes in page.elements:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in names


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_strings_from_data_are_text_everywhere(text, page):
    assert "<script>alert" not in text
    for spec in page.texts["script"]:
        if spec.lstrip().startswith("{"):
            assert "<" not in spec
            json.loads(spec)
    assert any("<script>alert('x')</script>" in each for each in page.texts["th"])


def test_the_verdict_comes_first_and_says_why_there_is_no_score(text):
    shown = visible(text)
    tally = shown.index("7 checks were run: 1 fails")
    failing = shown.index("Black applicants are approved 19.1")
    undecided = shown.index("these rows cannot tell it from 80%")
    assert tally < failing < undecided < shown.index("There is no overall score")
    assert shown.index("There is no overall score") < shown.index('id="subject"')


def test_a_status_is_a_word_and_a_shape(text, result):
    for finding in result.findings:
        if finding.status != "not applicable":
            article = re.search(
                rf'<article id="{re.sub(r"[._]", "-", finding.check)}".*?</article>',
                text,
                re.DOTALL,
            ).group()
            status = re.search(r'<p class="status".*?</p>', article, re.DOTALL).group()
            assert f"<strong>{finding.status.capitalize()}</strong>" in status
            assert f'data-status="{finding.status}"' in status
            assert "<svg" in status


def test_a_finding_shows_its_number_its_interval_its_limit_and_its_source(text):
    shown = visible(text)
    assert "largest gap: <b>0.191 (95% interval 0.146 to 0.236)</b>, from 2,380 rows." in shown
    assert "Limit: smallest ratio of selection rates at least 0.8 (29 CFR 1607.4(D))." in shown


def test_each_chart_is_drawn_without_javascript_and_has_its_table(text, result):
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) == sum(len(each.charts) for each in result.findings)
    for figure in figures:
        assert 'role="img" aria-label="' in figure
        assert "<svg version" in figure
        assert "The numbers in this chart" in figure
        assert "<table>" in figure


def test_a_number_that_a_table_shows_is_not_listed_again(result):
    finding = result.findings[2]
    gap = finding.headline
    pairs = Table(
        "Pairs",
        ("higher", "lower", "difference", "low", "high"),
        (("a", "b", gap.value, gap.low, gap.high), ("c", "d", 0.5, None, math.inf)),
    )
    estimates = {
        "gap": gap,
        "gap[sex]": dataclasses.replace(gap, n=3),
        "open": dataclasses.replace(gap, value=0.5, low=-math.inf, high=math.inf),
        "ratio[sex]": dataclasses.replace(gap, value=0.7),
        "unknown": dataclasses.replace(gap, value=math.nan, low=math.nan, high=math.nan),
        "of nobody": dataclasses.replace(gap, value=math.nan, n=0),
    }
    finding = dataclasses.replace(finding, estimates=estimates, charts=(), tables=(pairs,))
    shown = report_html(dataclasses.replace(result, findings=(finding,)))
    listed = re.search(r"<summary>2 further numbers</summary>.*?</details>", shown, re.DOTALL)
    assert listed
    assert re.findall(r'<th scope="row">(.*?)</th>', listed.group()) == ["ratio[sex]", "unknown"]
    alone = report_html(dataclasses.replace(result, findings=result.findings[:1]))
    assert "further number" not in alone


def test_tables_behind_a_chart_are_folded_unless_the_check_fails(result):
    finding = dataclasses.replace(result.findings[2], tables=result.findings[2].tables[1:])
    small = "<summary>Groups too small to tell"
    for status, folded in (("fail", False), ("not enough data", True), ("measured", True)):
        changed = dataclasses.replace(finding, status=status)
        shown = report_html(dataclasses.replace(result, findings=(changed,)))
        assert (small in shown) == folded
        assert ('<details class="printed">' in shown) == (status != "measured")


def test_findings_of_a_pillar_begin_with_what_fails(result):
    turned = report_html(dataclasses.replace(result, findings=result.findings[::-1]))
    order = re.findall(r'<p class="status" data-status="(.*?)"', turned)
    assert order == ["pass", "measured", "fail", "not enough data", "measured", "measured", "pass"]


def test_what_was_found_states_the_limit_after_each_sentence(text):
    verdict = re.search(r'<section id="verdict".*?</section>', text, re.DOTALL).group()
    assert (
        "the limit is 10. Limit: largest gap in selection rate between groups at most 0.1 (stated)."
        in verdict
    )
    assert "Limit: smallest ratio of selection rates at least 0.8 (29 CFR 1607.4(D))." in verdict


def test_the_page_says_what_surely_and_fail_mean_and_spares_the_methods_names(text):
    reading = re.search(r'<section id="reading".*?</section>', text, re.DOTALL).group()
    assert "“surely” where 95% intervals that hold for all comparisons" in reading
    assert "two groups surely differ, and the ratio of their rates is below the limit" in reading
    assert "Bonferroni" not in visible(text)


def test_a_real_audit_with_groups_is_small_and_has_the_same_bytes_each_time():
    generator = np.random.default_rng(5)
    n = 900
    table = pd.DataFrame(
        {
            "deny": np.where(generator.random(n) < 0.3, "yes", "no"),
            "p": generator.random(n).round(3),
            "race": generator.choice(["green", "blue", "red"], n),
            "single": generator.choice(["yes", "no"], n),
        }
    )

    def page() -> str:
        found = alignlab.audit(
            predictions=table,
            target="deny",
            probability="p",
            groups=["race", "single", "race*single"],
            favourable="no",
            limits={"fairness.selection_rate": 0.1},
            seed=3,
        )
        assert len(found.findings) > 20
        return report_html(found)

    first = page()
    assert len(first.encode()) < MOST_BYTES
    assert "window.vegaEmbed=" in first
    assert page() == first


def test_a_long_table_is_folded_and_a_short_one_is_not(text):
    assert "<summary>Pairs of groups, widest first (30 rows)</summary>" in text
    assert "<caption><span>Groups too small to tell</span></caption>" in text


def test_a_very_long_table_says_what_it_leaves_out(result):
    table = Table("Long", ("n",), tuple((i,) for i in range(MOST_ROWS + 7)))
    finding = dataclasses.replace(result.findings[0], tables=(table,))
    shown = report_html(dataclasses.replace(result, findings=(finding,)))
    assert "7 further rows are in report.json." in shown


def test_a_column_of_numbers_has_one_form(result):
    table = Table("Mixed", ("x",), ((0,), (0.5,), (None,)))
    finding = dataclasses.replace(result.findings[0], tables=(table,))
    shown = report_html(dataclasses.replace(result, findings=(finding,)))
    assert re.findall(r'<td class="num">(.*?)</td>', shown)[-3:] == ["0.000", "0.500", "–"]


def test_without_a_chart_there_is_no_vega(result):
    plain_result = dataclasses.replace(result, findings=result.findings[:2])
    shown = report_html(plain_result)
    assert "window.vegaEmbed=" not in shown
    assert len(shown.encode()) < 60_000


def test_a_page_that_would_be_too_large_shows_still_drawings(result, monkeypatch):
    monkeypatch.setattr(page_module, "MOST_BYTES", 500_000)
    shown = report_html(result)
    assert "window.vegaEmbed=" not in shown
    assert shown.count("<svg version") == 4
    assert len(shown.encode()) < 500_000 < MOST_BYTES


@pytest.mark.slow
def test_twenty_charts_of_forty_groups_stay_below_two_megabytes(result):
    rows = [
        {"group": f"group {i} & another", "value": 0.5, "low": 0.4, "high": 0.6, "n": i}
        for i in range(40)
    ]
    chart = interval_chart("Who?", rows, x="rate (%)")
    findings = tuple(
        dataclasses.replace(result.findings[2], check=f"fairness.x{i}", charts=(chart,))
        for i in range(20)
    )
    shown = report_html(dataclasses.replace(result, findings=findings))
    assert len(shown.encode()) < MOST_BYTES
    assert "window.vegaEmbed=" in shown


@pytest.mark.parametrize(
    "subject",
    [{}, {"model": None, "data": None, "settings": None}, {"model": {}, "data": {"rows": 0}}],
)
def test_what_is_unknown_is_left_out(subject):
    finding = Finding("fairness.x", "fairness", "Is it?", "measured", "It is.")
    shown = visible(report_html(AuditResult((finding,), subject)))
    assert "<h1>Predictions</h1>" in shown
    assert "None" not in shown
    assert "nan" not in shown


def test_an_audit_without_findings_is_a_page():
    shown = report_html(AuditResult((), {}))
    assert "No check was run." in shown
    assert Page(shown).open == []
