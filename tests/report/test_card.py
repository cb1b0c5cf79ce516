from __future__ import annotations

import dataclasses

from alignlab.audit import AuditResult
from alignlab.charts import interval_chart
from alignlab.report import model_card
from alignlab.report.card import MOST_ROWS

SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_it_has_the_sections_of_the_paper_in_its_order(result):
    headings = [line[3:] for line in model_card(result).splitlines() if line.startswith("## ")]
    assert headings == SECTIONS


def test_what_an_audit_cannot_know_is_left_open_and_seen(result):
    text = model_card(result)
    for title in ("Intended use", "Training data", "Ethical considerations"):
        assert section(text, title).strip().startswith("> **To be written by the model's owner:**")
        assert len(section(text, title).strip().splitlines()) == 1


def test_numbers_come_with_intervals_and_rows(result):
    row = next(
        line
        for line in model_card(result).splitlines()
        if line.startswith("| performance.accuracy |")
    )
    assert "| measured | 0.882 | 0.869 | 0.895 | 2,380 |" in row


def test_groups_have_their_own_tables(result):
    analyses = section(model_card(result), "Quantitative analyses")
    assert "**Which share of each group is approved?**" in analyses
    assert "| race\\*sex | Black &amp; female |" in analyses


def test_long_tables_say_what_they_leave_out(result):
    rows = [{"group": str(i), "value": 0.5, "low": 0.4, "high": 0.6, "n": 9} for i in range(60)]
    chart = interval_chart("Who?", rows, x="rate")
    finding = dataclasses.replace(result.findings[2], charts=(chart,))
    text = model_card(dataclasses.replace(result, findings=(finding,)))
    assert f"{60 - MOST_ROWS} further rows are in report.json." in text


def test_caveats_name_what_fails_and_what_nobody_can_tell(result):
    caveats = section(model_card(result), "Caveats and recommendations")
    assert "- Fails: Black applicants are approved 19.1" in caveats
    assert "- Not enough data: The lowest rate is 79%" in caveats


def test_nothing_breaks_out_of_the_page(result):
    assert "<script>" not in model_card(result)


def test_an_audit_of_nothing_is_a_card_of_gaps():
    text = model_card(AuditResult((), {}))
    assert "# Model card: predictions" in text
    assert "No check was run." in text
    assert "None" not in text
