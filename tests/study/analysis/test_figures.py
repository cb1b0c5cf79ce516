from __future__ import annotations

import numpy as np

from alignlab.study.analysis import analyze


def test_one_a_hypothesis_and_two_a_primary_measure(stated, records_of):
    spec = stated((", 2]", "]"), (", where: {depth: 2}", ""))
    figures = analyze(spec, records_of(spec)).figures
    assert list(figures) == ["H1", "H2", "H3", "accuracy", "accuracy.profile"]
    for name, each in figures.items():
        assert each.chart.svg().startswith("<svg")
        assert each.to_dict(f"figures/{name}.svg").keys() == {
            "title",
            "description",
            "file",
            "sha256",
        }


def test_a_difference_is_drawn_with_its_tasks_its_pairs_and_what_would_matter(stated, records_of):
    spec = stated()
    found = analyze(spec, records_of(spec))
    chart = found.figures["H1"].chart
    names = [row[0] for row in chart.table.rows]
    assert names == ["all tasks", "a", "b", "c"]
    data = [each["data"]["values"] for each in chart.spec["layer"] if "data" in each]
    assert {"from": -0.02, "to": 0.02, "what": "too small to matter: ±0.02"} in data[0]
    (pairs,) = [each for each in data if len(each) == 12]
    held = [x for each in found.hypotheses[0].pairs.differences for x in each]
    assert [each["value"] for each in pairs] == held
    value = found.hypotheses[0].difference
    assert chart.table.rows[0][1:4] == (value.value, value.low, value.high)
    assert "family's of 2" in found.figures["H1"].description


def test_a_profile_steps_at_the_runs_and_says_which_curve_is_better(stated, records_of):
    spec = stated(
        (", 2]", "]"),
        (", where: {depth: 2}", ""),
        ("{better: lower,", "{better: lower, primary: true,"),
    )
    found = analyze(spec, records_of(spec))
    table = found.figures["gap.profile"].chart.table
    held = [
        found.parts[f"gap.training={x}.depth=1"].sample.values for x in ("plain", "mended", "other")
    ]
    assert [row[1] for row in table.rows[:36]] == sorted(np.concatenate(held, axis=None))
    last = max(np.concatenate(held[0]))
    assert next(row[2] for row in table.rows[:36] if row[1] >= last) == 0
    assert "A lower curve is better." in found.figures["gap.profile"].description
    assert "A higher curve is better." in found.figures["accuracy.profile"].description


def test_many_profiles_are_left_out(stated, records_of):
    spec = stated()
    assert "accuracy.profile" not in analyze(spec, records_of(spec)).figures


def test_what_is_undefined_is_not_drawn(stated, records_of):
    spec = stated()
    gone = analyze(spec, records_of(spec, fails=lambda c, k: c["training"] == "mended")).figures
    assert "H1" not in gone
    assert "H2" in gone
    one = stated(("seeds: 4", "seeds: 1"))
    drawn = analyze(one, records_of(one)).figures["H1"].chart
    # A value without an interval is a hollow dot.
    assert "no interval" in drawn.svg()
