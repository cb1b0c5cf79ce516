from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import Lottery, dominance, dominance_order


def random_lottery(rng, n=4, top=6):
    counts = rng.multinomial(20, rng.dirichlet(np.ones(n)))
    return Lottery(rng.integers(0, top, n), counts / 20)


def exact(lottery):
    return [(Fraction(int(x)), Fraction(round(p * 20), 20))
            for x, p in zip(lottery.outcomes, lottery.probabilities, strict=True)]  # fmt: skip


def by_integrals(one, two, order):
    """Compare distribution functions, or their integrals, in exact arithmetic on a fine grid."""
    grid = [Fraction(k, 4) for k in range(-4, 4 * 7)]

    def cdf(lottery, x):
        return sum(p for y, p in lottery if y <= x)

    def area(lottery, x):
        return sum(p * (x - y) for y, p in lottery if y <= x)

    curve = cdf if order == 1 else area
    gaps = [curve(exact(two), x) - curve(exact(one), x) for x in grid]
    if all(gap == 0 for gap in gaps):
        return "equal"
    if all(gap >= 0 for gap in gaps):
        return "first"
    return "second" if all(gap <= 0 for gap in gaps) else "neither"


@pytest.mark.parametrize("order", [1, 2])
@given(st.integers(0, 2**32 - 1))
def test_it_is_what_the_definitions_say(order, seed):
    rng = np.random.default_rng(seed)
    one, two = random_lottery(rng), random_lottery(rng)
    assert dominance(one, two, order=order).winner == by_integrals(one, two, order)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_everybody_who_should_agree_agrees_and_the_witnesses_do_not(seed):
    rng = np.random.default_rng(seed)
    one, two = random_lottery(rng), random_lottery(rng)
    knots = np.arange(7)
    for order in (1, 2):
        found = dominance(one, two, order=order)
        for _ in range(20):
            steps = rng.exponential(size=6) * (rng.random(6) < 0.7)
            steps = steps if order == 1 else np.sort(steps)[::-1]
            worth = np.concatenate([[0], np.cumsum(steps)])
            values = [each.probabilities @ np.interp(each.outcomes, knots, worth)
                      for each in (one, two)]  # fmt: skip
            if found.winner in ("first", "equal"):
                assert values[0] >= values[1] - 1e-12
            if found.winner in ("second", "equal"):
                assert values[1] >= values[0] - 1e-12
        if found.winner == "neither":

            def gap(at, order=order):
                def value(x):
                    return (x > at) if order == 1 else np.minimum(x, at)

                return one.probabilities @ value(one.outcomes) - two.probabilities @ value(
                    two.outcomes
                )

            assert gap(found.first_ahead_at) > 0 > gap(found.second_ahead_at)


def test_rounding_is_no_difference():
    one = Lottery([0, 1, 2], [0.1, 0.2, 0.7])
    two = Lottery([0, 1, 2], [0.3 - 0.2, 0.2, 0.7])
    assert dominance(one, two).winner == "equal"
    assert dominance(Lottery([0.1 + 0.2, 1]), Lottery([0.3, 1])).winner == "equal"
    assert dominance(Lottery([0.3, 1]), Lottery([0.1 + 0.2, 1]), order=2).winner == "equal"
    assert dominance_order([Lottery([0.1 + 0.2]), Lottery([0.3])], order=1).covers == ()
    far = [Lottery(np.array([0, 1, 2]) + 1e9, p) for p in ([0.25, 0.5, 0.25], [0.5, 0, 0.5])]
    assert dominance(*far, order=2).winner == "first"
    assert dominance(*far).winner == "neither"


def test_first_order_implies_second_and_more_risk_only_loses_the_second():
    better, worse = Lottery([1, 2]), Lottery([0, 2])
    assert dominance(better, worse).winner == dominance(better, worse, order=2).winner == "first"
    spread = Lottery([0, 4])
    assert str(dominance(better, spread)).startswith("order 1: neither, since the first is ahead")
    assert dominance(spread, better, order=2).winner == "neither"
    assert dominance(worse, better, order=2).to_dict()["winner"] == "second"
    assert len(dominance(better, worse).chart().table.rows) == 6
    assert len(dominance(better, worse, order=2).chart().table.rows) == 6


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_many_are_ordered_as_pairs_are(seed, order):
    rng = np.random.default_rng(seed)
    lotteries = {name: random_lottery(rng, 3, 4) for name in "abcde"}
    found = dominance_order(lotteries, order=order)
    for i, one in enumerate(lotteries.values()):
        for j, two in enumerate(lotteries.values()):
            assert found.dominates[i, j] == (dominance(one, two, order=order).winner == "first")
    assert found.undominated
    # The pairs without one between give the whole order back.
    place = {name: at for at, name in enumerate(found.names)}
    reach = np.zeros_like(found.dominates)
    for better, worse in found.covers:
        reach[place[better], place[worse]] = True
    for _ in range(5):
        reach = reach | ((reach.astype(int) @ reach.astype(int)) > 0)
    assert np.array_equal(reach, found.dominates)


def test_many_amounts_are_sifted_without_losing_a_crossing():
    rng = np.random.default_rng(0)
    base = np.sort(rng.normal(size=400))
    better = base + rng.uniform(0, 0.1, 400)
    nearly = better.copy()
    nearly[0] = base[0] - 1e-3  # the one amount at which the first order breaks
    found = dominance_order([Lottery(base), Lottery(better), Lottery(nearly)], order=1)
    assert found.dominates.tolist() == [
        [False, False, False],
        [True, False, True],
        [False, False, False],
    ]


def test_the_table_of_an_order():
    found = dominance_order([Lottery([1]), Lottery([0]), Lottery([0, 1])], order=1)
    assert found.table().rows == (("0", 2, "none"), ("1", 0, "0, 2"), ("2", 1, "0"))
    assert found.to_dict()["undominated"] == ["0"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dominance(Lottery([1]), Lottery([2]), order=3), "order=3 is not 1"),
        (lambda: dominance(Lottery(["a"]), Lottery([2])), "lottery of amounts"),
        (lambda: dominance_order([]), "no lottery"),
    ],
)
def test_bad_input_is_said_in_one_line(make, message):
    with pytest.raises(InputError, match=message):
        make()
