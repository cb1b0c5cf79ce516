"""Numbers and facts in the words that all of a report's files share.

A number is shown with as many digits as a reader can use; the report's JSON holds all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from alignlab.audit.finding import PILLARS, STATUSES, Finding, Limit, Status
from alignlab.audit.result import AuditResult
from alignlab.intervals import Estimate
from alignlab.plain import plain
from alignlab.wording import joined

__all__ = [
    "MEANING",
    "NO_SCORE",
    "PILLAR_WORDS",
    "cell",
    "counted",
    "estimate_words",
    "facts",
    "headline_name",
    "limit_words",
    "number",
    "part",
    "title_of",
]

MEANING: dict[Status, str] = {
    "fail": (
        "The whole interval lies beyond the limit; for fairness.four_fifths: two groups surely "
        "differ, and the ratio of their rates is below the limit (29 CFR 1607.4(D))."
    ),
    "not enough data": "The interval spans the limit, or there are too few rows to tell.",
    "pass": "The whole interval lies within the limit.",
    "measured": (
        "Nobody has stated a limit, so there is a number and no verdict; state what you accept "
        "with --limit CHECK=VALUE."
    ),
    "not applicable": "Something that the check needs is absent; the reason is given.",
}

PILLAR_WORDS: dict[str, tuple[str, str]] = {
    "performance": ("Performance", "How good are the answers?"),
    "values": ("Values", "Are the decisions worth what they could be to people?"),
    "fairness": ("Fairness", "Whom does the model treat differently?"),
    "uncertainty": ("Uncertainty", "Does it know what it does not know?"),
    "transparency": ("Transparency", "What do the answers depend on?"),
    "robustness": ("Robustness", "Do the answers hold when the inputs change a little?"),
    "oversight": ("Oversight", "Which cases should a person see?"),
}

NO_SCORE = (
    "There is no overall score: a failing check is not made good by a passing one somewhere else."
)

assert set(PILLAR_WORDS) == set(PILLARS), "every pillar has its words"
assert set(MEANING) == set(STATUSES), "every status has its meaning"


def number(value: Any) -> str:
    """Return a number for people: grouped thousands, three decimals, a true minus sign.

    Examples
    --------
    >>> number(2380), number(0.19044), number(-0.5), number(0.00012), number(float("nan"))
    ('2,380', '0.190', '−0.500', '0.00012', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    value = float(value) + 0.0  # no negative zero
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0 or 0.001 <= size < 10:
        text = f"{value:.3f}"
    elif size < 0.001:
        text = f"{value:.2g}"
    elif size < 1e6:
        text = f"{value:,.{max(0, 3 - int(math.log10(size)))}f}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def estimate_words(estimate: Estimate) -> str:
    """Return an estimate and its interval in words.

    Examples
    --------
    >>> estimate_words(Estimate(0.19, 0.15, 0.23, 0.95, 2380, "exact"))
    '0.190 (95% interval 0.150 to 0.230)'
    """
    if estimate.low == estimate.high or math.isnan(estimate.value):
        return number(estimate.value)
    span = f"{number(estimate.low)} to {number(estimate.high)}"
    return f"{number(estimate.value)} ({100 * estimate.level:g}% interval {span})"


def headline_name(finding: Finding) -> str:
    """Return what the headline is called: a column's own name stays as it is."""
    name = next(iter(finding.estimates), "")
    return name.replace("_", " ") if name == finding.check.partition(".")[2] else name


def limit_words(limit: Limit) -> str:
    """Return a limit in words: what, which side, how much, and who says so.

    Examples
    --------
    >>> limit_words(Limit(0.1, "at most", "largest gap"))
    'largest gap at most 0.1 (stated by the person who asked for this audit)'
    """
    source = "stated by the person who asked for this audit"
    source = source if limit.source == "stated" else limit.source
    return f"{limit.of} {limit.side} {limit.value:g} ({source})"


def counted(result: AuditResult) -> str:
    """Return how many checks have each status, as one sentence."""
    counts = result.counts
    absent = counts["not applicable"]
    total = sum(counts.values()) - absent
    parts = [
        f"{counts[status]} {words[counts[status] != 1]}"
        for status, words in _VERBS.items()
        if counts[status]
    ]
    checks = {0: "No check was run", 1: "1 check was run"}.get(total, f"{total} checks were run")
    said = f"{checks}: {joined(parts)}" if parts else checks
    return f"{said}; {absent} did not apply." if absent else f"{said}."


_VERBS: dict[Status, tuple[str, str]] = {
    "fail": ("fails", "fail"),
    "not enough data": ("cannot be decided on this much data",) * 2,
    "pass": ("passes", "pass"),
    "measured": ("is measured without a limit", "are measured without a limit"),
}
"""For one check and for several; in the order of the sentence."""


def title_of(result: AuditResult) -> str:
    """Return what was audited, in one line."""
    model = part(result, "model").get("name") or "predictions"
    data = part(result, "data").get("name")
    return f"{model} on {data}" if data else f"{model}"


def part(result: AuditResult, name: str) -> Mapping[str, Any]:
    """Return one part of the subject; empty if it is not there."""
    found = plain(result.subject.get(name))
    return found if isinstance(found, dict) else {}


def facts(result: AuditResult) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what was audited: titled lists of names and values; what is unknown is left out."""
    model, data, settings = (part(result, name) for name in ("model", "data", "settings"))
    asked = sum(each.evaluations for each in result.findings)
    total = model.get("rows_evaluated")
    if isinstance(total, int) and asked:
        total = f"{number(total)}, of which {number(asked)} by single checks"
    limits = settings.get("limits") or {}
    utilities = settings.get("utilities")
    listed: list[tuple[str, list[tuple[str, Any]]]] = [
        (
            "Model",
            [
                ("Name", model.get("name")),
                ("Form", model.get("kind")),
                ("Task", model.get("task")),
                ("Classes", model.get("classes")),
                ("How its answers were read", model.get("reading")),
                ("Rows it was asked for", total),
                ("SHA-256", model.get("sha256")),
            ],
        ),
        (
            "Data",
            [
                ("Name", data.get("name")),
                ("Images" if data.get("images") else "Rows", data.get("rows")),
                ("Size of an image", data.get("images")),
                ("Target", data.get("target")),
                ("Groups", data.get("groups")),
                ("Compared within", data.get("control")),
                ("Weights", data.get("weights")),
                ("SHA-256", data.get("sha256")),
                ("Seen in training", data.get("seen")),
                ("Reference", data.get("reference")),
                ("Rows of the reference", data.get("reference_rows")),
                ("Review", data.get("review")),
                ("Answers in the review", data.get("review_answers")),
            ],
        ),
        (
            "Stated by a person",
            [
                ("Favourable outcome", data.get("favourable") or "not stated"),
                ("Limits", [f"{k} = {v:g}" for k, v in sorted(limits.items())] or "none stated"),
                ("Utilities", _utilities(utilities) if utilities else "not stated"),
                ("Cost of asking a person", settings.get("asking_cost")),
            ],
        ),
        (
            "Settings",
            [
                ("Level of the intervals", _percent(settings.get("level"))),
                ("Seed", _bare(settings.get("seed"))),
                ("Checks", f"{len(result.findings)}, listed with their findings"),
                ("alignlab", result.subject.get("alignlab")),
            ],
        ),
    ]
    return [
        (title, [(name, _text(value)) for name, value in lines if value not in (None, "", [])])
        for title, lines in listed
    ]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    return value if isinstance(value, str) else number(value)


def _bare(value: Any) -> str | None:
    return None if value is None else str(value)


def _percent(level: Any) -> str | None:
    return None if level is None else f"{100 * float(level):g}%"


def _utilities(utilities: Any) -> str:
    """Return what deciding one class is worth when another is true."""
    if not isinstance(utilities, Mapping):
        return _text(utilities)
    return "; ".join(
        f"deciding {decision} when it is {outcome}: {number(worth)}"
        for decision, worths in utilities.items()
        for outcome, worth in worths.items()
    )


def cell(value: Any, kind: str = "text") -> str:
    """Return a table's cell for people; `kind` is what its column holds ("float", "int", "text").

    >>> cell("f"), cell(12), cell(0, "float"), cell(None)
    ('f', '12', '0.000', '–')
    """
    if isinstance(value, str):
        return value
    return number(float(value) if kind == "float" and value is not None else value)
