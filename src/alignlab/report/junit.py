"""JUnit XML: what a CI system shows of an audit.

One suite a pillar, one case a check. A check that fails is a failure. What has no verdict (not
enough data, measured without a limit, not applicable) is skipped with its reason, because CI
systems count everything else as passed. There is no time and no host name in it, so that the same
audit gives the same bytes.
"""

from __future__ import annotations

from xml.etree import ElementTree

from alignlab.audit.finding import PILLARS, Finding
from alignlab.audit.result import AuditResult
from alignlab.plain import printable
from alignlab.report.words import estimate_words, limit_words, title_of

__all__ = ["junit_xml"]


def junit_xml(result: AuditResult) -> str:
    """Return an audit as JUnit XML.

    Parameters
    ----------
    result
        An audit's result.

    Returns
    -------
    str
        One `testsuites` element; its text encoding is UTF-8.
    """
    root = ElementTree.Element("testsuites", _tallies(result.findings))
    # Of the root, the usual schema knows no "skipped"; the suites have it.
    del root.attrib["skipped"]
    root.set("name", printable(f"alignlab: {title_of(result)}"))
    for pillar in PILLARS:
        findings = tuple(each for each in result.findings if each.pillar == pillar)
        if not findings:
            continue
        suite = ElementTree.SubElement(root, "testsuite", {"name": pillar, **_tallies(findings)})
        for each in findings:
            _case(suite, each)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tallies(findings: tuple[Finding, ...]) -> dict[str, str]:
    failed = sum(each.status == "fail" for each in findings)
    passed = sum(each.status == "pass" for each in findings)
    tallies = {"tests": len(findings), "failures": failed, "errors": 0}
    tallies["skipped"] = len(findings) - failed - passed
    return {**{name: str(count) for name, count in tallies.items()}, "time": "0"}


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    names = {
        "classname": f"alignlab.{finding.pillar}",
        "name": printable(finding.check),
        "time": "0",
    }
    case = ElementTree.SubElement(suite, "testcase", names)
    summary = printable(finding.summary)
    if finding.status == "fail":
        failure = ElementTree.SubElement(case, "failure", {"type": "limit", "message": summary})
        failure.text = printable("\n".join([finding.question, *_details(finding), *finding.advice]))
    elif finding.status != "pass":
        reason = summary if finding.status == "not applicable" else f"{finding.status}: {summary}"
        ElementTree.SubElement(case, "skipped", {"message": reason})
    out = ElementTree.SubElement(case, "system-out")
    out.text = printable("\n".join([finding.question, finding.summary, *_details(finding)]))


def _details(finding: Finding) -> list[str]:
    lines = [f"{name}: {estimate_words(each)}" for name, each in finding.estimates.items()]
    if finding.limit is not None:
        lines.append(f"limit: {limit_words(finding.limit)}")
    return lines
