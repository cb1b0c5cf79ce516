from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.oversight.making import advice_strata, balanced_rows


def test_strata_say_whether_the_advice_is_right_and_what_happened():
    assert advice_strata([0, 1, 1, 0], [0, 0, 1, -1], ["approve", "deny"], n=4) == [
        "advice right, truth approve",
        "advice wrong, truth approve",
        "advice right, truth deny",
        "advice approve",
    ]
    assert advice_strata(None, [1, -1], ["a", "b"], n=2) == ["truth b", ""]


def test_the_four_cells_have_as_many_cases_each_though_the_advice_is_nearly_always_right():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=2000)
    advice = np.where(rng.random(2000) < 0.9, truth, 1 - truth)
    strata = advice_strata(advice, truth, ["no", "yes"], n=2000)
    found = balanced_rows(strata, 40, seed=1)
    assert set(Counter(strata[row] for row in found.rows).values()) == {10}
    wrong = sum(share for name, share in found.shares.items() if "wrong" in name)
    assert wrong == pytest.approx((advice != truth).mean())


def test_the_shares_undo_the_balancing():
    """The mean over cases drawn, weighted by share over number drawn, is the mean over all."""
    strata = ["a"] * 30 + ["b"] * 10
    value = np.array([1.0] * 30 + [5.0] * 10)
    found = balanced_rows(strata, 6)
    weights = [found.shares[strata[row]] / found.drawn[strata[row]] for row in found.rows]
    assert np.dot(weights, value[found.rows]) == pytest.approx(value.mean())


@given(
    st.lists(st.sampled_from("abc"), min_size=3, max_size=60), st.integers(1, 20), st.integers(0, 9)
)
def test_what_is_drawn_is_even_and_every_case_once(strata, total, seed):
    sizes = Counter(strata)
    try:
        found = balanced_rows(strata, total, seed=seed)
    except InputError:
        assert min(sizes.values()) <= -(-total // len(sizes))
        return
    drawn = Counter(strata[row] for row in found.rows)
    assert len(set(found.rows.tolist())) == total
    assert max(found.drawn.values()) - min(found.drawn.values()) <= 1
    assert all(drawn[name] == part for name, part in found.drawn.items())
    again = balanced_rows(strata, total, seed=seed)
    assert (again.rows == found.rows).all()


def test_too_few_cases_of_one_kind_are_said_with_what_can_be_had():
    with pytest.raises(InputError) as error:
        balanced_rows(["right"] * 20 + ["wrong"] * 3, 10)
    assert str(error.value) == (
        "10 cases balanced over 2 strata need 5 of each, and there are 20 of 'right' and 3 of "
        "'wrong'. Ask for at most 6."
    )
    assert len(balanced_rows(["right"] * 20 + ["wrong"] * 3, 6).rows) == 6


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="0 cases"):
        balanced_rows([], 1)
    with pytest.raises(InputError, match="total=0 is not a whole number from 1"):
        balanced_rows(["a"], 0)


def test_it_is_plain_values():
    assert json.loads(json.dumps(balanced_rows(["a", "b"], 2).to_dict()))["rows"] == [0, 1]
