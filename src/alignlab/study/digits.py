"""An estimate in writing: no digit that the data do not carry, and no limit on the wrong side.

The value and its limits have the decimals at which the interval's half width has two significant
digits. A limit that would so be written as 0, or as another number that it is held against, has as
many more as it takes to stand on its own side: [0.000, 0.080] beside "above 0" would be a riddle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["decimals", "enough", "fixed_text", "p_text"]

MOST = 12
"""Decimals."""


def decimals(low: float, high: float) -> int:
    """Return the decimals at which the interval's half width has two significant digits.

    Examples
    --------
    >>> decimals(0.0423, 0.1201), decimals(120.0, 480.0)
    (3, 0)
    """
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return 3
    return min(max(0, 1 - math.floor(math.log10(half))), MOST)


def enough(number: float, digits: int, apart: Sequence[float] = (0.0,)) -> int:
    """Return so many decimals, or more where with these a number would cross one of `apart`.

    Examples
    --------
    >>> enough(0.04, 3), enough(0.0004, 3), enough(0.0, 3)
    (3, 4, 3)
    """

    def sides(of: float) -> list[tuple[bool, bool]]:
        return [(of < other, of > other) for other in apart]

    kept = (each for each in range(digits, MOST + 1) if sides(round(number, each)) == sides(number))
    return next(kept, digits)


def fixed_text(number: float, digits: int) -> str:
    """Return a number with so many decimals, and no minus before a zero.

    Examples
    --------
    >>> fixed_text(1234.56, 1), fixed_text(-0.0001, 3)
    ('1,234.6', '0.000')
    """
    text = f"{number:,.{digits}f}"
    return text if any(each in "123456789" for each in text) else text.removeprefix("-")


def p_text(p_value: float, *, alpha: float = 0.05) -> str:
    """Return a p-value as people print it, on its own side of what it is held against.

    Examples
    --------
    >>> p_text(0.0421), p_text(0.0004), p_text(0.72), p_text(0.0496), p_text(0.0504)
    ('0.042', '< 0.001', '0.72', '0.0496', '0.0504')
    """
    if math.isnan(p_value):
        return ""
    if p_value < 0.001:
        return "< 0.001"
    alpha = round(alpha, MOST)  # 1 - 0.95 is a little more than 0.05
    texts = [f"{p_value:.{digits}g}" for digits in range(2, MOST)]
    told = (
        text
        for text in texts
        if (float(text) < alpha, float(text) > alpha) == (p_value < alpha, p_value > alpha)
    )
    return next(told, texts[0])
