from __future__ import annotations

import json

import pytest

from alignlab.plain import to_json
from alignlab.study.plans.planning import plan_study
from alignlab.study.reading import parse_study


@pytest.fixture
def plan(small_text):
    return plan_study(parse_study(small_text))


def test_a_plan_is_plain_values(plan):
    held = json.loads(to_json(plan.to_dict()))
    assert held["hypotheses"][0]["name"] == "H1"
    assert held["cost"]["runs"] == 20
    assert held["seeds_needed"] == plan.seeds_needed == 6


def test_the_headline_names_the_weakest(small_text, plan):
    assert plan.headline == (
        "4 configurations × 5 seeds = 20 runs; the chance of showing the smallest effect that "
        "matters is 77%."
    )
    second = small_text.replace(
        "analysis:",
        "  H2: {says: s, measure: score, factor: x, of: mended, against: plain, "
        "smallest-effect: 0.01, spread: 0.1}\nanalysis:",
    )
    told = plan_study(parse_study(second))
    assert "the least chance" in told.headline
    assert told.headline.endswith("(H2).")
    unknown = plan_study(parse_study(small_text.replace("    spread: 0.1\n", "")))
    assert unknown.headline.endswith("the chance of showing anything is unknown.")
    assert unknown.seeds_needed is None


def test_rows_and_chart(small_text, plan):
    frame = plan.to_frame()
    assert frame.columns.tolist() == [
        "hypothesis", "draws", "alpha", "spread", "power", "needed",
    ]  # fmt: skip
    assert frame.spread.tolist() == [0.05, 0.1, 0.15000000000000002, 0.2]
    assert frame.power.is_monotonic_decreasing
    chart = plan.chart()
    assert chart.question.endswith("?")
    powers = [row[2] for row in chart.table.rows]
    assert powers == sorted(powers)
    assert plan_study(parse_study(small_text.replace("    spread: 0.1\n", ""))).chart() is None
