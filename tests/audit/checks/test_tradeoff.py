from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import alignlab


def test_the_identity_is_printed_and_the_forced_rates_differ():
    y = np.repeat([1, 0, 1, 0], [40, 60, 80, 20])
    d = np.concatenate([np.repeat([1, 0], [30, 10]), np.repeat([1, 0], [10, 50]),
                        np.repeat([1, 0], [60, 20]), np.repeat([1, 0], [15, 5])])  # fmt: skip
    frame = pd.DataFrame({"g": np.repeat(["a", "b"], 100), "y": y, "d": d})
    finding = alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="g", favourable=1,
        checks=["fairness.tradeoff"],
    ).finding("fairness.tradeoff")  # fmt: skip
    assert finding.status == "measured"
    columns = finding.tables[0].columns
    for row in finding.tables[0].rows:
        named = dict(zip(columns, row, strict=True))
        assert named["FPR by the identity"] == pytest.approx(named["FPR"])
    assert "80.0% of g = b and 40.0% of g = a" in finding.summary
    assert "not all three can be equal" in finding.summary


def traded_off(frame, **options):
    return alignlab.audit(
        predictions=frame, target="y", prediction="d", groups="g", favourable=1,
        checks=["fairness.tradeoff"], **options,
    ).finding("fairness.tradeoff")  # fmt: skip


def test_nothing_is_forced_apart_by_equal_base_rates_or_perfect_decisions():
    y = np.tile([1, 1, 0, 0], 50)
    d = np.r_[np.tile([1, 0, 1, 0], 25), np.tile([1, 1, 0, 0], 25)]
    equal = traded_off(pd.DataFrame({"g": np.repeat(["a", "b"], 100), "y": y, "d": d}))
    assert "50.0% of g = a and 50.0% of g = b, which may be chance" in equal.summary
    y = np.repeat([1, 0, 1, 0], [40, 60, 80, 20])
    perfect = traded_off(pd.DataFrame({"g": np.repeat(["a", "b"], 100), "y": y, "d": y}))
    assert "can nearly be equal" in perfect.summary
    assert perfect.headline.value == pytest.approx(0.4)


def test_base_rates_that_differ_by_chance_force_nothing():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"g": rng.choice(["a", "b"], 400), "y": rng.integers(0, 2, 400),
                          "d": rng.integers(0, 2, 400)})  # fmt: skip
    finding = traded_off(frame)
    assert finding.headline.low == 0
    assert "may be chance" in finding.summary
    assert "not all three" not in finding.summary


def test_groups_are_compared_within_the_control_only():
    parts = [
        pd.DataFrame({"where": where, "g": who, "y": np.repeat([1, 0], [good, 100 - good]),
                      "d": np.tile([1, 1, 0, 1], 25)})
        for where, who, good in (("x", "a", 20), ("x", "b", 25), ("z", "a", 80), ("z", "b", 70))
    ]  # fmt: skip
    finding = traded_off(pd.concat(parts), control="where")
    assert "80.0% of g = a (where: z) and 70.0% of g = b (where: z)" in finding.summary
