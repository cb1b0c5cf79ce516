import dataclasses

import pytest

import alignlab
from alignlab.audit import AuditResult
from alignlab.errors import InputError


@pytest.fixture
def result(decided):
    return alignlab.audit(
        predictions=decided,
        target="deny",
        probability="p",
        checks=["performance.accuracy", "performance.brier", "performance.r2"],
        limits={"performance.accuracy": 0.99},
    )


def test_findings_are_found_by_name(result):
    assert result.finding("performance.accuracy").status == "fail"
    with pytest.raises(InputError, match=r"Did you mean 'performance\.brier'"):
        result.finding("performance.brie")


def test_counts_and_fails(result):
    assert result.counts == {
        "fail": 1, "not enough data": 0, "pass": 0, "measured": 1, "not applicable": 1,
    }  # fmt: skip
    assert [each.check for each in result.failed()] == ["performance.accuracy"]
    assert result.failed(("performance.brier",)) == []


def test_the_table_has_one_line_an_estimate(result):
    frame = result.to_frame()
    assert frame["check"].tolist() == ["performance.accuracy", "performance.brier"]
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["n"] == 600).all()


def test_the_notebook_view_escapes(result):
    assert "<td>performance.accuracy</td>" in result._repr_html_()
    assert result.to_dict()["schema"] == "alignlab-report-1"


def test_a_shell_shows_one_line_with_what_fails(result):
    assert repr(result) == str(result)
    assert repr(result) == (
        "<AuditResult: the table on 600 rows: 1 fail, 1 measured, 1 not applicable; "
        "fails: performance.accuracy>"
    )
    assert repr(AuditResult((), {})) == "<AuditResult: predictions: no findings>"


def test_a_notebook_shows_what_fails_first_and_folds_what_does_not_apply(result):
    turned = dataclasses.replace(result, findings=result.findings[::-1])
    shown = turned._repr_html_()
    assert shown.index("performance.accuracy") < shown.index("performance.brier")
    assert shown.endswith("</table><p>Not applicable: performance.r2.</p>")


def test_saving_writes_the_five_files(result, tmp_path):
    directory = result.save(tmp_path / "report")
    assert sorted(path.name for path in directory.iterdir()) == [
        "evidence.md", "junit.xml", "model-card.md", "report.html", "report.json",
    ]  # fmt: skip
