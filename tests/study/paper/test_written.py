import json

from alignlab.study.folder import open_study
from alignlab.study.paper.nodes import See, plain_text, walk
from alignlab.study.paper.values import Findings, read_findings
from alignlab.study.paper.written import (
    deviation_blocks,
    failure_blocks,
    method_blocks,
    planned_results,
)


def words(blocks):
    return " ".join(
        plain_text(each.children) for each in walk(tuple(blocks)) if hasattr(each, "children")
    )


def test_the_method_says_design_measures_hypotheses_and_registration(study):
    opened = open_study(study)
    said = words(method_blocks(opened.spec, opened.registration))
    for part in (
        "training (standard, adversarial and penalised) and data (adult and loans)",
        "6 configurations is run with 5 seeds, 30 runs in all",
        "Gap between groups: primary; in points; from 0; lower is better.",
        "Adversarial training widens the gap.",
        "expected to be above zero. Smallest effect of interest (in points): 1.",
        "corrected by Holm's procedure",
        "before its first run",
        opened.registration["digest"][:16],
    ):
        assert part in said
    power = opened.registration["plan"]["hypotheses"][0]["power"]
    assert f"Planned power: {power:.0%}" in said


def test_what_was_not_registered_is_exploratory(study):
    opened = open_study(study)
    assert "exploratory" in words(method_blocks(opened.spec, None))


def test_what_was_planned_and_not_placed_is_placed(study):
    opened = open_study(study)
    findings = read_findings(opened.analysis_path, opened.records_path)
    missing = planned_results(findings, opened.spec, frozenset({("figure", "H1")}))
    assert missing == [("table", "main"), ("table", "hypotheses"), ("figure", "H2")]


def test_deviations_are_listed():
    assert "There are none" in words(deviation_blocks(()))
    said = words(deviation_blocks(("Two seeds were added.", "H2 was dropped.")))
    assert "Two seeds were added." in said
    assert "H2 was dropped." in said


def test_failed_runs_are_limitations(study, analysis, tmp_path):
    findings = Findings(analysis["numbers"], analysis["tables"], {}, (), tmp_path)
    blocks = failure_blocks(findings, frozenset())
    assert "1 of the 30 runs failed" in words(blocks)
    assert See("table", "failures") in walk(blocks)
    assert len(blocks) == 2
    assert len(failure_blocks(findings, frozenset({("table", "failures")}))) == 1
    numbers = {**json.loads(json.dumps(analysis["numbers"])), "failed": {"value": 0}}
    none = failure_blocks(Findings(numbers, {}, {}, (), tmp_path), frozenset())
    assert words(none) == "None of the 30 runs failed."
