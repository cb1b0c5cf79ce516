from __future__ import annotations

import numpy as np
import pandas as pd

import alignlab


def rows(wrong_on_b):
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b"], 2000)
    y = rng.integers(0, 2, 2000)
    wrong = rng.random(2000) < np.where(kind == "b", wrong_on_b, 0.1)
    return pd.DataFrame({"kind": kind, "y": y, "d": np.where(wrong, 1 - y, y)})


def audited(frame):
    return alignlab.audit(
        predictions=frame, target="y", prediction="d", checks=["performance.slices"]
    ).finding("performance.slices")


def test_the_weakest_slice_is_named_with_both_error_rates():
    finding = audited(rows(0.4))
    assert "kind: b" in finding.summary
    assert finding.headline.value > 0.35
    assert finding.tables[0].rows[0][0] == "kind: b"


def test_the_answers_themselves_are_no_slice():
    """A slice by what the model said, or by what happened, would only say that it errs."""
    finding = audited(rows(0.1))
    assert "None of 2 slices" in finding.summary
