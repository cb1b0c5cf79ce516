from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from alignlab.errors import InputError
from alignlab.values.utility import CARA, Lottery, certainty_equivalent, cvar, entropic_risk


def random_lottery(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(-5, 6, 8).astype(float), rng.dirichlet(np.full(8, 0.6))


def test_the_atom_at_the_edge_is_split():
    # Half of the tail is the sure loss, half of it half of the next atom.
    assert cvar([-100, 0, 10], [0.1, 0.3, 0.6], tail=0.2) == pytest.approx(-50)
    # The mean of outcomes up to the quantile would be -25, that of those below it -100.
    assert cvar([0, 100], [0.5, 0.5], tail=0.75) == pytest.approx(100 / 3)
    assert cvar([7.0]) == 7


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1))
def test_it_is_rockafellar_and_uryasevs_maximum(seed, tail):
    values, chances = random_lottery(seed)
    # The maximum over c of a concave piecewise linear function is at an outcome.
    best = max(c - chances @ np.maximum(c - values, 0) / tail for c in values)
    assert cvar(values, chances, tail=tail) == pytest.approx(best, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_worst_reweighting(seed):
    values, chances = random_lottery(seed)
    tail = 0.3
    solved = linprog(
        values, A_eq=np.ones((1, 8)), b_eq=[1], bounds=[(0, p / tail) for p in chances]
    )
    assert cvar(values, chances, tail=tail) == pytest.approx(solved.fun, abs=1e-8)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1), st.floats(0.1, 10), st.floats(-100, 100))
def test_it_moves_with_the_amounts_and_lies_between_worst_and_mean(seed, tail, scale, shift):
    values, chances = random_lottery(seed)
    at = cvar(values, chances, tail=tail)
    assert cvar(scale * values + shift, chances, tail=tail) == pytest.approx(scale * at + shift)
    order = np.random.default_rng(seed).permutation(8)
    assert cvar(values[order], chances[order], tail=tail) == pytest.approx(at)
    assert values[chances > 0].min() - 1e-9 <= at <= values @ chances + 1e-9
    assert cvar(values, chances, tail=tail / 2) <= at + 1e-9
    assert cvar(values, chances, tail=1) == pytest.approx(values @ chances)


def test_rows_of_an_array_and_a_lottery():
    rows = np.array([[1.0, 2, 3], [3, 2, 1], [0, 0, 9]])
    assert cvar(rows, tail=0.5).tolist() == pytest.approx([4 / 3, 4 / 3, 0])
    assert cvar(rows, [0.5, 0.25, 0.25], tail=0.5).tolist() == pytest.approx([1, 1.5, 0])
    assert cvar(Lottery([1, 2]), tail=0.5) == 1


@given(st.integers(0, 2**32 - 1), st.floats(-2, 2))
@example(1, 5e-324)
@example(1, -1e-310)
@example(1, 1e-8)
def test_entropic_risk_is_minus_the_equivalent_under_cara(seed, aversion):
    values, chances = random_lottery(seed)
    naive = -values @ chances
    if abs(aversion) > 1e-3:
        naive = np.log(chances @ np.exp(-aversion * values)) / aversion
    risk = entropic_risk(values, chances, aversion=aversion)
    assert risk == pytest.approx(naive, abs=1e-2 if abs(aversion) <= 1e-3 and aversion else 1e-9)
    assert -risk == pytest.approx(certainty_equivalent(Lottery(values, chances), CARA(aversion)))


def test_entropic_risk_between_the_mean_and_the_worst():
    values = [-3.0, 1.0, 4.0]
    assert entropic_risk(values, aversion=0) == pytest.approx(-2 / 3)
    assert entropic_risk(values, aversion=1e-12) == pytest.approx(-2 / 3, abs=1e-11)
    # ln 3 / a is what the other two outcomes are still worth.
    assert entropic_risk(values, aversion=1e4) == pytest.approx(3 - np.log(3) / 1e4, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cvar([1, 2], tail=0), "tail=0 is not above 0"),
        (lambda: cvar([1, 2], tail=1.5), "tail=1.5"),
        (lambda: cvar([1, 2], [0.5, 0.6]), "sum to 1"),
        (lambda: cvar([1, 2], [1.0]), "2 outcomes on the last axis"),
        (lambda: cvar([]), "finite numbers"),
        (lambda: cvar([1, np.nan]), "finite numbers"),
        (lambda: cvar(Lottery([1]), [1.0]), "A lottery has its probabilities"),
        (lambda: entropic_risk([1], aversion=np.inf), "aversion=inf"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
