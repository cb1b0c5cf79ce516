"""What a recalibration says of itself, where it helped, where it harmed, and where nobody knows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from alignlab.intervals import Estimate
from alignlab.plain import to_json
from alignlab.predictors.probability_maps import Identity, Temperature, Vector
from alignlab.uncertainty.calibration.recalibration_result import (
    Candidate,
    Change,
    RecalibratedResult,
)


def estimate(value, low, high):
    return Estimate(value, low, high, 0.95, 100, "t")


def result(low=-0.2, high=-0.1, **changes):
    change = Change(
        estimate(0.6, 0.5, 0.7),
        estimate(0.45, 0.4, 0.5),
        estimate((low + high) / 2, low, high),
        0.0,
    )
    plain = RecalibratedResult(
        model=None,
        map=Temperature(0.5),
        method="temperature",
        candidates=(Candidate("temperature", 0.5, 0.0, 0.0, True),),
        changes={"log_loss": change, "brier": change},
        before=None,
        after=None,
        decided_otherwise=0.0,
        keep_decisions=True,
        unkept=0.0,
        fitted_on=np.arange(200),
        held_out=np.arange(200, 300),
        trained_on=np.zeros(0, dtype=np.uint64),
        notes=(),
        evaluations=300,
        level=0.95,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.2, -0.1, "the log loss falls by 0.1 to 0.2 on 100 held-out rows (p < 0.001)."),
        (0.1, 0.2, "worse for it: the log loss rises by 0.1 to 0.2"),
        (-0.1, 0.2, "not shown by 100 held-out rows: the log loss changes by -0.1 to +0.2."),
    ],
)
def test_the_headline_goes_by_the_interval(low, high, said):
    assert said in result(low, high).headline


def test_leaving_it_is_said():
    assert "best left" in result(method="none", map=Identity()).headline


def test_what_keeping_decisions_costs_is_said():
    kept = result(map=Vector((1.0,), (1.0,)), decided_otherwise=0.25, unkept=-0.05)
    assert "25.0% of held-out rows were moved" in kept.decisions
    assert "lower the log loss by 0.05 more" in kept.decisions
    free = replace(kept, keep_decisions=False)
    assert "25.0% of held-out rows are decided otherwise" in free.decisions
    assert "moved" not in free.decisions
    assert "lower" not in replace(kept, unkept=0.0).decisions


def test_it_is_plain_values_and_tables_without_bins_too():
    plain = json.loads(to_json(result().to_dict()))
    assert plain["map"] == {"map": "temperature", "inverse": 0.5}
    assert plain["calibration_error"] == {"before": None, "after": None}
    assert len(result().to_table().rows) == 2
    assert len(result().candidates_table().rows) == 1
    assert result().chart() is None
    assert repr(result()).startswith("<RecalibratedResult temperature")
