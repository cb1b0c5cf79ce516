"""Which arm of an experiment a case is shown in: stratified permuted blocks.

Within each person and stratum the cases come in blocks as long as there are arms; each block holds
every arm once, in an order of its own [zelen1974randomization]. So after any number of cases the
arms of a person and stratum differ by at most one, and nobody can tell the next one from those
before but for the last of a block. A block's order is that of the hashes of (seed, person, stratum,
block, arm): anybody who knows the seed can compute it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["arm_at", "coin"]


def arm_at(arms: Sequence[str], position: int, *, seed: int, person: str, stratum: str = "") -> str:
    """Return the arm of a person's case in a stratum.

    Parameters
    ----------
    arms
        Those of the experiment; one that stands twice is given twice as often.
    position
        How many cases of the stratum the person had before.
    seed, person, stratum
        What the blocks belong to.

    Examples
    --------
    >>> two = ("none", "explanation")
    >>> [arm_at(two, n, seed=0, person="ana") for n in range(4)]
    ['explanation', 'none', 'none', 'explanation']
    """
    if len(arms) == 1:
        return arms[0]
    block, place = divmod(position, len(arms))
    order = sorted(
        range(len(arms)), key=lambda arm: _hash(seed, "arm", person, stratum, block, arm)
    )
    return arms[order[place]]


def coin(seed: int, *purpose: object) -> float:
    """Return a number from 0 to below 1 that follows from the seed and the purpose alone.

    Examples
    --------
    >>> coin(0, "gold", "ana", 1) == coin(0, "gold", "ana", 1) != coin(0, "gold", "ana", 2)
    True
    """
    return int.from_bytes(_hash(seed, *purpose)[:7], "big") / 2**56


def _hash(*parts: object) -> bytes:
    # The lengths keep ("ab", "c") apart from ("a", "bc").
    text = "".join(f"{len(part)}:{part}" for part in map(str, parts))
    return hashlib.sha256(text.encode()).digest()
