import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.paper.values import Findings, number_text, read_findings

ESTIMATE = {"value": 0.08123, "low": 0.0421, "high": 0.1203, "level": 0.95, "n": 10,
            "method": "t", "unit": "points"}  # fmt: skip


@pytest.fixture
def findings(tmp_path):
    numbers = {
        "H1.difference": ESTIMATE,
        "accuracy.training=adversarial.data=pets": {"value": -0.5},
        "runs": {"value": 12000},
        "H1.verdict": {"text": "It does."},
        "H2.difference": {"value": None, "low": None, "high": None, "level": 0.95},
        "exact": {"value": 2, "low": 2, "high": 2, "level": 0.9},
    }
    return Findings(numbers, {"main": {}}, {}, (), tmp_path)


@pytest.mark.parametrize(
    ("name", "form", "said"),
    [
        ("H1.difference", "", "0.081, 95% CI [0.042, 0.120]"),
        ("H1.difference", ".1%", "8.1%, 95% CI [4.2%, 12.0%]"),
        ("H1.difference.value", "", "0.081"),
        ("H1.difference.low", ".3f", "0.042"),
        ("H1.difference.n", "", "10"),
        ("H1.difference.unit", "", "points"),
        ("H1.verdict", "", "It does."),
        ("runs", "", "12,000"),
        ("runs", "d", "12000"),
        ("accuracy.training=adversarial.data=pets", "+.2f", "−0.50"),
        ("exact", "", "2, 90% CI [2, 2]"),
    ],
)
def test_what_a_name_says(findings, name, form, said):
    assert findings.said(name, form) == said


@pytest.mark.parametrize(
    ("name", "form", "wrong"),
    [
        ("H1.diference", "", r"Did you mean 'H1\.difference'"),
        ("H1.difference.lo", "", r"Did you mean 'H1\.difference\.low'"),
        ("runs.low", "", r"runs has no low; it has value\."),
        ("H1.verdict", ".2f", "words"),
        ("runs", "!r", "format"),
        ("runs", ".2x", "format"),
        ("H1.difference.value", "d", "not a whole number"),
        ("H2.difference", "", r"no number in analysis\.json"),
    ],
)
def test_what_cannot_be_said_is_told_in_one_line(findings, name, form, wrong):
    with pytest.raises(InputError, match=wrong) as caught:
        findings.said(name, form)
    assert "\n" not in str(caught.value)


def test_tables_and_figures_by_name(findings):
    assert findings.table("main") == {}
    with pytest.raises(InputError, match=r"no table 'mian'.*Did you mean 'main'"):
        findings.table("mian")
    with pytest.raises(InputError, match=r"no figure 'H1' in analysis\.json\. It has none"):
        findings.figure("H1")


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_a_number_reads_back_within_its_three_digits(value):
    text = number_text(value)
    power = text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")).replace(",", "")
    base, _, exponent = power.partition(" × 10")
    read = float(base) * 10.0 ** int(exponent or 0)
    assert math.isclose(read, value, rel_tol=0.0051, abs_tol=1e-300)


def test_no_negative_zero():
    assert number_text(-0.001, ".1f") == "0.0"
    assert number_text(-0.0) == "0"


def test_results_that_changed_since_are_refused(study):
    path, records = study / "analysis.json", study / "results.jsonl"
    assert read_findings(path, records).said("runs") == "30"
    records.write_text(records.read_text() + "\n")
    with pytest.raises(InputError, match=r"made from other results than results\.jsonl"):
        read_findings(path, records)
    path.write_text(json.dumps({"format": "other"}))
    with pytest.raises(InputError, match="not of the format"):
        read_findings(path, records)
    path.write_text("{")
    with pytest.raises(InputError, match="damaged"):
        read_findings(path, records)
    path.unlink()
    with pytest.raises(InputError, match=r"No analysis\.json .* alignlab study analyze"):
        read_findings(path, records)
