import numpy as np
import pandas as pd
import pytest

from alignlab.uncertainty.outliers.apart import told_apart


def test_new_rows_that_are_all_beyond_are_told_apart_entirely():
    rng = np.random.default_rng(0)
    assert told_apart(rng.random((60, 1)), rng.random((60, 1)) + 2).value == 1.0


def test_what_no_single_column_shows_is_seen():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(500, 2))
    b = np.column_stack([c := rng.normal(size=500), 0.9 * c + 0.44 * rng.normal(size=500)])
    assert told_apart(a, b).low > 0.6


@pytest.mark.parametrize(("n", "m"), [(20, 20), (60, 30)])
def test_rows_of_one_kind_are_told_apart_no_more_often_than_stated(n, m, monkeypatch):
    monkeypatch.setattr("alignlab.uncertainty.outliers.apart.TREES", 5)
    rng = np.random.default_rng(n)
    draws = 60
    alarms = 0
    for draw in range(draws):
        x = np.round(rng.normal(size=(n + m, 2)), 1)
        found = told_apart(x[:n], x[n:], seed=draw)
        alarms += found.low > 0.5
    assert alarms / draws <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / draws)


def test_the_same_seed_gives_the_same_number():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(100, 2)), rng.normal(size=(80, 2))
    assert told_apart(a, b, seed=3) == told_apart(a, b, seed=3)
    assert told_apart(a, b, seed=3) != told_apart(a, b, seed=4)


def test_few_rows_and_odd_columns_are_no_crash():
    assert told_apart(np.ones((19, 1)), np.ones((90, 1))) is None
    ids = pd.DataFrame({"id": [f"r{at}" for at in range(60)]})
    assert told_apart(ids, ids) is None
    far = pd.DataFrame({"x": np.r_[np.full(29, 1e300), np.inf]})
    assert told_apart(pd.DataFrame({"x": np.arange(30.0)}), far).value > 0.9
