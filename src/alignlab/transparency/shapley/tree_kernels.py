"""The inner loops over trees, compiled: each leaf is a small game, and rows alike in it share it.

A leaf with value v whose path asks d players (a player's condition is all that the path asks of its
columns) is a game of d players. With m_x and m_b the players whose conditions the row x and the
background row b meet, the leaf counts for a coalition S where every player of S is in m_x and every
other one in m_b. So it counts at all only if m_x | m_b is everyone, and then
[lundberg2020local]

    player i in m_x and not m_b    + v (p - 1)! q! / (p + q)!        p players
    player i in m_b and not m_x    - v p! (q - 1)! / (p + q)!        q players

The walk goes down a tree with the sets of distinct m_x and m_b alone, each with its number of rows:
the cost of a leaf is in how many different ways it is met, not in pairs of rows. Where no m_b fits
an m_x any more, its rows leave the walk, so deep trees cost what their pairs really reach.

Followed by cover instead, a player not known meets its conditions with probability r_i, the share
of the training rows that the branches took, and a leaf is a product of players:

    phi_i = v (o_i - r_i) ∫ prod_{j != i} (o_j u + r_j (1 - u)) du   over u from 0 to 1,

with o_i = 1 where x meets the condition of i, else 0: a polynomial, integrated exactly by
Gauss-Legendre points in sums of positive terms.

This is the only module of the folder that imports numba; import it inside a function.
"""

# mypy: disable-error-code="no-untyped-call,no-untyped-def,untyped-decorator"
from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import numpy as np
from numba import njit

__all__ = ["MOST", "answers", "shares", "values", "weights"]

MOST = 62
"""The most players on one path: a set of them is the bits of one integer."""


def _compiled(function: Any) -> Any:
    """Compile for every machine alike: kept on disk where there is a place for it."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # neither the package's folder nor the home directory can be written
        return njit(nogil=True, error_model="numpy")(function)


@cache
def weights() -> Any:
    """Return (p - 1)! q! / (p + q)! by p and q, shape (MOST + 1, MOST + 1); 0 for p = 0."""
    table = np.zeros((MOST + 1, MOST + 1))
    for p in range(1, MOST + 1):
        for q in range(MOST + 1 - p):
            table[p, q] = 1 / (p * comb(p + q, p))
    return table


@cache
def shares() -> tuple[Any, Any]:
    """Return the points and weights that integrate polynomials of degree d - 1 on [0, 1], by d."""
    most = (MOST + 1) // 2
    points, masses = np.zeros((MOST + 1, most)), np.zeros((MOST + 1, most))
    for d in range(1, MOST + 1):
        at, mass = np.polynomial.legendre.leggauss((d + 1) // 2)
        points[d, : len(at)], masses[d, : len(at)] = (at + 1) / 2, mass / 2
    return points, masses


@_compiled
def _goes_left(cell, threshold, missing_left, category, levels):
    if np.isnan(cell):
        return missing_left
    if category >= 0:
        if cell < 0 or cell >= levels.shape[1]:
            return missing_left
        return levels[category, int(cell)]
    return cell <= threshold


@_compiled
def answers(column, threshold, missing_left, category, levels, left, right, value, roots, rows):
    """Return the sum of the trees for encoded rows, shape (n, outputs)."""
    out = np.zeros((rows.shape[0], value.shape[1]))
    for row in range(rows.shape[0]):
        for root in roots:
            node = root
            while column[node] >= 0:
                cell = rows[row, column[node]]
                if _goes_left(cell, threshold[node], missing_left[node], category[node], levels):
                    node = left[node]
                else:
                    node = right[node]
            for k in range(value.shape[1]):
                out[row, k] += value[node, k]
    return out


@_compiled
def _meet(cells, rows, masks, count, bit, new, side, split, into_rows, into_masks):
    """Carry the sets of rows over one branch: the bit is kept or given where they meet it."""
    threshold, missing_left, category, levels = split
    # Whoever comes new to the path has met its conditions so far; a branch takes the bit away.
    given = bit if new else np.int64(0)
    # A test for categories within the loop would cost as much as the rest of it.
    if category < 0:
        for at in range(count):
            cell = cells[rows[at]]
            met = (missing_left if np.isnan(cell) else cell <= threshold) == side
            into_rows[at] = rows[at]
            into_masks[at] = (masks[at] | given) & (np.int64(-1) if met else ~bit)
        return
    for at in range(count):
        met = _goes_left(cells[rows[at]], threshold, missing_left, category, levels) == side
        into_rows[at] = rows[at]
        into_masks[at] = (masks[at] | given) & (np.int64(-1) if met else ~bit)


@_compiled
def _distinct(masks, count, players, table, stamp, bits, keys, group):
    """Give each distinct mask a number; return how many there are."""
    found = 0
    last = (1 << bits) - 1
    for at in range(count):
        mask = masks[at]
        place = mask
        if players > bits:
            # Fibonacci hashing: the high bits of a product spread best.
            place = ((mask * np.int64(-7046029254386353131)) >> (63 - bits)) & last
        while table[place, 0] == stamp and keys[table[place, 1]] != mask:
            place = (place + 1) & last
        if table[place, 0] != stamp:
            table[place, 0] = stamp
            table[place, 1] = found
            keys[found] = mask
            found += 1
        group[at] = table[place, 1]
    return found


@_compiled
def _fits(keys, found, others, number, everyone, alive):
    """Mark the masks that some mask of the other side completes; return how many do."""
    total = 0
    for at in range(found):
        alive[at] = False
        for other in range(number):
            if keys[at] | others[other] == everyone:
                alive[at] = True
                total += 1
                break
    return total


@_compiled
def _drop(rows, masks, group, alive, count):
    kept = 0
    for at in range(count):
        if alive[group[at]]:
            rows[kept] = rows[at]
            masks[kept] = masks[at]
            group[kept] = group[at]
            kept += 1
    return kept


@_compiled
def _pairs(mask, others, counts, number, players, weights, into):
    """Sum what a leaf of value 1 gives to each player, over the background's masks."""
    everyone = (np.int64(1) << players) - 1
    q = 0
    for at in range(players):
        into[at] = 0.0
        if not (mask >> at) & 1:
            q += 1
    against = 0.0
    for other in range(number):
        if mask | others[other] != everyone:
            continue
        alone = mask & ~others[other]
        p = 0
        rest = alone
        while rest:
            p += 1
            rest &= rest - 1
        if q > 0:
            against += counts[other] * weights[q, p]
        if p > 0:
            share = counts[other] * weights[p, q]
            for at in range(players):
                if (alone >> at) & 1:
                    into[at] += share
    for at in range(players):
        if not (mask >> at) & 1:
            into[at] = -against


@_compiled
def _cover(mask, ratio, players, points, masses, into):
    """Integrate what a leaf of value 1 gives to each player where branches follow cover."""
    for at in range(players):
        into[at] = 0.0
    before = np.empty(players + 1)
    for at in range((players + 1) // 2):
        u = points[players, at]
        before[0] = masses[players, at]
        for j in range(players):
            met = 1.0 if (mask >> j) & 1 else 0.0
            before[j + 1] = before[j] * (met * u + ratio[j] * (1 - u))
        behind = 1.0
        for j in range(players - 1, -1, -1):
            met = 1.0 if (mask >> j) & 1 else 0.0
            into[j] += (met - ratio[j]) * before[j] * behind
            behind *= met * u + ratio[j] * (1 - u)


@_compiled
def _add(phi, rows, group, count, shared, value):
    for at in range(count):
        phi[rows[at]] += shared[group[at]] * value


@_compiled
def values(
    column, threshold, missing_left, category, levels, left, right, value, roots, cover, depth,
    owner, rows, background, by_cover, weights, points, masses, phi,
):  # fmt: skip
    """Add the Shapley values of encoded rows to `phi`, shape (outputs, players, n).

    `rows` and `background` are (columns, n): one column's cells lie together. Returns the answer
    that the trees give by cover, shape (outputs,), or an empty array where a path asks too many.
    """
    n, m = rows.shape[1], background.shape[1]
    outputs = value.shape[1]
    bits = 6
    while (1 << bits) < 2 * max(n, m):
        bits += 1
    table = np.zeros((1 << bits, 2), dtype=np.int64)
    stamp = 0
    x_rows = np.empty((depth + 1, n), dtype=np.int32)
    x_masks = np.empty((depth + 1, n), dtype=np.int64)
    b_rows = np.empty((depth + 1, m), dtype=np.int32)
    b_masks = np.empty((depth + 1, m), dtype=np.int64)
    x_count = np.zeros(depth + 1, dtype=np.int64)
    b_count = np.zeros(depth + 1, dtype=np.int64)
    x_keys, x_group, x_alive = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.bool_)
    b_keys, b_group, b_alive = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m, np.bool_)
    counts = np.empty(m)
    players = np.zeros(depth + 1, dtype=np.int64)
    path = np.empty(MOST + 1, dtype=np.int64)
    ratio = np.ones((depth + 1, MOST + 1))
    given = np.empty(MOST + 1)
    todo = np.empty((depth + 2, 3), dtype=np.int64)
    base = np.zeros(outputs)
    for root in roots:
        for at in range(n):
            x_rows[0, at] = at
            x_masks[0, at] = 0
        for at in range(m):
            b_rows[0, at] = at
            b_masks[0, at] = 0
        x_count[0], b_count[0] = n, m
        todo[0, 0], todo[0, 1], todo[0, 2] = root, 0, -1
        waiting = 1
        while waiting:
            waiting -= 1
            node, level, parent = todo[waiting, 0], todo[waiting, 1], todo[waiting, 2]
            if parent >= 0:
                known = players[level - 1]
                player = owner[column[parent]]
                slot = 0
                while slot < known and path[slot] != player:
                    slot += 1
                new = slot == known
                if new and known == MOST:
                    return np.empty(0)
                path[slot] = player
                players[level] = known + new
                side = left[parent] == node
                split = (threshold[parent], missing_left[parent], category[parent], levels)
                bit = np.int64(1) << slot
                _meet(
                    rows[column[parent]], x_rows[level - 1], x_masks[level - 1],
                    x_count[level - 1], bit, new, side, split, x_rows[level], x_masks[level],
                )  # fmt: skip
                x_count[level] = x_count[level - 1]
                if by_cover:
                    for j in range(known):
                        ratio[level, j] = ratio[level - 1, j]
                    if new:
                        ratio[level, slot] = 1.0
                    ratio[level, slot] *= cover[node] / cover[parent]
                else:
                    _meet(
                        background[column[parent]], b_rows[level - 1], b_masks[level - 1],
                        b_count[level - 1], bit, new, side, split, b_rows[level], b_masks[level],
                    )  # fmt: skip
                    b_count[level] = b_count[level - 1]
            d = players[level]
            leaf = column[node] < 0
            if d == 0 and leaf:
                for k in range(outputs):
                    base[k] += value[node, k]
                continue
            x_found = b_found = 0
            if leaf or not by_cover:
                stamp += 1
                x_found = _distinct(
                    x_masks[level], x_count[level], d, table, stamp, bits, x_keys, x_group
                )
            if not by_cover:
                stamp += 1
                b_found = _distinct(
                    b_masks[level], b_count[level], d, table, stamp, bits, b_keys, b_group
                )
                # A leaf goes through all pairs of masks in any case.
                if not leaf:
                    everyone = (np.int64(1) << d) - 1
                    kept = _fits(x_keys, x_found, b_keys, b_found, everyone, x_alive)
                    if kept == 0:
                        continue
                    if kept < x_found:
                        x_count[level] = _drop(
                            x_rows[level], x_masks[level], x_group, x_alive, x_count[level]
                        )
                    kept = _fits(b_keys, b_found, x_keys, x_found, everyone, b_alive)
                    if kept < b_found:
                        b_count[level] = _drop(
                            b_rows[level], b_masks[level], b_group, b_alive, b_count[level]
                        )
            if not leaf:
                todo[waiting, 0], todo[waiting, 1], todo[waiting, 2] = right[node], level + 1, node
                waiting += 1
                todo[waiting, 0], todo[waiting, 1], todo[waiting, 2] = left[node], level + 1, node
                waiting += 1
                continue
            if by_cover:
                reached = 1.0
                for j in range(d):
                    reached *= ratio[level, j]
                for k in range(outputs):
                    base[k] += reached * value[node, k]
            else:
                for at in range(b_found):
                    counts[at] = 0.0
                for at in range(b_count[level]):
                    counts[b_group[at]] += 1.0 / m
            shared = np.empty((d, x_found))
            for at in range(x_found):
                if by_cover:
                    _cover(x_keys[at], ratio[level], d, points, masses, given)
                else:
                    _pairs(x_keys[at], b_keys, counts, b_found, d, weights, given)
                for j in range(d):
                    shared[j, at] = given[j]
            for k in range(outputs):
                if value[node, k] != 0.0:
                    for j in range(d):
                        _add(
                            phi[k, path[j]], x_rows[level], x_group, x_count[level],
                            shared[j], value[node, k],
                        )  # fmt: skip
    return base
