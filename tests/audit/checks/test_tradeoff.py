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
    assert "80% of g = b and 40% of g = a" in finding.summary
    assert "not all three can be equal" in finding.summary
