"""The report as one page: offline, with nothing to load, and readable without JavaScript.

Charts are drawn when the page is made, so that they show on paper and in mail; Vega, inlined,
redraws them on the screen so that they answer the pointer. A content security policy forbids every
request and every script but the two of this page, whose hashes it names; Vega therefore runs its
expressions by its own interpreter instead of by `eval`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from alignlab import __version__
from alignlab.audit.finding import PILLARS, STATUSES, Finding
from alignlab.audit.result import AuditResult
from alignlab.charts import Cell, Table
from alignlab.intervals import Estimate
from alignlab.plain import plain, printable
from alignlab.report.evidence import NO_CLAIM, clauses, evidence_by_framework
from alignlab.report.ruler import ruler
from alignlab.report.words import (
    MEANING,
    NO_SCORE,
    PILLAR_WORDS,
    cell,
    counted,
    estimate_words,
    facts,
    headline_name,
    limit_words,
    number,
    part,
    title_of,
)
from alignlab.theme import theme

__all__ = ["report_html"]

ROWS_IN_VIEW = 12
"""A longer table is folded."""

MOST_ROWS = 100
"""A table shows so many rows; `report.json` has all."""

MOST_BYTES = 2_000_000
"""A page that would be larger shows still drawings, without Vega."""

VEGA_LICENCE = (
    "/* Vega, Vega-Lite and Vega-Embed: Copyright 2015-2025 University of Washington Interactive "
    "Data Lab and contributors, BSD-3-Clause. D3: Copyright 2010-2025 Mike Bostock, ISC. */"
)


def report_html(result: AuditResult) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    result
        An audit's result.

    Returns
    -------
    str
        A page that asks nobody for anything; the same result gives the same bytes.
    """
    charts = [chart for each in result.findings for chart in each.charts]
    drawings = {id(chart): chart.svg() for chart in charts}
    page = _rendered(result, drawings, interactive=bool(charts))
    if len(page.encode()) > MOST_BYTES:
        page = _rendered(result, drawings, interactive=False)
    return page


def _rendered(result: AuditResult, drawings: Mapping[int, str], *, interactive: bool) -> str:
    style = _resource("page.css")
    scripts = [_resource("page.js"), *([_vega()] if interactive else [])]
    template = _environment().get_template("page.html.jinja")
    page: str = template.render(
        title=title_of(result),
        version=__version__,
        policy=_policy(style, scripts),
        style=style,
        scripts=list(reversed(scripts)),
        theme=_inline_json(theme()) if interactive else None,
        result=result,
        model=part(result, "model"),
        data=part(result, "data"),
        facts=facts(result),
        counted=counted(result),
        no_score=NO_SCORE,
        failed=result.failed(),
        undecided=[each for each in result.findings if each.status == "not enough data"],
        pillars=_pillars(result),
        meaning=MEANING,
        level=part(result, "settings").get("level"),
        limits=[each for each in result.findings if each.limit is not None],
        most_rows=MOST_ROWS,
        drawing=lambda chart: drawings[id(chart)],
        frameworks=evidence_by_framework(result),
        no_claim=NO_CLAIM,
        reproduce=result.subject.get("reproduce"),
    )
    return printable(page)


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("alignlab.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "number": number,
        "cell": cell,
        "estimate": estimate_words,
        "headline_name": headline_name,
        "limit": limit_words,
        "ruler": lambda finding: ruler(finding.headline, finding.limit),
        "spec": lambda chart: _inline_json(chart.spec),
        "kinds": _column_kinds,
        "folded": _is_folded,
        "further": _further,
        "clauses": lambda finding: [clauses()[k] for k in finding.evidence if k in clauses()],
        "anchor": lambda name: "".join(c if c.isalnum() else "-" for c in name),
    }
    return environment


@cache
def _resource(name: str) -> str:
    return files("alignlab.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _vega() -> str:
    """Return Vega with all it needs as one script."""
    import vl_convert

    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    # The one sequence that would end the script element from within.
    return VEGA_LICENCE + "\n" + bundle.replace("</script", "<\\/script")


def _policy(style: str, scripts: list[str]) -> str:
    """Return a content security policy under which only this page's own code runs."""
    allowed = " ".join(_hash_of(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash_of(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline_json(value: Any) -> str:
    """Return JSON that nothing in it can lead out of a script element."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _pillars(result: AuditResult) -> list[dict[str, Any]]:
    """Return each pillar that has findings: its words, its findings, and how many are what."""
    pillars = []
    for name in PILLARS:
        findings = [each for each in result.findings if each.pillar == name]
        if not findings:
            continue
        findings.sort(key=lambda each: STATUSES.index(each.status))
        counts = {s: sum(each.status == s for each in findings) for s in STATUSES}
        title, about = PILLAR_WORDS[name]
        pillars.append(
            {
                "name": name,
                "title": title,
                "about": about,
                "findings": [each for each in findings if each.status != "not applicable"],
                "absent": [each for each in findings if each.status == "not applicable"],
                "statuses": [each.status for each in findings],
                "counts": [(status, count) for status, count in counts.items() if count],
            }
        )
    return pillars


def _is_folded(table: Table, finding: Finding) -> bool:
    """Return whether a table waits to be opened: a long one, or one behind a chart that suffices.

    Where a check fails, a reader wants the comparisons at once.
    """
    suffices = bool(finding.charts) and finding.status != "fail"
    return suffices or len(table.rows) > ROWS_IN_VIEW


def _further(finding: Finding) -> dict[str, Estimate]:
    """Return the estimates that neither the headline nor a row of any of its tables shows."""
    tables = [*(chart.table for chart in finding.charts), *finding.tables]
    shown = [
        {_finite(value) for value in row} for table in tables for row in table.rows[:MOST_ROWS]
    ]
    return {
        name: each
        for name, each in finding.estimates.items()
        if each is not finding.headline
        and each.n
        and (
            math.isnan(each.value)
            or not any({each.value, _finite(each.low), _finite(each.high)} <= row for row in shown)
        )
    }


def _finite(value: Cell) -> Cell:
    """Return what JSON keeps of a cell, so that a page made from a saved report is the same."""
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _column_kinds(table: Table) -> list[str]:
    """Return what each column holds: "float" and "int" for numbers only, else "text"."""
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    kinds = []
    for column in columns:
        values = [value for value in column if value is not None]
        words = not values or any(isinstance(value, str) for value in values)
        whole = all(isinstance(value, int) for value in values)
        kinds.append("text" if words else "int" if whole else "float")
    return kinds
