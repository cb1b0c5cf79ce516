from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.importance.pooled import Pooled, per_row

MODEL = Predictor(lambda rows: rows["p"], "classification", ("no", "yes"))


def pooled(**changes):
    raw = MODEL(pd.DataFrame({"p": [0.2, 0.9, 0.6]}))
    given = {
        "outcomes": np.array([0, 1]),
        "labels": np.array(["no", "yes"]),
        "raw": raw,
        "rows": np.array([0, 1, 0]),
        "weights": np.array([1.0, 2.0, 1.0]),
        **changes,
    }
    return Pooled(MODEL, **given)


def test_every_row_keeps_the_outcome_of_the_row_it_is_made_from():
    made = pooled()
    assert list(made.answers.outcomes) == [0, 1, 0]
    assert list(made.answers.decisions) == [0, 1, 1]
    assert list(made.shares) == [0.25, 0.5, 0.25]
    assert made.answers.probabilities is made.raw


def test_without_outcomes_the_decisions_are_there_all_the_same():
    made = pooled(outcomes=None, labels=None)
    assert list(made.answers.decisions) == [0, 1, 1]


def test_a_function_of_rows_is_held_to_its_promise():
    values = per_row(lambda y, p: (y == "yes") - p[:, 1], pooled())
    assert values == pytest.approx([-0.2, 0.1, -0.6])
    for wrong in (lambda y, p: p, lambda y, p: np.full(3, np.nan)):
        with pytest.raises(InputError, match="one finite number a row"):
            per_row(wrong, pooled())
