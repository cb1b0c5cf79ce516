"""A threat as a person states it: a norm and a radius in one word, such as linf:8/255."""

from __future__ import annotations

from math import isfinite

from alignlab.errors import InputError, require_choice
from alignlab.robustness.threats import BALLS

__all__ = ["norm_and_radius", "number_from_0", "require_pixels"]


def norm_and_radius(text: str, *, what: str) -> tuple[str, float]:
    """Return the norm and the radius that a word states.

    Parameters
    ----------
    text
        "linf:0.1", "l2:1" or "linf:8/255".
    what
        Where it is stated, for the error.

    Raises
    ------
    InputError
        If it cannot be understood.

    Examples
    --------
    >>> norm_and_radius("linf:1/4", what="threat")
    ('linf', 0.25)
    """
    norm, colon, size = text.partition(":")
    if not colon:
        raise InputError(
            f"{what} {text}: give a norm and a radius, such as linf:0.1. Norms: {', '.join(BALLS)}."
        )
    norm = require_choice(norm.strip().lower(), BALLS, what=what)
    return norm, number_from_0(size, what=what)


def number_from_0(text: str, *, what: str) -> float:
    """Return a number from 0; a fraction such as 8/255 is one too.

    Parameters
    ----------
    text
        The number.
    what
        Where it is stated, for the error.

    Raises
    ------
    InputError
        If it is none.
    """
    above, divided, below = text.partition("/")
    try:
        number = float(above) / float(below) if divided else float(above)
    except (ValueError, ZeroDivisionError):
        number = float("nan")
    if not (isfinite(number) and number >= 0):
        raise InputError(f"{what}: {text.strip()!r} is not a number from 0, such as 0.1 or 8/255.")
    return number


def require_pixels(norm: str, radius: float, *, what: str) -> None:
    """Refuse a radius within which every image may become every other.

    Parameters
    ----------
    norm, radius
        Of a ball around pixels from 0 to 1.
    what
        Where it is stated, for the error.

    Raises
    ------
    InputError
        If every pixel may become any other.
    """
    if norm == "linf" and radius > 1:
        raise InputError(
            f"{what} linf:{radius:g}: pixels go from 0 to 1, so that within {radius:g} any image "
            f"may become any other. If {radius:g} of 255 is meant, write linf:{radius:g}/255."
        )
