import io
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from alignlab.cli.terminal import printing

LINE = "audit --predictions p.csv --target deny --probability p"


def test_fails_come_first_with_what_would_help(alignlab, saved):
    code, shown, _ = alignlab(
        f"{LINE} --groups race --favourable no --limit performance.accuracy=0.99 "
        "--limit performance.brier=0.2"
    )
    assert code == 0
    text = " ".join(shown.split())
    assert "Fail: Accuracy is " in text
    assert text.index("Fail: ") < text.index("Report: ")
    assert saved[0].finding("performance.accuracy").advice[0] in text
    assert " accuracy ✗ fail " in text
    assert "≥ 0.99" in text
    assert "brier ✓ pass" in text


def test_a_verdict_is_a_word_and_not_a_colour(alignlab, saved):
    _, shown, _ = alignlab(f"{LINE} --checks performance,transparency.importance")
    assert "\x1b" not in shown
    assert "performance\n" in shown
    assert "· measured" in shown
    assert "Not applicable: transparency.importance (there are only predictions" in shown


def test_without_a_limit_it_says_so(alignlab, saved):
    _, shown, _ = alignlab(f"{LINE} --checks performance.auc")
    assert "Nothing was held against a limit, so nothing passed or failed." in shown


def test_there_is_no_overall_score(alignlab, saved):
    _, shown, _ = alignlab(LINE)
    assert "score" not in shown.replace("mean score", "").lower()


def test_a_column_keeps_its_name(alignlab, saved):
    frame = pd.read_csv("p.csv")
    frame[["deny", "p"]].rename(columns={"p": "decile_score"}).to_csv("d.csv", index=False)
    Path("decile_model.py").write_text(
        "import numpy as np\n"
        "def predict(rows):\n"
        "    p = rows['decile_score'].to_numpy()\n"
        "    return np.column_stack([1 - p, p])\n",
        encoding="utf-8",
    )
    _, shown, _ = alignlab(
        "audit --model decile_model:predict --data d.csv --target deny "
        "--checks transparency.importance,performance.log_loss"
    )
    assert "decile_score" in shown
    assert "decile score" not in shown
    assert "log_loss" not in shown


def test_no_line_is_wider_than_the_terminal_or_ends_in_spaces(alignlab, saved, monkeypatch):
    for columns in ("80", "60", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        _, shown, _ = alignlab(f"{LINE} --groups race,sex --favourable no")
        lines = shown.splitlines()
        assert max(map(len, lines)) <= min(int(columns), 100)
        assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "✗"), ("ascii", "x fail")])
def test_signs_are_those_that_the_terminal_can_write(alignlab, saved, monkeypatch, encoding, sign):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    alignlab(f"{LINE} --checks performance.accuracy --limit performance.accuracy=0.99")
    sys.stdout.flush()
    assert sign in raw.getvalue().decode(encoding)


def test_colour_on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    with printing() as console:
        console.print("fail", style="bold red")
    assert "\x1b[1;31mfail" in written.getvalue()


def test_what_a_terminal_would_obey_is_not_passed_on(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    hostile = "a\x1b]0;owned\x07b\x1b[2Jc\x9b1Ad\x08e\rf\x7fg\x00h"
    with printing() as console:
        console.print(hostile, style="bold")
        console.print("kept\tas it is\nand this")
    told = written.getvalue()
    assert not set(told) & set("\x07\x08\x9b\r\x7f\x00")
    assert re.findall("\x1b.{1,3}", told) == ["\x1b[1m", "\x1b[0m"]
    assert "kept" in told
    assert told.endswith("and this\n")
