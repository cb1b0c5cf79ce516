"""Numbers as people write them; units are not known, so none is invented."""

from __future__ import annotations

import math

__all__ = ["FINE", "amount", "capital", "number", "percent"]

FINE = 0.0995
"""Smaller shares are said with a decimal of a point."""


def percent(share: float) -> str:
    """Return a share in percent, as finely as its end of the scale asks for.

    >>> [percent(share) for share in (0.834, 0.5, 0.004, 0.9996, 0.0, 1.0, 1e-9)]
    ['83%', '50%', '0.4%', '99.96%', '0%', '100%', 'less than 0.01%']
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    rest = min(share, 1 - share)
    if rest < 0.0001:
        return "less than 0.01%" if share < 0.5 else "more than 99.99%"
    return f"{share:.{0 if rest >= 0.01 else 1 if rest >= 0.001 else 2}%}"


def number(value: float) -> str:
    """Return a number with as many digits as a reader can use: at most four, or all before the dot.

    >>> [number(value) for value in (12345.67, 0.123456, 52.0, -0.00012, 1e9, 0.0)]
    ['12,346', '0.1235', '52', '-0.00012', '1,000,000,000', '0']
    """
    if not math.isfinite(value):
        return "unknown"
    value = float(f"{value:.4g}") if abs(value) < 1000 else float(round(value))
    return f"{value + 0.0:,.10g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.3g}"


def amount(value: float, scale: str) -> str:
    """Return the size of a difference, in points of probability or in the answer's own unit.

    >>> amount(-0.234, "probability"), amount(0.0234, "probability"), amount(1234.5, "value")
    ('23 points', '2.3 points', '1,234')
    """
    size = abs(value)
    if scale not in ("probability", "decision"):
        return number(size) + (" in log-odds" if scale == "log odds" else "")
    points = 100 * size
    if 0 < points < 0.05:
        return "less than 0.1 points"
    text = f"{points:.0f}" if size >= FINE else f"{points:.1f}"
    return f"{text} {'point' if text == '1.0' else 'points'}"


def capital(text: str) -> str:
    """Return a text as a sentence begins, the rest of it as it is.

    >>> capital("debt to IncomE")
    'Debt to IncomE'
    """
    return text[:1].upper() + text[1:]
