from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.fairness import cell_table, tradeoff


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_identity_is_exact_in_every_table(seed, weighted):
    rng = np.random.default_rng(seed)
    y, d, g = rng.integers(0, 2, 200), rng.integers(0, 2, 200), rng.integers(0, 3, 200)
    weights = rng.gamma(1, 1, 200) if weighted else None
    found = tradeoff(cell_table(y, d, g, favourable=1, weights=weights))
    np.testing.assert_allclose(found.implied, found.false_positive_rate, rtol=1e-9)


def test_equal_base_rates_force_nothing_apart():
    y = np.tile([1, 1, 0, 0], 50)
    d = np.r_[np.tile([1, 0, 1, 0], 25), np.tile([1, 1, 0, 0], 25)]
    found = tradeoff(cell_table(y, d, np.repeat([0, 1], 100), favourable=1))
    assert found.forced[0] == pytest.approx(found.forced[1])


def test_unequal_base_rates_force_unequal_false_positive_rates():
    # PPV 0.75 and FNR 0.25 in both groups; by hand FPR = p/(1-p) * 1/3 * 3/4.
    y = np.repeat([1, 0, 1, 0], [40, 60, 80, 20])
    d = np.concatenate([np.repeat([1, 0], [30, 10]), np.repeat([1, 0], [10, 50]),
                        np.repeat([1, 0], [60, 20]), np.repeat([1, 0], [20, 0])])  # fmt: skip
    found = tradeoff(cell_table(y, d, np.repeat([0, 1], 100), favourable=1))
    np.testing.assert_allclose(found.forced, [4 / 6 / 4, 4 / 4])
    np.testing.assert_allclose(found.forced, found.false_positive_rate)
