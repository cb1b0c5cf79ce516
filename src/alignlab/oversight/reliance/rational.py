"""A rational decision maker's rule to take advice or not, learned on some items for others.

A rule is what taking the advice gains at each signal, on average over the trials it is learned on.
Parts of the items are held out so that right and wrong advice is dealt out alike: where half of the
advice is wrong by design, a part with more wrong advice leaves more right advice to learn from, and
the rule would be wrong about just that part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputError

__all__ = ["at_rate", "fold_draws", "learned", "where_it_pays"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def fold_draws(
    item: Codes,
    right: NDArray[np.bool_],
    folds: int,
    repeats: int,
    generator: np.random.Generator,
) -> list[Codes]:
    """Return each item's part, drawn anew each time, with right and wrong advice dealt out alike.

    Without that, the parts left to learn from are short of what the part held out has much of, and
    a rule learns the contrary of what is true of it.
    """
    present = np.unique(item)
    if len(present) < folds:
        raise InputError(
            f"folds={folds} is more than the {len(present)} items of an arm. Give at most as many."
        )
    mostly = np.bincount(item, right)[present] >= 0.5 * np.bincount(item)[present]
    drawn = []
    for _ in range(repeats):
        shuffled = generator.permutation(len(present))
        order = shuffled[np.argsort(mostly[shuffled], kind="stable")]
        part = np.full(int(present.max()) + 1, -1, dtype=np.intp)
        part[present[order]] = np.arange(len(present)) % folds
        drawn.append(part)
    return drawn


def learned(signal: Codes, gain: Floats, wanted: Codes) -> Floats:
    """Return what advice gains at the wanted signals; at unknown ones, what it gains on average."""
    if not len(signal):
        return np.zeros(len(wanted))
    size = int(max(signal.max(), wanted.max(initial=0))) + 1
    count = np.bincount(signal, minlength=size)
    total = np.bincount(signal, gain, minlength=size)
    mean = np.where(count > 0, total / np.maximum(count, 1), gain.mean())
    return mean[wanted]


def where_it_pays(worths: Floats) -> Floats:
    """Return the chance of relying; one half where both are worth the same."""
    return 0.5 + 0.5 * np.sign(np.where(np.abs(worths) < 1e-12, 0.0, worths))


def at_rate(worths: Floats, rate: float) -> Floats:
    """Return chances of relying that come to the rate, where it pays most; alike cases share."""
    values, codes = np.unique(-worths, return_inverse=True)
    size = np.bincount(codes, minlength=len(values)).astype(float)
    before = np.cumsum(size) - size
    chance = np.clip((rate * len(worths) - before) / np.maximum(size, 1), 0, 1)
    return np.asarray(chance[codes])
