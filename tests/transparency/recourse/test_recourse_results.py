from __future__ import annotations

import json

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.transparency.recourse.recourse_results import (
    GroupRecourse,
    RecourseCost,
    RecourseGap,
)


def result() -> RecourseCost:
    def estimate(value, low, high):
        return Estimate(value, low, high, 0.95, 10, "Student's t")

    return RecourseCost(
        groups=(
            GroupRecourse("f", 20, 10, estimate(3, 2, 4), estimate(3, 1, np.inf),
                          estimate(0.2, 0.1, 0.4)),
            GroupRecourse("m", 30, 0, None, None, None),
        ),
        gaps=(RecourseGap("f", "m", estimate(1, 0.5, 1.5)),),
        costs=np.zeros(50), changed=np.zeros(50), favourable="yes", method="search", level=0.95,
        evaluations=10,
    )  # fmt: skip


def test_words_table_and_plain_values():
    found = result()
    assert found.sentences == (
        "f: 10 of 20 are denied; those who have a way to yes pay 3.00 [2.00, 4.00] on average. "
        "20% have none that was found.",
        "m: 0 of 30 are denied.",
        "f pay 1.00 [0.50, 1.50] more than m: surely more.",
    )
    assert found.to_frame()["mean"].isna().tolist() == [False, True]
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["groups"][0]["median"]["high"] is None
    assert plain["gaps"][0]["sure"]
    assert "denied" in found._repr_html_()


def test_a_group_is_found_by_its_label():
    assert result()["f"].denied == 10
    with pytest.raises(InputError, match="There is no group 'x'"):
        result()["x"]


def test_the_chart_shows_the_groups_that_have_a_mean():
    chart = result().chart()
    assert [row[0] for row in chart.table.rows] == ["f"]
    assert "<svg" in chart.svg()
