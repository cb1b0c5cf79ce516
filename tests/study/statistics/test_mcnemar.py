from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from alignlab.errors import InputError
from alignlab.study.statistics import mcnemar_test

right = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(right)
def test_it_is_statsmodels_exact_test(pairs):
    first, second = np.array(pairs).T
    table = [[np.sum(first & second), np.sum(first & ~second)],
             [np.sum(~first & second), np.sum(~first & ~second)]]  # fmt: skip
    found = mcnemar_test(first, second)
    if found.only_first + found.only_second:
        assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue)
        share = stats.binomtest(found.only_first, found.only_first + found.only_second)
        low, high = share.proportion_ci()
        assert (found.share.low, found.share.high) == pytest.approx((low, high))
        assert found.p_value >= found.attainable
    else:
        assert found.p_value == 1.0
        assert np.isnan(found.share.value)


def test_chi_square_would_say_too_much_of_six_items():
    """The trap: 6 to 0 is 0.031, and the uncorrected chi-square calls it 0.014."""
    first, second = np.ones(30), np.repeat([0, 1], [6, 24])
    found = mcnemar_test(first, second)
    assert found.p_value == 2 * 0.5**6
    assert stats.chi2.sf(36 / 6, 1) < 0.5 * found.p_value


def test_items_that_both_get_right_say_nothing():
    few = mcnemar_test([1, 1, 0], [0, 1, 1])
    many = mcnemar_test([1, 1, 0, *[1] * 100], [0, 1, 1, *[1] * 100])
    assert few.p_value == many.p_value
    assert (few.n, many.n) == (3, 103)
    assert many.to_dict()["share"]["n"] == 2


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="first has 2 items and second 3"):
        mcnemar_test([1, 0], [1, 0, 1])
    with pytest.raises(InputError, match="second is not one true or false"):
        mcnemar_test([1, 0], [0.5, 1])
