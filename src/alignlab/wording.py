"""How lists stand in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["joined"]


def joined(parts: Iterable[str]) -> str:
    """Return parts as a person lists them.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    held = list(parts)
    return "".join(held) if len(held) < 2 else f"{', '.join(held[:-1])} and {held[-1]}"
