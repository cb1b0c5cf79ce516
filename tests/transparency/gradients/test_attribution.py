"""The result: its gap, its table, its charts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.transparency.gradients import Attribution


def attribution(values, *, base=None, errors=None, rows=None, features=()):
    values = np.asarray(values, dtype=float)
    n = len(values)
    return Attribution(
        values=values,
        standard_errors=errors,
        answers=np.full(n, 3.0),
        base=base,
        targets=np.zeros(n, dtype=np.intp),
        output_names=("yes",),
        method="made up",
        scale="logit",
        features=features,
        rows=values if rows is None else rows,
        evaluations=7,
    )


def test_the_gap_is_what_the_values_leave():
    result = attribution([[1.0, 0.5]], base=np.array([1.0]))
    assert result.gap.tolist() == [0.5]
    assert result.relative_gap == 0.25
    assert attribution([[2.0, 0.0]], base=np.array([1.0])).relative_gap == 0
    assert attribution([[0.0, 0.0]], base=np.array([3.0])).relative_gap == 0
    assert attribution([[1.0, 0.0]], base=np.array([3.0])).relative_gap == np.inf


def test_a_table_is_ordered_by_size_with_its_intervals():
    result = attribution(
        [[1.0, -2.0]], base=np.zeros(1), errors=np.array([[0.1, 0.2]]), features=("a", "b")
    )
    frame = result.to_frame()
    assert frame["feature"].tolist() == ["b", "a"]
    assert frame["low"].tolist() == pytest.approx([-2 - 1.96 * 0.2, 1 - 1.96 * 0.1], abs=1e-3)
    chart = result.chart()
    assert "low" in chart.table.columns
    assert chart.svg().startswith("<svg")


def test_an_interval_from_few_draws_is_students():
    errors = np.array([[0.1, 0.2]])
    few = replace(attribution([[1.0, -2.0]], base=np.zeros(1), errors=errors), freedom=3)
    assert few.to_frame()["high"][0] == pytest.approx(-2 + 3.182 * 0.2, abs=1e-3)


def test_an_image_is_a_line_a_pixel_and_a_heat_map():
    values = np.zeros((1, 2, 3, 5))
    values[0, 1, 2, 4] = -1.0
    result = attribution(values)
    top = result.to_frame().iloc[0]
    assert (top["channel"], top["row"], top["column"], top["value"]) == (1, 2, 4, -1)
    assert "Which pixels" in result.chart().question


def test_it_is_written_as_plain_values():
    result = attribution([[1.0, 0.5]], base=np.array([1.0]))
    assert json.loads(json.dumps(result.to_dict()))["gap"] == [0.5]
    assert attribution([[1.0]]).to_dict()["base"] is None


def test_what_has_no_chart_and_no_row_says_so():
    with pytest.raises(InputError, match="neither a table's nor an image's"):
        attribution(np.zeros((1, 3, 4))).chart()
    with pytest.raises(InputError, match="row=1"):
        attribution([[1.0]]).chart(1)
