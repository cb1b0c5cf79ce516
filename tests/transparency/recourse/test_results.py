from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from alignlab.transparency.recourse.results import (
    Change,
    Counterfactual,
    Counterfactuals,
)


def result() -> Counterfactuals:
    rows = [pd.DataFrame({"savings": [3200], "job": ["clerk"]}) for _ in range(2)]
    savings, job = Change("savings", 900, 3200, 1.5), Change("job", "nurse", "clerk", 1.0)
    return Counterfactuals(
        found=(
            Counterfactual((savings,), rows[0], "yes", 0.58, 2.5, 0.3, True),
            Counterfactual((savings, job), rows[1], "yes", 0.7, 4.5, 0.01, False),
        ),
        decision="no", answer=0.8, target="yes", method="search", least_cost=None, why_none="",
        spreads={"savings": 1533.3}, per_change=1.0, evaluations=100,
    )  # fmt: skip


def test_sentences_are_what_people_would_say():
    assert result().sentences == (
        "With savings of 3,200 instead of 900 the answer would have been yes (0.58).",
        "With savings of 3,200 instead of 900 and job 'clerk' instead of 'nurse' the answer would "
        "have been yes (0.70). Hardly any row of the data is as unusual as this one.",
    )


def test_a_value_is_said_once():
    row = np.zeros((1, 1))
    found = Counterfactual((Change("x", 1.0, 2.0, 1.0),), row, "12.5", 12.5, 2.0, 0.5, True)
    assert found.sentence == "With x of 2 instead of 1 the answer would have been 12.5."


def test_labels_have_no_number():
    row = np.zeros((1, 1))
    found = Counterfactual((Change("x", 1.0, 2.0, 1.0),), row, "yes", None, 2.0, 0.5, True)
    assert found.sentence.endswith("would have been yes.")


def test_it_is_a_value():
    found = result()
    with pytest.raises(FrozenInstanceError):
        found.method = "x"
    assert len(found) == 2
    assert [each.cost for each in found] == [2.5, 4.5]
    assert json.loads(json.dumps(found.to_dict()))["counterfactuals"][0]["changes"] == [
        {"column": "savings", "from": 900, "to": 3200, "move": 1.5}
    ]
    frame = found.to_frame()
    assert frame["counterfactual"].tolist() == [1, 2, 2]
    assert len(found.rows) == 2
    assert not found.proven
    assert "savings" in found._repr_html_()


def test_the_chart_is_drawn_and_says_the_same_as_its_table():
    chart = result().chart()
    assert chart.question == "What would have made the answer yes?"
    assert chart.table.rows[0] == ("1. yes (0.58)", "savings", "900 → 3,200", 1.5)
    assert "<svg" in chart.svg()
