from __future__ import annotations

from alignlab.intervals import Estimate
from alignlab.study.analysis import analyze
from alignlab.study.analysis.tables import bracketed


def test_what_the_tables_hold(stated, records_of):
    spec = stated()
    records = records_of(spec, fails=lambda c, k: c["data"] == "a" and k == 3 and c["depth"] == 1)
    tables = analyze(spec, records).tables
    assert list(tables) == ["main", "tasks", "hypotheses", "measures", "failures"]
    assert tables["main"].columns == ("training", "depth", "accuracy", "runs")
    assert [row[:2] for row in tables["main"].rows][:3] == [
        ("plain", "1"), ("plain", "2"), ("mended", "1"),
    ]  # fmt: skip
    assert [row[-1] for row in tables["main"].rows] == [11, 12] * 3
    assert tables["tasks"].columns == ("data", "training", "depth", "accuracy")
    assert len(tables["tasks"].rows) == 18
    assert [row[0] for row in tables["hypotheses"].rows] == ["H1", "H2", "H3"]
    assert tables["failures"].rows[0] == (
        "a", "plain", "1", 3, "experiment.py:1: ValueError: no",
    )  # fmt: skip
    assert len(tables["failures"].rows) == 3
    # Numbers stay numbers where a program reads them.
    assert isinstance(tables["measures"].rows[0][2], float)


def test_a_title_says_which_intervals_these_are(stated, records_of):
    spec = stated()
    assert analyze(spec, records_of(spec)).tables["hypotheses"].title == (
        "The hypotheses, with 95% intervals, of an equivalence 90%, which hold together for the "
        "family"
    )
    drawn = stated(("{tasks: [data]}", "{tasks: [data], generalise: tasks}"))
    title = analyze(drawn, records_of(drawn)).tables["measures"].title
    assert title.endswith("(IQM), whose interval is for new seeds on these tasks")


def test_p_values_are_adjusted_where_there_is_a_family(stated, records_of):
    spec = stated()
    for few, there in ((spec.hypotheses, True), ({"H1": spec.hypotheses["H1"]}, False)):
        spec = spec.model_copy(update={"hypotheses": dict(few)})
        table = analyze(spec, records_of(spec)).tables["hypotheses"]
        assert ("p adjusted" in table.columns) == there
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_without_tasks_and_hypotheses_those_tables_are_left_out(stated, records_of):
    spec = stated((" {tasks: [data]}", " {}"))
    spec = spec.model_copy(update={"hypotheses": {}})
    assert list(analyze(spec, records_of(spec)).tables) == ["main", "measures", "failures"]


def test_cells():
    nan = float("nan")
    assert bracketed(Estimate(nan, nan, nan, 0.95, 0, "none")) == ""
    assert bracketed(Estimate(-0.00001, -0.01, 0.01, 0.95, 3, "t")) == "0.000 [-0.010, 0.010]"
    assert bracketed(Estimate(0.04, 0.0004, 0.08, 0.95, 3, "t")) == "0.040 [0.0004, 0.080]"
