"""All errors that alignlab raises on purpose, and the one sentence each of them carries.

An error says what was given, what is allowed and what to do. The command line prints it as one
line and exits with code 2; a program catches `AlignlabError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AlignlabError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "UnsafeModelError",
    "nearest",
    "require_choice",
]


class AlignlabError(Exception):
    """The base of every error that alignlab raises on purpose."""


class InputError(AlignlabError, ValueError):
    """What the person gave cannot be used: a column, a value, an option or a file."""


class ModelError(AlignlabError, RuntimeError):
    """The model under study failed, or answered something that is not a prediction."""


class UnsafeModelError(AlignlabError):
    """Opening this model would run code that nobody has vouched for."""


class OutputError(AlignlabError, OSError):
    """A result could not be written; nothing half-written was left behind."""


class MissingExtraError(AlignlabError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed. "
            f"Install it with: pip install 'alignlab[{extra}]'"
        )


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the closest allowed name, or an empty string.

    Examples
    --------
    >>> nearest("linff", ["linf", "l2"])
    " Did you mean 'linf'?"
    """
    close = get_close_matches(given, list(allowed), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def require_choice(given: str, allowed: Iterable[str], *, what: str) -> str:
    """Return `given` if it is one of `allowed`; otherwise say what is allowed.

    Parameters
    ----------
    given
        What the caller passed.
    allowed
        The valid names.
    what
        What the name is for, as the caller knows it (`"norm"`).

    Raises
    ------
    InputError
        If `given` is not allowed; the message names the nearest valid name.

    Examples
    --------
    >>> require_choice("l2", ["linf", "l2"], what="norm")
    'l2'
    >>> require_choice("linff", ["linf", "l2"], what="norm")
    Traceback (most recent call last):
    alignlab.errors.InputError: norm='linff' is not one of 'linf', 'l2'. Did you mean 'linf'?
    """
    names = list(allowed)
    if given in names:
        return given
    listed = ", ".join(repr(name) for name in names)
    raise InputError(f"{what}={given!r} is not one of {listed}.{nearest(given, names)}")
