from __future__ import annotations

import json
import math
from importlib.resources import files

import jsonschema
import pytest

from alignlab.audit import AuditResult, Finding
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.report import read_report, report_json


def schema() -> dict:
    return json.loads(files("alignlab.report").joinpath("schema.json").read_text("utf-8"))


def valid() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def test_the_published_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_what_is_written_follows_the_schema(result):
    valid().validate(json.loads(report_json(result)))


def test_a_result_without_any_subject_follows_it_too():
    valid().validate(json.loads(report_json(AuditResult((), {}))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "alignlab-report-0"),
        (("findings", 0, "status"), "fine"),
        (("findings", 0, "score"), 0.9),
        (("findings", 0, "estimates", "accuracy", "low"), "0.8"),
        (("findings", 2, "limit", "side"), "about"),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(result, path, value):
    content = json.loads(report_json(result))
    at = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert list(valid().iter_errors(content))


def test_no_number_is_infinite_or_missing_in_the_json(result):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    content = json.loads(report_json(result), parse_constant=refuse)
    found = {each["check"]: each for each in content["findings"]}
    assert found["uncertainty.calibration"]["estimates"]["calibration error"]["high"] is None
    assert found["transparency.importance"]["estimates"]["nothing"]["value"] is None


def test_written_and_read_again_it_is_the_same(result, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(report_json(result), encoding="utf-8")
    again = read_report(path)
    assert report_json(again) == path.read_text("utf-8")
    assert again.findings[2] == result.findings[2]
    assert again.subject == result.subject
    assert read_report(tmp_path).finding("performance.accuracy").headline.value == 0.882


def test_an_open_interval_is_open_again(result, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(report_json(result), encoding="utf-8")
    again = read_report(path)
    assert again.finding("uncertainty.calibration").headline.high == math.inf
    nothing = again.finding("transparency.importance").estimates["nothing"]
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)


def test_floats_keep_every_digit(tmp_path):
    value = 0.1 + 0.2
    exact = Estimate(value, value / 3, value * 3, 0.95, 7, "exact")
    finding = Finding("fairness.x", "fairness", "Is it?", "measured", "It is.", {"x": exact})
    path = tmp_path / "report.json"
    path.write_text(report_json(AuditResult((finding,), {})), encoding="utf-8")
    assert read_report(path).findings[0].headline == exact


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not an alignlab report: it is not JSON."),
        ("[1, 2]", "is not an alignlab report: it does not say"),
        ('{"schema": "other"}', "is not an alignlab report: it does not say"),
        (
            '{"schema": "alignlab-report-9"}',
            "has the form 'alignlab-report-9', and this alignlab reads 'alignlab-report-1'",
        ),
        ('{"schema": "alignlab-report-1"}', "is damaged: it has no 'subject'"),
        (
            '{"schema": "alignlab-report-1", "subject": {}, "rows": {}, "findings": [{}]}',
            "is damaged: findings.0.check: Field required",
        ),
        (
            '{"schema": "alignlab-report-1", "subject": {}, "rows": {}, "findings": [7]}',
            "is damaged: findings.0",
        ),
    ],
)
def test_what_is_not_a_report_is_told_in_one_line(tmp_path, content, message):
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_report(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_bytes_that_are_no_text_are_told(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="it is not text"):
        read_report(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read the report .*: No such file"):
        read_report(tmp_path / "absent.json")


def test_each_end_of_an_interval_may_be_open(tmp_path):
    below = Estimate(0.2, -math.inf, 0.3, 0.95, 7, "exact")
    finding = Finding("fairness.x", "fairness", "Is it?", "measured", "It is.", {"x": below})
    path = tmp_path / "report.json"
    path.write_text(report_json(AuditResult((finding,), {})), encoding="utf-8")
    assert read_report(path).findings[0].headline == below
