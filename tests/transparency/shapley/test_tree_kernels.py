from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np
import pytest

from alignlab.transparency.shapley import tree_kernels


def test_weights_are_the_shares_of_orders():
    """(p - 1)! q! / (p + q)!: of p + q players, one comes last of its p and before all q."""
    table = tree_kernels.weights()
    for p, q in product(range(1, 8), range(8)):
        expected = factorial(p - 1) * factorial(q) / factorial(p + q)
        assert table[p, q] == pytest.approx(expected, rel=1e-15)
    assert (table[0] == 0).all()


def test_points_integrate_what_a_path_needs():
    points, masses = tree_kernels.shares()
    for d in (1, 2, 3, 10, 31, tree_kernels.MOST):
        for power in range(d):
            assert points[d] ** power @ masses[d] == pytest.approx(1 / (power + 1), rel=1e-12)


def chain(conditions, value=1.0):
    """One leaf of value 1 behind conditions 'cell of column > 1/2', one below the other."""
    count = len(conditions)
    size = 2 * count + 1
    column = np.full(size, -1)
    left, right = np.zeros(size, dtype=int), np.zeros(size, dtype=int)
    for at, asked in enumerate(conditions):
        column[2 * at], left[2 * at], right[2 * at] = asked, 2 * at + 1, 2 * at + 2
    values = np.zeros((size, 1))
    values[-1] = value
    cover = np.ones(size)
    for at in range(count):
        cover[2 * at], cover[2 * at + 1] = 4.0 ** (count - at), 3 * 4.0 ** (count - at - 1)
    nodes = (
        column, np.full(size, 0.5), np.zeros(size, dtype=bool), np.full(size, -1),
        np.zeros((0, 256), dtype=bool), left, right, values, np.array([0]),
    )  # fmt: skip
    return nodes, cover, count


def walk(conditions, x, background, by_cover=False):
    nodes, cover, depth = chain(conditions)
    x, background = np.atleast_2d(x).astype(float), np.atleast_2d(background).astype(float)
    phi = np.zeros((1, x.shape[1], len(x)))
    base = tree_kernels.values(
        *nodes, cover, depth, np.arange(x.shape[1]), np.ascontiguousarray(x.T),
        np.ascontiguousarray(background.T), by_cover, tree_kernels.weights(),
        *tree_kernels.shares(), phi,
    )  # fmt: skip
    return phi[0].T, base


def by_definition(players, game):
    values = np.zeros(players)
    for player in range(players):
        for inside in product([0, 1], repeat=players):
            if not inside[player]:
                size = sum(inside)
                weight = factorial(size) * factorial(players - size - 1) / factorial(players)
                joined = tuple(1 if p == player else each for p, each in enumerate(inside))
                values[player] += weight * (game(joined) - game(inside))
    return values


@pytest.mark.parametrize("conditions", [(0, 1, 2, 3), (0, 1, 0, 2, 1, 3)])
def test_a_leaf_is_the_game_of_those_who_meet_it(conditions):
    rows = np.array(list(product([0.0, 1.0], repeat=4)))
    for background in rows:
        found, _ = walk(conditions, rows, background)
        for x, values in zip(rows, found, strict=True):
            expected = by_definition(
                4, lambda inside, x=x, b=background: float(np.where(inside, x, b).all())
            )
            np.testing.assert_allclose(values, expected, atol=1e-15)


def test_a_leaf_by_cover_is_a_product_of_shares():
    """Each branch keeps a quarter; column 0 is asked twice."""
    shares = np.array([1 / 16, 1 / 4, 1 / 4])
    for x in product([0.0, 1.0], repeat=3):
        found, base = walk((0, 1, 0, 2), x, np.zeros((1, 3)), by_cover=True)
        expected = by_definition(3, lambda inside, x=x: float(np.prod(np.where(inside, x, shares))))
        np.testing.assert_allclose(found[0], expected, atol=1e-15)
        assert base == pytest.approx([1 / 256])


def test_masks_too_many_for_a_direct_table_are_hashed():
    """Twenty players on one path, and as many different masks as rows."""
    rng = np.random.default_rng(0)
    x, background = (rng.random((40, 20)) < 0.9), (rng.random((30, 20)) < 0.9)
    found, _ = walk(tuple(range(20)), x, background)
    for row, values in zip(x, found, strict=True):
        expected = np.zeros(20)
        for other in background:
            ahead, behind = row & ~other, other & ~row
            if (row | other).all() and (p := ahead.sum()) + (q := behind.sum()):
                if p:
                    expected[ahead] += factorial(p - 1) * factorial(q) / factorial(p + q)
                if q:
                    expected[behind] -= factorial(p) * factorial(q - 1) / factorial(p + q)
        np.testing.assert_allclose(values, expected / 30, atol=1e-15)


def test_a_path_that_asks_too_many_is_said():
    most = tree_kernels.MOST
    ones = np.ones((1, most + 1))
    assert len(walk(tuple(range(most)), ones, ones)[1])
    assert not len(walk(tuple(range(most + 1)), ones, ones)[1])


def test_answers_follow_the_nodes():
    nodes, _, _ = chain((0, 1))
    rows = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [np.nan, 1.0]])
    assert tree_kernels.answers(*nodes, rows)[:, 0].tolist() == [1.0, 0.0, 0.0, 1.0]
