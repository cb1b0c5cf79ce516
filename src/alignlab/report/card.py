"""A model card in Markdown, with the sections of [mitchell2019model], from the audit's result only.

What an audit cannot know (who made the model, for whom, trained on what) is left as a visible gap
for a person, never invented.
"""

from __future__ import annotations

from alignlab.audit.finding import PILLARS, Finding
from alignlab.audit.result import AuditResult
from alignlab.charts import Table
from alignlab.report.markdown import escaped, table
from alignlab.report.words import (
    NO_SCORE,
    PILLAR_WORDS,
    cell,
    counted,
    facts,
    limit_words,
    number,
    part,
)

__all__ = ["model_card"]

GAP = "> **To be written by the model's owner:** {}"

MOST_ROWS = 40


def model_card(result: AuditResult) -> str:
    """Return a model card as Markdown.

    Parameters
    ----------
    result
        An audit's result.
    """
    lines = [f"# Model card: {escaped(part(result, 'model').get('name') or 'predictions')}"]
    for title, section in (
        ("Model details", _details(result)),
        (
            "Intended use",
            [GAP.format("what the model is for, who uses it, and what it must not be used for.")],
        ),
        ("Factors", _factors(result)),
        ("Metrics", _metrics(result)),
        ("Evaluation data", _data(result)),
        ("Training data", [GAP.format("what the model was trained on, and how that was chosen.")]),
        ("Quantitative analyses", _analyses(result)),
        (
            "Ethical considerations",
            [GAP.format("whom a wrong decision harms, and what they can do about it.")],
        ),
        ("Caveats and recommendations", _caveats(result)),
    ):
        lines += ["", f"## {title}", "", *section]
    return "\n".join(lines) + "\n"


def _listed(result: AuditResult, *titles: str) -> list[str]:
    return [
        f"- {name}: {escaped(value)}"
        for title, entries in facts(result)
        if title in titles
        for name, value in entries
    ]


def _details(result: AuditResult) -> list[str]:
    return [*_listed(result, "Model"), "", GAP.format("who made it, when, which version, licence.")]


def _factors(result: AuditResult) -> list[str]:
    data = part(result, "data")
    groups = data.get("groups") or []
    lines = [f"- {escaped(name)}" for name in groups]
    said = "The answers were compared between the groups of:" if lines else "No groups were named."
    control = data.get("control")
    within = ["", f"Groups were compared only within: {escaped(control)}."] if control else []
    return [said, *(["", *lines] if lines else []), *within]


def _metrics(result: AuditResult) -> list[str]:
    rows = [
        (each.check, limit_words(each.limit)) for each in result.findings if each.limit is not None
    ]
    said = (
        "Every number has an interval; a check passes or fails on the whole interval, "
        "fairness.four_fifths as 29 CFR 1607.4(D) says."
    )
    return [said, *(["", *table(("Check", "Limit"), rows)] if rows else [])]


def _data(result: AuditResult) -> list[str]:
    return [
        *_listed(result, "Data"),
        "",
        GAP.format("where these rows come from and whom they stand for."),
    ]


def _analyses(result: AuditResult) -> list[str]:
    lines = [f"{counted(result)} {NO_SCORE}"]
    for pillar in PILLARS:
        findings = [
            each
            for each in result.findings
            if each.pillar == pillar and each.status != "not applicable"
        ]
        if not findings:
            continue
        lines += ["", f"### {PILLAR_WORDS[pillar][0]}", ""]
        rows = [(each.check, each.status, *_headline(each), each.summary) for each in findings]
        lines += table(("Check", "Status", "Value", "From", "To", "Rows", "In words"), rows)
        if pillar == "fairness":
            for each in findings:
                for shown in each.charts:
                    lines += _by_group(shown.table)
    return lines


def _headline(finding: Finding) -> tuple[str, str, str, str]:
    found = finding.headline
    if found is None:
        return ("–", "–", "–", "–")
    return (number(found.value), number(found.low), number(found.high), number(found.n))


def _by_group(shown: Table) -> list[str]:
    rows = [tuple(cell(each) for each in row) for row in shown.rows[:MOST_ROWS]]
    left = len(shown.rows) - len(rows)
    more = ["", f"{left} further rows are in report.json."] if left > 0 else []
    return ["", f"**{escaped(shown.title)}**", "", *table(shown.columns, rows), *more]


def _caveats(result: AuditResult) -> list[str]:
    undecided = [each for each in result.findings if each.status == "not enough data"]
    failed = result.failed()
    lines = [f"- Fails: {escaped(each.summary)}" for each in failed]
    lines += [f"- Not enough data: {escaped(each.summary)}" for each in undecided]
    advice = dict.fromkeys(line for each in failed for line in each.advice)
    lines += [f"- What would help: {escaped(line)}" for line in advice]
    lines.append("- The numbers hold for the rows named above and for no others.")
    return [*lines, "", GAP.format("what else a person should know before using the model.")]
