from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from alignlab.predictors import Predictor
from alignlab.uncertainty.conformal.rows import row_count, row_uniforms

MODEL = Predictor(lambda rows: np.zeros(len(rows)), "regression")
X = np.random.default_rng(0).normal(size=(2000, 3))


def test_a_row_has_its_number_whatever_stands_beside_it():
    together = row_uniforms(X, MODEL, 0)
    assert (row_uniforms(X[500:700], MODEL, 0) == together[500:700]).all()
    assert (row_uniforms(X[::-1], MODEL, 0) == together[::-1]).all()
    assert (row_uniforms(pd.DataFrame(X), MODEL, 0) == together).all()


def test_the_numbers_are_uniform_and_the_seed_counts():
    numbers = row_uniforms(X, MODEL, 0)
    assert stats.kstest(numbers, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers, row_uniforms(X, MODEL, 1))[0, 1]) < 4 / np.sqrt(2000)


def test_only_the_columns_that_the_model_reads_count():
    model = replace(MODEL, features=("a", "b"))
    frame = pd.DataFrame(X, columns=["a", "b", "y"])
    seen = row_uniforms(frame, model, 0)
    assert (row_uniforms(frame.drop(columns="y"), model, 0) == seen).all()
    assert (row_uniforms(frame[["y", "b", "a"]], model, 0) == seen).all()


def test_rows_are_counted():
    assert row_count(X) == row_count(X.tolist()) == row_count(pd.DataFrame(X)) == 2000
