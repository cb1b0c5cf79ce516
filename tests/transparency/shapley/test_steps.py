from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import altair
import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.theme import ACCENT, INK, QUIET, RULE, WARN
from alignlab.transparency.shapley.values import ShapleyValues


def result(features=3, n=2):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, features, 1)) / 10
    values[0, :3, 0] = 0.1, -0.4, 0.2
    return ShapleyValues(
        values=values,
        base=np.array([0.5]),
        answers=0.5 + values.sum(axis=1),
        standard_errors=np.zeros_like(values),
        background_errors=None,
        features=tuple(f"feature {at}" for at in range(features)),
        columns=tuple((at,) for at in range(features)),
        outputs=("yes",),
        rows=np.arange(n * features, dtype=float).reshape(n, features),
        game="interventional",
        method="exact",
        scale="probability",
        evaluations=0,
        background_rows=9,
    )


def test_the_steps_lead_from_the_average_to_the_answer_the_largest_first():
    chart = result().waterfall(0)
    expected = [
        ("the average answer", 0.5, 0.5),
        ("feature 1 = 1", -0.4, 0.1),
        ("feature 2 = 2", 0.2, 0.3),
        ("feature 0 = 0", 0.1, 0.4),
        ("this answer", 0.4, 0.4),
    ]
    for found, row in zip(chart.table.rows, expected, strict=True):
        assert found[0] == row[0]
        assert found[1:] == pytest.approx(row[1:])
    assert chart.question == "What moves this row's probability of 'yes' away from the average?"


def test_small_steps_are_one_and_the_last_ends_at_the_answer():
    values = result(30)
    rows = values.waterfall(1, most=4).table.rows
    assert len(rows) == 7
    assert rows[5][0] == "26 other features, summed"
    assert rows[5][2] == pytest.approx(values.answers[1, 0], abs=1e-15)
    assert values.waterfall(-1, most=4).table.rows == rows


def test_what_was_sampled_has_its_interval():
    values = result()
    assert "low" not in str(values.waterfall(0).spec["layer"])
    sampled = replace(values, standard_errors=np.full_like(values.values, 0.01))
    spec = sampled.waterfall(0).spec
    assert "'low'" in str(spec["layer"])
    step = spec["data"]["values"][1]
    assert step["right"] == 0.5
    assert (step["low"], step["high"]) == pytest.approx((0.1 - 0.0196, 0.1 + 0.0196), abs=1e-5)


def test_it_is_drawn_with_known_colours_and_says_the_sign_in_words():
    chart = result().waterfall(0)
    altair.Chart.from_dict(chart.themed())
    drawing = chart.svg()
    assert drawing == chart.svg()
    elements = list(ElementTree.fromstring(drawing).iter())
    used = {element.get(key) for element in elements for key in ("fill", "stroke")}
    assert used <= {None, "none", "transparent", INK, QUIET, RULE, ACCENT, WARN}
    texts = {element.text for element in elements if element.text}
    assert {"−40%", "+20%", "+10%", "50%"} <= texts


def test_a_row_that_is_not_there_is_said():
    with pytest.raises(InputError, match="row=2 is none of the 2 rows"):
        result().waterfall(2)
