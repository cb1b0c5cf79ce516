import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from alignlab.charts import Chart, bar_chart
from alignlab.cli.output import (
    Result,
    bullet,
    deliver,
    drawn,
    prepare,
    rows_table,
    signed,
    speaks,
)
from alignlab.errors import InputError, OutputError

CHART = bar_chart("Which?", [{"name": "a", "x": 1.0}], x="x", y="name", value="x")
RESULT = Result("test", {"found": [1.5]}, pd.DataFrame({"a": [1]}), CHART, {"more.txt": "more"})


def test_files_are_written_all_or_none(here, capsys):
    deliver(
        lambda: RESULT,
        lambda console: console.print("text"),
        words=["x"],
        out=Path("o"),
        as_json=False,
    )
    assert capsys.readouterr().out == (
        "text\nWritten to o: test.json, test.csv, test.svg, more.txt\n"
    )
    before = {path.name: path.read_bytes() for path in Path("o").iterdir()}
    Path("o/test.svg").unlink()
    Path("o/test.svg").mkdir()
    Path("o/test.svg/full").touch()
    other = Result("test", {"found": [2.5]}, pd.DataFrame({"a": [2]}), CHART)
    with pytest.raises(OutputError):
        deliver(lambda: other, lambda _: None, words=["x"], out=Path("o"), as_json=False)
    assert "Which?" in before["test.svg"].decode()
    assert {path.name for path in Path("o").iterdir()} == before.keys()


def test_json_is_alone_on_standard_output(here, capsys):
    def show(console):
        raise AssertionError

    deliver(lambda: RESULT, show, words=["values", "x", "--out", "o"], out=None, as_json=True)
    shown = capsys.readouterr().out
    told = json.loads(shown)
    assert told["found"] == [1.5]
    assert told["command"] == "alignlab values x"


def test_nothing_is_made_that_goes_nowhere(here, capsys):
    def made():
        raise AssertionError

    deliver(made, lambda console: console.print("text"), words=["x"], out=None, as_json=False)
    assert capsys.readouterr().out == "text\n"


def test_where_to_write_is_checked_before_the_work(here):
    assert prepare(None) is None
    assert prepare("new/deep") == Path("new/deep")
    assert not Path("new").exists()
    with pytest.raises(InputError, match="--out is empty"):
        prepare(" ")
    with pytest.raises(
        OutputError, match=r"Cannot write to p\.csv: Not a directory but a file"
    ) as told:
        prepare("p.csv")
    assert "space" not in str(told.value)


def test_a_drawing_is_on_white_and_its_question_fits(here):
    question = "What is each state worth under this reward, and what is done there?"
    spec = {**CHART.spec, "width": 288}
    text = drawn(Chart(question, spec, CHART.table))
    assert 'fill="white"' in text
    assert f">{question}<" not in text  # but in lines of at most 40 letters
    assert ">What is each state worth under this<" in text


def test_rows_and_points_are_laid_out():
    stream = io.StringIO()
    console = Console(file=stream, width=30)
    console.print(rows_table(pd.DataFrame({"a": range(30), "b": "x"}), right=("a",), most=2))
    bullet(console, "a point that goes over two lines")
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines == ["a  b", "0  x", "1  x", "- a point that goes over two", "  lines"]


@pytest.mark.parametrize(("encoding", "can"), [("utf-8", True), ("ascii", False)])
def test_a_terminal_says_what_it_can_write(monkeypatch, encoding, can):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert speaks(Console()) is can


def test_numbers_are_short():
    assert [signed(x) for x in (0.123456, -0.0, 1234.5)] == ["0.123", "0", "1.23e+03"]
