from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.values.utility import (
    CARA,
    CRRA,
    Lottery,
    PiecewiseLinear,
    certainty_equivalent,
    choose,
    expected_utility,
)


def test_a_lottery_by_hand():
    lottery = Lottery([0, 50, 100], [0.2, 0.3, 0.5])
    assert lottery.mean == 65.0
    assert expected_utility(lottery, np.sqrt) == pytest.approx(0.3 * 50**0.5 + 0.5 * 10)
    assert certainty_equivalent(lottery, np.sqrt) == pytest.approx(
        (0.3 * 50**0.5 + 5) ** 2, rel=1e-12
    )
    named = Lottery(["cured", "ill"], [0.9, 0.1])
    assert expected_utility(named, {"cured": 10, "ill": -10}) == pytest.approx(8)
    assert lottery.to_dict() == {"outcomes": [0, 50, 100], "probabilities": [0.2, 0.3, 0.5]}


def test_sorting_merges_what_is_equal_and_drops_what_cannot_happen():
    tidy = Lottery([5, 1, 5, 9], [0.25, 0.5, 0.25, 0.0]).sorted()
    assert tidy.outcomes.tolist() == [1, 5]
    assert tidy.probabilities.tolist() == [0.5, 0.5]


def test_what_cannot_happen_counts_nothing_even_where_it_is_ruin():
    ruin = Lottery([0, 10], [0.0, 1.0])
    assert expected_utility(ruin, CRRA(2.0)) == pytest.approx(0.9)
    assert certainty_equivalent(ruin, CRRA(2.0)) == pytest.approx(10)
    possible = Lottery([0, 10], [1e-9, 1 - 1e-9])
    assert expected_utility(possible, CRRA(1.0)) == -np.inf
    assert choose({"ruin": possible, "safe": Lottery([0.1])}, CRRA(1.0)).best == ("safe",)
    both = choose({"a": possible, "b": Lottery([0, 20], [0.5, 0.5])}, CRRA(1.0))
    assert both.best == ("a", "b")


utilities = st.sampled_from([CARA(0.0), CARA(0.02), CARA(-0.01), CRRA(0.5, 300), CRRA(3.0, 300)])


@given(st.integers(0, 2**32 - 1), utilities)
def test_the_certainty_equivalent_has_the_lotterys_expected_utility(seed, utility):
    rng = np.random.default_rng(seed)
    lottery = Lottery(rng.uniform(-200, 200, 5), rng.dirichlet(np.ones(5)))
    sure = certainty_equivalent(lottery, utility)
    assert lottery.outcomes.min() - 1e-9 <= sure <= lottery.outcomes.max() + 1e-9
    assert float(utility(sure)) == pytest.approx(expected_utility(lottery, utility), rel=1e-9)
    bisected = certainty_equivalent(lottery, lambda x: utility(x))
    assert bisected == pytest.approx(sure, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_a_positive_affine_map_of_the_utility_changes_no_choice(seed, scale, shift):
    rng = np.random.default_rng(seed)
    options = [Lottery(rng.integers(0, 4, 3), rng.dirichlet(np.ones(3))) for _ in range(4)]
    # The same lottery in another order ties with the first, whatever the unit.
    options.append(Lottery(options[0].outcomes[::-1], options[0].probabilities[::-1]))
    worth = np.sort(rng.normal(size=4))
    first = choose(options, lambda x: worth[x.astype(int)], tolerance=1e-6)
    other = choose(options, lambda x: scale * worth[x.astype(int)] + shift, tolerance=1e-6)
    if scale * np.ptp(worth) > 1e-6 * abs(shift):  # else the shift has swallowed the digits
        assert first.best == other.best
    assert ("0" in first.best) == ("4" in first.best)


def test_ties_are_all_named_and_a_thousandth_is_no_tie():
    tied = choose({"a": Lottery([0.1 + 0.2]), "b": Lottery([0.3]), "c": Lottery([0])})
    assert tied.best == ("a", "b")
    assert tied.tied
    apart = choose({"a": Lottery([1.001]), "b": Lottery([1])})
    assert apart.best == ("a",)
    assert [row[0] for row in apart.table().rows] == ["a", "b"]
    assert apart.to_dict()["expected"] == {"a": 1.001, "b": 1.0}
    assert apart.chart().table.rows == (("a", 1.001), ("b", 1.0))


def test_a_flat_utility_does_not_make_ties():
    # Under CRRA(9) amounts near 1,000 are all worth 0.125 to the last digit.
    options = {"less": Lottery([1000]), "more": Lottery([1001]), "risky": Lottery([900, 1200])}
    found = choose(options, CRRA(9.0))
    assert found.expected[0] == found.expected[1]
    assert found.best == ("more",)
    risky = 900 * (0.5 + 0.5 * 0.75**8) ** (-1 / 8)
    assert found.equivalents == pytest.approx([1000, 1001, risky], rel=1e-12)


def test_choosing_is_the_maximum_of_enumeration():
    rng = np.random.default_rng(0)
    options = [Lottery(rng.normal(size=4), rng.dirichlet(np.ones(4))) for _ in range(20)]
    values = [sum(p * x**3 for x, p in zip(o.outcomes, o.probabilities, strict=True))
              for o in options]  # fmt: skip
    assert choose(options, lambda x: x**3).best == (str(int(np.argmax(values))),)


@pytest.mark.parametrize(
    ("outcomes", "probabilities", "message"),
    [
        ([1, 2], [0.5, 0.6], "sum to 1.1, not to 1"),
        ([1, 2], [1.5, -0.5], "outcome 1 is -0.5"),
        ([1, 2], [float("nan"), 1], "outcome 0 is nan"),
        ([1, 2], [1.0], "2 outcomes has 1 prob"),
        ([], None, "needs one or more outcomes"),
        ([1, float("inf")], None, "finite numbers or names"),
    ],
)
def test_bad_lotteries_are_said_in_one_line(outcomes, probabilities, message):
    with pytest.raises(InputError, match=message) as caught:
        Lottery(outcomes, probabilities)
    assert "\n" not in str(caught.value)


def test_bad_utilities_are_said_in_one_line():
    lottery = Lottery(["cured", "ill"])
    with pytest.raises(InputError, match=r"'cured' has no utility\. Did you mean 'cure'"):
        expected_utility(lottery, {"cure": 1, "ill": 0})
    with pytest.raises(InputError, match="amounts, not of names"):
        expected_utility(lottery)
    with pytest.raises(InputError, match="must return one number an outcome"):
        expected_utility(Lottery([1, 2]), lambda x: 3.0)
    with pytest.raises(InputError, match="is nan"):
        expected_utility(Lottery([-1, 2]), lambda x: np.where(x < 0, np.nan, x))
    with pytest.raises(InputError, match="does not rise"):
        certainty_equivalent(Lottery([1, 2]), lambda x: -x)
    with pytest.raises(InputError, match="amounts, not of names"):
        certainty_equivalent(Lottery([1, 2]), {"a": 1})
    with pytest.raises(InputError, match="no option"):
        choose([])
    with pytest.raises(InputError, match="tolerance=2"):
        choose([Lottery([1])], tolerance=2)


def test_a_utility_with_an_inverse_is_asked_for_it():
    assert certainty_equivalent(Lottery([0, 100]), PiecewiseLinear([0, 50, 100], [0, 0.8, 1])) == (
        pytest.approx(31.25)
    )
    assert certainty_equivalent(Lottery([7]), lambda x: x) == 7


@pytest.mark.parametrize("utility", [None, CARA(0.01), lambda x: 2 * x])
def test_a_third_option_that_ruins_makes_no_ties(utility):
    options = {"a": Lottery([40]), "b": Lottery([41])}
    assert choose(options, utility).best == ("b",)
    assert choose({**options, "c": Lottery([-1e12])}, utility).best == ("b",)
