"""The inner loops of planning, compiled: each reads the transition matrix once, in order.

A hard backup is max_a [r(s, a) + γ Σ P(s' | s, a) V(s')], a soft one T log Σ_a exp(Q(s, a) / T)
[ziebart2010modeling, ch. 5]. Product, maximum, exponentials and logarithm happen while a block of
states is in the cache, so nothing of size (S, A) is written. A state's result does not
depend on which states are computed beside it, as long as blocks begin at multiples of `BLOCK`.

This is the only module that imports numba; import it inside a function.
"""

# mypy: disable-error-code="no-untyped-call,no-untyped-def,untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import intrinsic
from numba.types import float64, int64

__all__ = [
    "BLOCK",
    "action_values",
    "hard",
    "must_end",
    "policy",
    "policy_forward",
    "policy_visits",
    "relax",
    "soft",
    "soft_backward",
    "soft_forward",
    "soft_visits",
    "way_to_end",
]

BLOCK = 128
"""States computed together: their action values stay in the first-level cache."""


def _compiled(function: Any) -> Any:
    """Compile for every machine alike: kept on disk where there is a place for it."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the home directory can be written
        return njit(**options)(function)


@intrinsic
def _bits(context, number):
    """Return the 64 bits of a float as an integer."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(int64))

    return int64(float64), code


@intrinsic
def _number(context, bits):
    """Return the float whose 64 bits these are."""

    def code(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(float64))

    return float64(int64), code


# The library's exp and log are calls that a loop cannot be vectorised over; these can. They are
# within two units in the last place on the ranges used here, which a test holds them to.
ROUNDER = 1.5 * 2.0**52
LOG2_HIGH = 6.93147180369123816490e-01
LOG2_LOW = 1.90821492927058770002e-10
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD


@_compiled
def exp_below(x):
    """Return exp(x) for x <= 0; 0 below -708."""
    y = max(x, -708.0)
    shifted = y * 1.4426950408889634 + ROUNDER
    k = shifted - ROUNDER
    z = (y - k * LOG2_HIGH) - k * LOG2_LOW
    p = 1.0 / 6227020800.0
    p = p * z + 1.0 / 479001600.0
    p = p * z + 1.0 / 39916800.0
    p = p * z + 1.0 / 3628800.0
    p = p * z + 1.0 / 362880.0
    p = p * z + 1.0 / 40320.0
    p = p * z + 1.0 / 5040.0
    p = p * z + 1.0 / 720.0
    p = p * z + 1.0 / 120.0
    p = p * z + 1.0 / 24.0
    p = p * z + 1.0 / 6.0
    p = p * z + 0.5
    p = (p * z) * z + z + 1.0
    # The shifted number holds k in its last bits; they become the exponent.
    scaled = p * _number((_bits(shifted) + 1023) << 52)
    return scaled if x >= -708.0 else 0.0


@_compiled
def log_from_one(x):
    """Return log(x) for finite x >= 1."""
    bits = _bits(x)
    k = (bits - SQRT_HALF_BITS) >> 52
    m = _number(bits - (k << 52))
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = 1.0 / 21.0
    p = p * s + 1.0 / 19.0
    p = p * s + 1.0 / 17.0
    p = p * s + 1.0 / 15.0
    p = p * s + 1.0 / 13.0
    p = p * s + 1.0 / 11.0
    p = p * s + 1.0 / 9.0
    p = p * s + 1.0 / 7.0
    p = p * s + 1.0 / 5.0
    p = p * s + 1.0 / 3.0
    small = 2.0 * f + 2.0 * f * (s * p)
    # The exponent is a small integer: through 32 bits it becomes a float on any machine's vectors.
    exponent = np.float64(np.int32(k))
    return exponent * LOG2_HIGH + (small + exponent * LOG2_LOW)


@_compiled
def _action_values(pointers, targets, chances, rewards, after, discount, low, count, q):
    """Fill q[a, i] for `count` states from `low`; minus infinity where not available."""
    n_actions = rewards.shape[1]
    row = low * n_actions
    begin = pointers[row]
    for i in range(count):
        for a in range(n_actions):
            end = pointers[row + 1]
            total = 0.0
            for k in range(begin, end):
                total += chances[k] * after[targets[k]]
            q[a, i] = rewards[low + i, a] + discount * total if end > begin else -np.inf
            row += 1
            begin = end


@_compiled
def hard(pointers, targets, chances, rewards, after, discount, low, high, now, choice):
    """Back up by the best action; return the least and the largest change of a value."""
    n_actions = rewards.shape[1]
    least, largest = np.inf, -np.inf
    row = low * n_actions
    begin = pointers[row]
    for s in range(low, high):
        best, at = -np.inf, 0
        for a in range(n_actions):
            end = pointers[row + 1]
            if end > begin:
                total = 0.0
                for k in range(begin, end):
                    total += chances[k] * after[targets[k]]
                q = rewards[s, a] + discount * total
                at = a if q > best else at
                best = max(best, q)
            row += 1
            begin = end
        choice[s] = at
        if best == -np.inf:
            now[s] = 0.0
        else:
            change = best - after[s]
            least, largest = min(least, change), max(largest, change)
            now[s] = best
    return least, largest


@_compiled
def action_values(pointers, targets, chances, rewards, after, discount, low, high, out):
    """Write Q(s, a) into out (S, A); minus infinity where an action is not available."""
    n_actions = rewards.shape[1]
    q = np.empty((n_actions, BLOCK))
    for first in range(low, high, BLOCK):
        count = min(BLOCK, high - first)
        _action_values(pointers, targets, chances, rewards, after, discount, first, count, q)
        for i in range(count):
            for a in range(n_actions):
                out[first + i, a] = q[a, i]


@_compiled
def _normalised(q, count, n_actions, inverse, top, total):
    """Turn q[a, i] into exp((q - top) / T); fill the largest and the sum of each column."""
    for i in range(count):
        top[i] = q[0, i]
        total[i] = 0.0
    for a in range(1, n_actions):
        for i in range(count):
            top[i] = max(top[i], q[a, i])
    for i in range(count):
        # A terminal state has no largest value; its sum is 0, which says so.
        top[i] = top[i] if top[i] > -np.inf else 0.0
    for a in range(n_actions):
        for i in range(count):
            weight = exp_below((q[a, i] - top[i]) * inverse)
            q[a, i] = weight
            total[i] += weight


@_compiled
def soft(pointers, targets, chances, rewards, after, discount, temperature, low, high, now, chosen):
    """Back up by the log-sum-exp; return the least and the largest change of a value.

    The probabilities of the actions, exp(Q / T) over their sum, go into `chosen` (S, A), unless it
    has no rows.
    """
    n_actions = rewards.shape[1]
    q = np.empty((n_actions, BLOCK))
    top, total = np.empty(BLOCK), np.empty(BLOCK)
    inverse = 1.0 / temperature
    least, largest = np.inf, -np.inf
    for first in range(low, high, BLOCK):
        count = min(BLOCK, high - first)
        _action_values(pointers, targets, chances, rewards, after, discount, first, count, q)
        _normalised(q, count, n_actions, inverse, top, total)
        for i in range(count):
            top[i] += temperature * log_from_one(max(total[i], 1.0))
        for i in range(count):
            if total[i] > 0.0:
                change = top[i] - after[first + i]
                least, largest = min(least, change), max(largest, change)
            now[first + i] = top[i]
        if chosen.shape[0] > 0:
            for i in range(count):
                share = 1.0 / total[i] if total[i] > 0.0 else 0.0
                for a in range(n_actions):
                    chosen[first + i, a] = q[a, i] * share
    return least, largest


@_compiled
def soft_backward(pointers, targets, chances, rewards, discount, temperature, values, chosen):
    """Fill the soft values (H + 1, S) from the last step; `chosen` is (H, S, A), or (H, 0, A)."""
    n_states = values.shape[1]
    for t in range(values.shape[0] - 2, -1, -1):
        soft(
            pointers, targets, chances, rewards, values[t + 1], discount, temperature, 0, n_states,
            values[t], chosen[t],
        )  # fmt: skip


@_compiled
def soft_forward(
    pointers,
    targets,
    chances,
    rewards,
    after,
    discount,
    temperature,
    mass,
    low,
    high,
    arrived,
    visits,
):
    """Move `mass` one step by the soft policy, from `visits`, to which it is added, to `arrived`.

    The policy is computed again from the values after the step, so that it is never stored.
    """
    n_actions = rewards.shape[1]
    q = np.empty((n_actions, BLOCK))
    top, total = np.empty(BLOCK), np.empty(BLOCK)
    for first in range(low, high, BLOCK):
        count = min(BLOCK, high - first)
        present = 0.0
        for i in range(count):
            present += mass[first + i]
        if present == 0.0:
            continue
        _action_values(pointers, targets, chances, rewards, after, discount, first, count, q)
        _normalised(q, count, n_actions, 1.0 / temperature, top, total)
        for i in range(count):
            s = first + i
            if mass[s] == 0.0 or total[i] == 0.0:
                continue
            share = mass[s] / total[i]
            for a in range(n_actions):
                leaving = q[a, i] * share
                visits[s, a] += leaving
                leaving *= discount
                row = s * n_actions + a
                for k in range(pointers[row], pointers[row + 1]):
                    arrived[targets[k]] += leaving * chances[k]


@_compiled
def policy(pointers, targets, chances, rewards, after, discount, chosen, low, high, now):
    """Back up by given probabilities (S, A); return the least and the largest change of a value."""
    n_actions = rewards.shape[1]
    least, largest = np.inf, -np.inf
    for s in range(low, high):
        value = 0.0
        alive = False
        for a in range(n_actions):
            row = s * n_actions + a
            begin, end = pointers[row], pointers[row + 1]
            alive = alive or end > begin
            if chosen[s, a] > 0.0 and end > begin:
                total = 0.0
                for k in range(begin, end):
                    total += chances[k] * after[targets[k]]
                value += chosen[s, a] * (rewards[s, a] + discount * total)
        if alive:
            change = value - after[s]
            least, largest = min(least, change), max(largest, change)
        now[s] = value
    return least, largest


@_compiled
def policy_forward(pointers, targets, chances, chosen, discount, mass, low, high, arrived, visits):
    """Move `mass` one step by given probabilities (S, A)."""
    n_actions = chosen.shape[1]
    for s in range(low, high):
        if mass[s] == 0.0:
            continue
        for a in range(n_actions):
            leaving = mass[s] * chosen[s, a]
            if leaving == 0.0:
                continue
            visits[s, a] += leaving
            leaving *= discount
            row = s * n_actions + a
            for k in range(pointers[row], pointers[row + 1]):
                arrived[targets[k]] += leaving * chances[k]


@_compiled
def policy_visits(pointers, targets, chances, chosen, discount, mass, visits):
    """Follow `mass` (S,) through every step of `chosen` (H, S, A), adding to `visits` (S, A)."""
    arrived = np.empty_like(mass)
    for t in range(chosen.shape[0]):
        arrived[:] = 0.0
        policy_forward(
            pointers, targets, chances, chosen[t], discount, mass, 0, len(mass), arrived, visits
        )
        mass, arrived = arrived, mass


@_compiled
def soft_visits(pointers, targets, chances, rewards, discount, temperature, values, mass, visits):
    """Follow `mass` (S,) through every step of the soft policy, adding to `visits` (S, A)."""
    arrived = np.empty_like(mass)
    for t in range(values.shape[0] - 1):
        arrived[:] = 0.0
        soft_forward(
            pointers, targets, chances, rewards, values[t + 1], discount, temperature, mass, 0,
            len(mass), arrived, visits,
        )  # fmt: skip
        mass, arrived = arrived, mass


@_compiled
def way_to_end(pointers, targets, allowed, reached, choice):
    """Give each state an allowed action that leads nearer to what is reached, where there is one.

    Passes run up and down, so that a grid needs few of them. Returns how many states are reached.
    """
    n_states, n_actions = allowed.shape
    before = -1
    total = reached.sum()
    while total != before:
        before = total
        for i in range(2 * n_states):
            s = i if i < n_states else 2 * n_states - 1 - i
            if reached[s]:
                continue
            for a in range(n_actions):
                if not allowed[s, a]:
                    continue
                row = s * n_actions + a
                for k in range(pointers[row], pointers[row + 1]):
                    if reached[targets[k]]:
                        reached[s] = True
                        choice[s] = a
                        total += 1
                        break
                if reached[s]:
                    break
    return total


@_compiled
def must_end(pointers, targets, allowed, reached):
    """Mark the states from which every allowed way of acting reaches what is reached."""
    n_states, n_actions = allowed.shape
    before = -1
    total = reached.sum()
    while total != before:
        before = total
        for i in range(2 * n_states):
            s = i if i < n_states else 2 * n_states - 1 - i
            if reached[s]:
                continue
            every = True
            for a in range(n_actions):
                if not allowed[s, a]:
                    continue
                row = s * n_actions + a
                some = False
                for k in range(pointers[row], pointers[row + 1]):
                    some = some or reached[targets[k]]
                every = every and some
            if every:
                reached[s] = True
                total += 1
    return total


@_compiled
def relax(pointers, targets, chances, discount, right, x, sweeps):
    """Improve x in (I - γ P) x = b by symmetric Gauss-Seidel, in place."""
    n = len(x)
    for _ in range(sweeps):
        for j in range(2 * n):
            s = j if j < n else 2 * n - 1 - j
            total = right[s]
            own = 1.0
            for k in range(pointers[s], pointers[s + 1]):
                if targets[k] == s:
                    own -= discount * chances[k]
                else:
                    total += discount * chances[k] * x[targets[k]]
            x[s] = total / own
