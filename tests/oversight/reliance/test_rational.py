"""The learned rule: by hand, held to a rate, and folds that keep the balance."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import InputError
from alignlab.oversight.reliance.rational import at_rate, fold_draws, learned, where_it_pays


def test_what_is_learned_by_hand():
    signal, gain = np.array([0, 0, 1, 1]), np.array([1.0, 0.0, -1.0, -1.0])
    assert learned(signal, gain, np.array([0, 1, 2])).tolist() == [0.5, -1.0, -0.25]
    assert learned(signal[:0], gain[:0], np.array([3])).tolist() == [0.0]


def test_it_relies_where_it_pays():
    assert where_it_pays(np.array([0.3, -0.1, 0.0, 1e-15])).tolist() == [1, 0, 0.5, 0.5]


def test_a_rate_is_kept_and_alike_cases_share():
    worths = np.array([0.5, 0.2, 0.2, -0.3])
    assert at_rate(worths, 0.5).tolist() == [1, 0.5, 0.5, 0]
    assert at_rate(worths, 1.0).tolist() == [1, 1, 1, 1]
    assert at_rate(worths, 0.0).tolist() == [0, 0, 0, 0]
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=77).round(1)
    assert at_rate(drawn, 0.37).sum() == pytest.approx(0.37 * 77)


def test_right_and_wrong_advice_is_dealt_out_alike():
    item = np.repeat(np.arange(16), 3)
    right = item % 2 == 0
    for part in fold_draws(item, right, 4, 10, np.random.default_rng(0)):
        for k in range(4):
            inside = np.flatnonzero(part == k)
            assert len(inside) == 4
            assert (inside % 2 == 0).sum() == 2


def test_more_folds_than_items_are_refused():
    with pytest.raises(InputError, match="more than the 3 items"):
        fold_draws(np.arange(3), np.ones(3, dtype=bool), 4, 1, np.random.default_rng(0))
