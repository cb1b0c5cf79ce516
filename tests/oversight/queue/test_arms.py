from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from alignlab.oversight.queue.arms import arm_at, coin


@given(st.integers(0, 9), st.text(max_size=5), st.integers(1, 6), st.integers(1, 40))
def test_every_block_holds_every_arm_once(seed, person, arms, count):
    names = [f"arm {n}" for n in range(arms)]
    given = [arm_at(names, n, seed=seed, person=person) for n in range(count)]
    for block in range(count // arms):
        assert sorted(given[block * arms : (block + 1) * arms]) == names
    counts = Counter(dict.fromkeys(names, 0)) + Counter(given)
    assert max(counts.values()) - min(counts[name] for name in names) <= 1


def test_all_orders_of_a_block_are_as_likely():
    names = ("a", "b", "c")
    orders = Counter(
        tuple(arm_at(names, 3 * block + n, seed=0, person="ana") for n in range(3))
        for block in range(3000)
    )
    assert len(orders) == 6
    # 500 expected each, with a standard deviation of 20
    assert all(abs(count - 500) < 90 for count in orders.values())


def test_people_and_strata_have_blocks_of_their_own():
    names = ("a", "b")
    rows = {
        tuple(arm_at(names, n, seed=s, person=p, stratum=t) for n in range(40))
        for s in (0, 1)
        for p in ("ana", "bob")
        for t in ("x", "y")
    }
    assert len(rows) == 8


def test_a_coin_is_fair_and_its_own():
    tosses = [coin(0, "gold", "ana", n) for n in range(4000)]
    assert abs(sum(tosses) / 4000 - 0.5) < 0.02
    assert coin(0, "ab", "c") != coin(0, "a", "bc")
