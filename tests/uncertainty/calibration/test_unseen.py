"""Rows that a model has seen: found by what it says of itself, and by what a person says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.datasets import row_hashes
from alignlab.errors import InputError
from alignlab.predictors import as_predictor
from alignlab.uncertainty.calibration.unseen import require_unseen, seen_by

FRAME = pd.DataFrame({"name": list("abcdef"), "x": np.arange(6) / 6, "z": np.arange(6.0)})


def model():
    return as_predictor(lambda rows: rows["x"], classes=["no", "yes"], features=["x", "z"])


def test_training_rows_are_found_in_the_columns_that_the_model_reads():
    other_order = FRAME[["z", "name", "x"]]
    assert len(require_unseen(model(), FRAME[:3], training=other_order[3:])) == 3
    with pytest.raises(InputError, match="2 of the 4 ranking rows are also training rows"):
        require_unseen(model(), FRAME[:4], training=other_order[2:], what="ranking")


def test_what_the_model_was_trained_on_is_enough():
    known = model()
    known.trained_on = row_hashes(FRAME[["x", "z"]][:2].to_numpy())
    require_unseen(known, FRAME[2:])
    with pytest.raises(InputError, match=r"1 of the 5 .* \(row 0\)"):
        require_unseen(known, FRAME[1:])
    assert known.rows_evaluated == 0
    with pytest.raises(InputError, match=r"1 of the 5"):  # given rows add to known ones
        require_unseen(known, FRAME[1:], training=FRAME[:1])


def test_rows_are_given_as_they_are_or_by_their_hashes():
    hashes = row_hashes(FRAME[["x", "z"]])
    assert (seen_by(model(), hashes) == seen_by(model(), FRAME)).all()
    require_unseen(model(), FRAME[:3], training=hashes[3:])
    with pytest.raises(InputError, match="2 of the 4 calibration rows are also training rows"):
        require_unseen(model(), FRAME[:4], training=hashes[2:])


def test_no_rows_have_no_hashes():
    assert seen_by(model(), None) is None
    with pytest.raises(InputError, match="training holds no row"):
        seen_by(model(), FRAME[:0])
