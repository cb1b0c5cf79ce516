"""Settings of attacks that are counts: whole numbers from 1, said by name where they are not."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from alignlab.errors import InputError

__all__ = ["require_whole"]


def require_whole(**given: Any) -> None:
    """Raise where a setting is not a whole number from 1.

    Raises
    ------
    InputError
        That names the setting.

    Examples
    --------
    >>> require_whole(steps=10, restarts=1)
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise InputError(f"{name}={value!r} is not a whole number from 1.")
