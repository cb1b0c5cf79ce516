import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alignlab.oversight.items import Item
from alignlab.oversight.queue.ordering import FIRST, LAST, drawn_at_random, ties


def items(count, gold=()):
    return [Item(key=f"{n}", content={}, gold="yes" if n in gold else None) for n in range(count)]


def test_no_two_items_have_the_same_tie():
    drawn = ties(3, 1, 100_000)
    assert len(np.unique(drawn)) == 100_000
    assert drawn.dtype == np.int64
    assert abs(np.mean(drawn < 0) - 0.5) < 0.01


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.floats(0.1, 1), st.floats(0, 0.999))
def test_the_sample_keeps_its_share_in_batches(sizes, share, rounding):
    number, before, drawn = 1, 0, 0
    for size in sizes:
        marks = drawn_at_random(
            items(size), share, seed=0, first=number, before=before, drawn=drawn, rounding=rounding
        )
        drawn += sum(marks)
        before += size
        number += size
        assert abs(drawn - share * before) < 1 + 1e-6


def test_every_item_has_the_same_chance_and_planted_ones_none():
    counts = np.zeros(10)
    for seed in range(2000):
        counts += drawn_at_random(
            items(10, gold={4}), 1 / 3, seed=seed, first=1, before=0, drawn=0, rounding=0.0
        )
    assert counts[4] == 0
    rest = np.delete(counts, 4)
    # 3 of 9 are drawn: 667 expected each, with a standard deviation of 21
    assert np.abs(rest - 2000 / 3).max() < 90


def test_cursors_enclose_every_place():
    assert FIRST < (-1e308, -(2**63))
    assert LAST > (1e308, 2**63 - 1)
