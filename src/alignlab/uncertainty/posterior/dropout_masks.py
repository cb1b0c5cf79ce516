"""Dropout masks of each row's own, made without a state, whichever rows and passes stand together.

Word w of row i in pass t is SplitMix64 of key_i + (w + 1 + t 2^32) g, with g the odd number nearest
2^64 over the golden ratio [steele2014fast]: the words of `alignlab.random.row_streams`, made by
torch where the module's numbers are. A word holds four numbers of 16 bits, and one is kept if it is
below k = round((1 - p) 2^16); what is kept is scaled by 2^16 / k, so that the mean stays exact.
Where 8 bits hold p exactly, as they do 1/2 and 1/4, numbers have 8; where p or 1 - p is below 2^-8,
they have 32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignlab.random import GOLDEN, STEP

if TYPE_CHECKING:
    import torch

__all__ = ["keep", "kept_share"]

WORDS_AT_ONCE = 2**15
"""Words that are mixed at a time: they stay in a core's cache through all eight steps."""

COARSE = 2**-8
"""Where p and 1 - p are at least this, 16 bits hold p to a relative 0.2 %."""


def keep(keys: torch.Tensor, passes: torch.Tensor, count: int, p: float) -> torch.Tensor:
    """Return what dropout keeps, shape (passes, rows, count): 1 or 0, uint8.

    Parameters
    ----------
    keys
        One whole number a row, int64, shape (rows,): `row_streams(...).keys`.
    passes
        The passes' numbers, int64.
    count
        Numbers a row and pass, below 2^32.
    p
        The chance of not being kept, between 0 and 1.
    """
    import torch

    bits = _bits(p)
    kind = {8: torch.int8, 16: torch.int16, 32: torch.int32}[bits]
    threshold = round((1 - p) * 2**bits) - 2 ** (bits - 1)
    each = 64 // bits
    words = -(-count // each)
    golden = _signed(int(GOLDEN))
    counter = torch.arange(1, words + 1, device=keys.device) * golden
    step = _signed(int(GOLDEN) * int(STEP))
    starts = (keys + passes[:, None] * step).reshape(-1, 1)
    # Truth values take torch six times as long, to write as to multiply by.
    kept = torch.empty(len(starts), count, dtype=torch.uint8, device=keys.device)
    block = max(1, WORDS_AT_ONCE // words)
    for first in range(0, len(starts), block):
        some = slice(first, first + block)
        mixed = _mixed_in_place(starts[some] + counter).view(kind)
        torch.lt(mixed[:, :count], threshold, out=kept[some])
    return kept.reshape(len(passes), len(keys), count)


def kept_share(p: float) -> float:
    """Return the chance of being kept as it is drawn: 1 - p in as many bits as are compared."""
    bits = _bits(p)
    return round((1 - p) * 2**bits) / 2**bits


def _bits(p: float) -> int:
    if (p * 2**8).is_integer():
        return 8
    return 16 if COARSE <= p <= 1 - COARSE else 32


def _mixed_in_place(z: torch.Tensor) -> torch.Tensor:
    # int64 shifts drag the sign along; the mask takes it away, as a shift of unsigned words does.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, None)):
        z ^= (z >> shift).bitwise_and_((1 << (64 - shift)) - 1)
        if factor is not None:
            z *= _signed(factor)
    return z


def _signed(word: int) -> int:
    """Return 64 bits as the signed number that they are."""
    word %= 2**64
    return word - 2**64 if word >= 2**63 else word
