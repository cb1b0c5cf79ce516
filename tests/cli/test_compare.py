import json
from pathlib import Path

import pandas as pd
import pytest

LINE = "audit --predictions {} --target deny --probability p --groups race --favourable no"


@pytest.fixture
def reports(alignlab, saved):
    """Two reports: in the second, one race is denied more often."""
    frame = pd.read_csv("p.csv")
    frame["p"] = (frame["p"] + 0.6 * (frame["race"] == "blue")).clip(0, 1)
    frame.to_csv("later.csv", index=False)
    for table, out in (("p.csv", "a"), ("later.csv", "b")):
        line = LINE.format(table) + f" --limit fairness.selection_rate=0.35 --out {out}"
        assert alignlab(line)[0] == 0
    return alignlab


def test_what_changed_is_said(reports):
    code, shown, error = reports("compare a/report.json b")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "From p.csv to later.csv: what changed" in text
    assert "The same 400 rows in both (outcomes and groups agree)" in text
    assert "fairness.selection_rate pass fail" in text
    assert "performance.accuracy 0.8" in text
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("gate", "code"),
    [("fairness", 1), ("fairness.selection_rate", 1), ("performance", 1), ("transparency", 0)],
)
def test_the_gate_is_what_got_worse(reports, gate, code):
    assert reports(f"compare a b --fail-on {gate}")[0] == code
    assert reports(f"compare b a --fail-on {gate}")[0] == 0
    assert reports(f"compare b b --fail-on {gate}")[0] == 0


def test_a_number_that_surely_got_worse_closes_the_gate_without_a_limit(alignlab, saved):
    pd.read_csv("p.csv").eval("p = 1 - p").to_csv("turned.csv", index=False)
    for table, out in (("p.csv", "a"), ("turned.csv", "b")):
        assert alignlab(f"{LINE.format(table)} --out {out}")[0] == 0
    code, shown, error = alignlab("compare a b --fail-on performance.auc")
    assert (code, error) == (1, "")
    assert "Gate: performance.auc surely got worse, so the exit code is 1." in shown
    code, shown, _ = alignlab("compare b a --fail-on performance.auc")
    assert code == 0
    assert "Gate: nothing that it names fails newly or surely got worse." in shown


@pytest.mark.parametrize(
    ("out", "begin"),
    [("c.html", "<!doctype html>"), ("c.md", "# From p.csv to later.csv"), ("c.json", "{")],
)
def test_it_is_written(reports, out, begin):
    code, shown, _ = reports(f"compare a b --out {out}")
    assert code == 0
    assert f"Written: {out}" in shown
    text = Path(out).read_text(encoding="utf-8")
    assert text.startswith(begin)
    if out == "c.json":
        assert json.loads(text)["same_rows"] is True
    reports(f"compare a b --out again-{out}")
    assert Path(f"again-{out}").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("compare a absent.json", "absent.json: No such file"),
        ("compare a p.csv", "p.csv is not an alignlab report"),
        ("compare a b --out c.pdf", "--out c.pdf: the name ends in one of .html, .json, .md"),
        ("compare a b --fail-on fairnes", "Did you mean 'fairness'?"),
        ("compare a b --out p.csv/c.md", "Cannot write to p.csv"),
    ],
)
def test_bad_input_is_one_line(reports, line, message):
    code, shown, error = reports(line)
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1


def test_damaged_rows_are_said_to_be(reports):
    path = Path("b/report.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    report["rows"]["fingerprint"] = "0" * 64
    path.write_text(json.dumps(report), encoding="utf-8")
    code, _, error = reports("compare a b")
    assert code == 2
    assert "The rows in this report are damaged" in error
