from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

from alignlab.audit import AuditResult, Finding
from alignlab.report import junit_xml

# What the schema of Jenkins' xUnit plug-in (junit-10) allows, of what we write.
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["testcase"],
    "testcase": ["skipped", "failure", "system-out"],
    "failure": [],
    "skipped": [],
    "system-out": [],
}


def parsed(result: AuditResult) -> ElementTree.Element:
    return ElementTree.fromstring(junit_xml(result).encode())


def test_it_has_the_elements_and_attributes_that_ci_systems_read(result):
    for element in parsed(result).iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert {"name"} & ATTRIBUTES[element.tag] <= set(element.attrib)
        assert {child.tag for child in element} <= set(CHILDREN[element.tag])


def test_only_what_passed_counts_as_passed(result):
    cases = {case.get("name"): case for case in parsed(result).iter("testcase")}
    assert len(cases) == len(result.findings)
    for finding in result.findings:
        told = [child.tag for child in cases[finding.check] if child.tag != "system-out"]
        expected = {"fail": ["failure"], "pass": []}.get(finding.status, ["skipped"])
        assert told == expected, finding.check


def test_the_tallies_are_the_sums_of_what_is_inside(result):
    root = parsed(result)
    for element in [root, *root.iter("testsuite")]:
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        assert int(element.get("failures")) == len(list(element.iter("failure")))
        if element is not root:
            assert int(element.get("skipped")) == len(list(element.iter("skipped")))
    assert [suite.get("name") for suite in root][:2] == ["performance", "fairness"]
    assert int(root.get("failures")) == 1


def test_a_failure_says_the_number_its_limit_and_what_would_help(result):
    failure = next(parsed(result).iter("failure"))
    assert failure.get("message").startswith("Black applicants are approved 19.1")
    assert "largest gap: 0.191 (95% interval 0.146 to 0.236)" in failure.text
    assert "limit: largest gap in selection rate between groups at most 0.1" in failure.text
    assert "alignlab audit --checks oversight" in failure.text


def test_a_skip_says_why(result):
    reasons = {
        case.get("name"): skipped.get("message")
        for case in parsed(result).iter("testcase")
        for skipped in case.iter("skipped")
    }
    assert reasons["oversight.asking"].startswith("Not applicable: nobody has stated utilities")
    assert reasons["performance.accuracy"].startswith("measured: The model is right")


def test_characters_that_no_xml_can_hold_do_not_break_it():
    finding = Finding("fairness.x", "fairness", "Is\x00 it?", "fail", "It \ud800 is & <so>\x1b.")
    case = next(parsed(AuditResult((finding,), {})).iter("failure"))
    assert case.get("message") == "It � is & <so>�."


def test_an_audit_without_findings_is_an_empty_suite(result):
    root = parsed(dataclasses.replace(result, findings=()))
    assert list(root) == []
    assert root.get("tests") == "0"
