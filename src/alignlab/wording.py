"""How lists stand in a sentence, and long texts on one line."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["joined", "shortened"]


def joined(parts: Iterable[str]) -> str:
    """Return parts as a person lists them.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    held = list(parts)
    return "".join(held) if len(held) < 2 else f"{', '.join(held[:-1])} and {held[-1]}"


def shortened(text: str, most: int = 200) -> str:
    """Return a text of at most `most` characters, cut at a space if there is one.

    Examples
    --------
    >>> shortened("one two three", most=9)
    'one two …'
    """
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0][: most - 2]} …"
