"""Categories without an order stand by likeness."""

from __future__ import annotations

import numpy as np

from alignlab.transparency.effects.levels import likeness_order


def test_levels_follow_a_feature_that_goes_with_them_and_the_frequent_end_is_first():
    rng = np.random.default_rng(0)
    place = np.array([3, 0, 2, 1])  # where each level lies on a line
    level = rng.choice(4, 4_000, p=[0.1, 0.5, 0.2, 0.2])
    number = np.digitize(place[level] + rng.normal(size=4_000), [0, 1, 2, 3])
    order = likeness_order(level, [(number, True)], np.full(4_000, 1.0))
    assert order.tolist() == [1, 3, 2, 0]


def test_categories_part_levels_too_and_rows_of_other_levels_do_not_count():
    level = np.array([0, 0, 1, 1, 2, 2, -1, -1])
    kind = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    order = likeness_order(level, [(kind, False)], np.ones(8))
    assert order.tolist() in ([0, 1, 2], [2, 1, 0])


def test_two_levels_come_by_frequency():
    assert likeness_order(np.array([0, 1, 1]), [], np.ones(3)).tolist() == [1, 0]
