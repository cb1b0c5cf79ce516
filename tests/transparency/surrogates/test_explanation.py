"""What an explanation says of itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.plain import to_json
from alignlab.transparency.surrogates import lime

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.normal(size=200), "job": RNG.choice(["x", "y"], 200), "c": 1.0})


def model(rows):
    return 3 * rows["a"] + 2.0 * (rows["job"] == "x")


ROW = TABLE.iloc[int(np.flatnonzero(TABLE["job"] == "x")[0])]
TOLD = lime(model, ROW, background=TABLE, task="regression")


def test_by_hand():
    assert TOLD.names == ("a", "job", "c")
    assert TOLD.coefficients == pytest.approx([3.0, 2.0, np.nan], nan_ok=True)
    assert TOLD.ranking == ("a", "job", "c")
    assert TOLD.strengths[1:] == pytest.approx([1.0, 0.0])
    assert TOLD.answer == pytest.approx(TOLD.local_answer)
    assert TOLD.answer == pytest.approx(3 * ROW["a"] + 2)
    assert TOLD.intercept == pytest.approx(3 * ROW["a"])
    assert TOLD["job"].value == pytest.approx(2.0)
    assert TOLD.notes == ("Not moved, so nothing is known of: c (one value only).",)
    with pytest.raises(InputError, match="Did you mean 'job'"):
        TOLD["jobs"]


def test_the_sentence():
    assert TOLD.sentence == (
        "Around this row, for the value: +3 for each unit more of a; +2 for job being x rather "
        "than another. A straight line accounts for 100% of how the answer varies here, and a "
        "rerun would rank these alike with probability 1.00."
    )


def test_table_and_plain_values():
    frame = TOLD.to_frame()
    assert frame["feature"].tolist() == ["a", "job", "c"]
    assert frame["given"].tolist()[1:] == ["x", "1"]
    read = json.loads(to_json(TOLD.to_dict()))
    assert read["features"][1] == {
        "name": "job",
        "given": "x",
        "kind": "state",
        "coefficient": pytest.approx(2.0),
        "standard_error": pytest.approx(0.0, abs=1e-9),
        "strength": pytest.approx(1.0),
    }
    assert read["trusted"] is True
    assert TOLD.sentence in TOLD._repr_html_()


def test_it_is_not_changed():
    with pytest.raises(AttributeError):
        TOLD.answer = 1.0


def test_charts():
    chart = TOLD.chart()
    assert chart.question == "What moves the value here?"
    assert [row[0] for row in chart.table.rows] == [f"a = {ROW['a']:.6g}", "job = x"]
    assert "<svg" in chart.svg()
    text = lime(
        lambda texts: np.array([0.5 + 0.4 * ("good" in each) for each in texts]),
        "a good day",
        classes=["no", "yes"],
    )
    drawn = text.chart()
    assert drawn.table.rows[0][0] == "good"
    assert drawn.table.rows[0][1] == pytest.approx(0.4)
    assert text.sentence.startswith(
        "Around this text, for the probability of 'yes': +0.4 for the word 'good'."
    )


def test_a_doubtful_one_says_so_everywhere():
    def noise(rows):
        return np.sin(1e6 * rows["a"].to_numpy())

    told = lime(noise, ROW, background=TABLE, task="regression", max_evaluations=10_000)
    assert not told.trusted
    assert told.sentence.startswith("Don't trust this one: ")
    assert told.chart().question.endswith("Don't trust this one")
    assert told.to_dict()["reasons"]
