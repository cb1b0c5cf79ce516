from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputError
from alignlab.predictors import Predictor
from alignlab.transparency.importance import Gap, permutation_importance

MODEL = Predictor(lambda rows: rows["a"] + rows["b"], task="regression")


def result(**options):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    X["a"] += 2 * (np.arange(120) % 2)
    return permutation_importance(MODEL, X, X["a"] + X["b"], **options)


def test_a_result_is_plain_values_a_table_and_a_chart():
    found = result(metric=Gap(np.arange(120) % 2))
    told = json.loads(json.dumps(found.to_dict()))
    assert told["metric"] == "gap in the mean answer between 1 and 0"
    assert told["features"][0]["share"]["value"] == found["a"].share.value
    frame = found.to_frame()
    assert list(frame["feature"]) == [each.name for each in found.features]
    assert frame["importance"].is_monotonic_decreasing
    chart = found.chart(most=2)
    assert len(chart.table.rows) == 2
    assert "How much of the gap goes" in json.dumps(chart.to_dict())


def test_what_has_no_zero_has_no_share():
    assert all(each.share is None for each in result().features)
    assert np.isnan(result().to_frame()["share"]).all()
    assert result(metric="r2")["a"].share is not None


def test_an_unknown_feature_is_named():
    with pytest.raises(InputError, match=r"There is no feature 'aa'\. Did you mean 'a'"):
        result()["aa"]
