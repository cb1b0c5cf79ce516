from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.uncertainty.calibration import calibration_by_group, calibration_error


def test_each_group_is_measured_as_if_alone():
    rng = np.random.default_rng(0)
    said, group = rng.random(600), rng.choice(["a", "b", "c"], 600)
    happened, weights = (rng.random(600) < said).astype(int), rng.uniform(0.5, 2, 600)
    seen = calibration_by_group(said, happened, group, weights=weights, redraws=0)
    for each in seen.groups:
        member = group == each.group
        alone = calibration_error(
            said[member], happened[member], weights=weights[member], redraws=0
        )
        assert each.error.squared == alone.squared
        excess = np.average(said[member] - happened[member], weights=weights[member])
        assert each.excess.value == pytest.approx(excess, abs=1e-14)
        assert np.isnan(each.p_value)
    assert sum(each.rows for each in seen.groups) == 600
    assert seen.off() == ()


def test_a_model_right_on_the_whole_and_wrong_for_both_groups():
    rng = np.random.default_rng(1)
    said, high = rng.uniform(0.3, 0.7, 4000), rng.random(4000) < 0.5
    happened = rng.random(4000) < said + np.where(high, 0.15, -0.15)
    assert calibration_error(said, happened).p_value > 0.05
    seen = calibration_by_group(said, happened, {"side": np.where(high, "high", "low")})
    assert {each.group for each in seen.off()} == {"high", "low"}
    too_high, too_low = (each.excess.value for each in seen.groups)
    assert too_high == pytest.approx(-0.15, abs=0.04)
    assert too_low == pytest.approx(0.15, abs=0.04)


def test_any_false_alarm_happens_as_often_as_said_and_a_fault_is_found():
    rng = np.random.default_rng(2)
    alarms = found = 0
    for seed in range(80):
        said = rng.beta(0.8, 1.2, 400)
        groups = {"ten": np.arange(400) % 10, "half": np.arange(400) < 200}
        draws = rng.random(400)
        right = calibration_by_group(said, draws < said, groups, redraws=99, seed=seed)
        alarms += bool(right.off())
        chance = np.where(groups["ten"] == 3, 1 - said, said)
        wrong = calibration_by_group(said, draws < chance, groups, redraws=99, seed=seed)
        found += any(each.group == "3" for each in wrong.off())
    assert alarms / 80 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 80)
    assert found / 80 > 0.8


def test_small_groups_and_many_classes():
    rng = np.random.default_rng(3)
    said = rng.dirichlet(np.ones(3), 300)
    happened = rng.integers(0, 3, 300)
    group = np.where(np.arange(300) < 12, "few", "many")
    seen = calibration_by_group(said, happened, group, about=1, redraws=50)
    few, many = seen.groups
    assert (few.rows, few.error, few.excess) == (12, None, None)
    assert "class 1" in many.error.definition
    frame = seen.to_frame()
    assert frame["rows"].tolist() == [12, 288]
    assert frame["error"].isna().tolist() == [True, False]
    assert len(seen.chart().table.rows) == 1
    assert seen.to_dict()["groups"][0]["error"] is None


def test_rows_of_weight_0_belong_to_no_group():
    rng = np.random.default_rng(4)
    said, group = rng.random(200), np.arange(200) % 2
    happened = (rng.random(200) < said).astype(int)
    weights = np.where(np.arange(200) < 100, 0.0, 1.0)
    seen = calibration_by_group(said, happened, group, weights=weights, redraws=0)
    assert [each.rows for each in seen.groups] == [50, 50]


def test_bad_input_is_said_in_one_line():
    with pytest.raises(InputError, match=r"grouping 'sex' has shape \(3,\).*\(2,\)"):
        calibration_by_group([0.2, 0.8], [0, 1], {"sex": ["f", "m", "f"]})
    with pytest.raises(InputError, match="redraws=-1 is negative"):
        calibration_by_group([0.2, 0.8], [0, 1], ["f", "m"], redraws=-1)
