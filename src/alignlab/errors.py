"""All errors that alignlab raises on purpose, and the one sentence each of them carries.

An error says what was given, what is allowed and what to do. The command line prints it as one
line and exits with code 2; a program catches `AlignlabError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral
from pathlib import PurePath
from typing import Any

__all__ = [
    "AccessError",
    "AlignlabError",
    "InputError",
    "LeaseError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "StoppedError",
    "UnnamedClassesError",
    "UnsafeModelError",
    "listed",
    "nearest",
    "require_choice",
    "require_whole",
]


class AlignlabError(Exception):
    """The base of every error that alignlab raises on purpose."""


class InputError(AlignlabError, ValueError):
    """What the person gave cannot be used: a column, a value, an option or a file."""


class UnnamedClassesError(InputError):
    """A model does not say what its outputs mean, and nobody has named its classes."""


class ModelError(AlignlabError, RuntimeError):
    """The model under study failed, or answered something that is not a prediction."""


class UnsafeModelError(AlignlabError):
    """Opening this model would run code that nobody has vouched for."""


class OutputError(AlignlabError, OSError):
    """A result could not be written; nothing half-written was left behind."""


class AccessError(AlignlabError):
    """A token or a name opens nothing here: it is unknown, or was revoked."""


class LeaseError(AlignlabError, LookupError):
    """A case is no longer this person's: its time ran out, it was answered, or it never was."""


class StoppedError(AlignlabError):
    """A person stopped long work; what was done is kept, and the message says how to go on."""


class MissingExtraError(AlignlabError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed. "
            f"Install it with: pip install 'alignlab[{extra}]'"
        )


MOST_LISTED = 10
"""An error lists no more names than this: a person reads the first few and looks up the rest."""

NEAR = 0.75
"""How alike two names must be for one to be meant by the other; 1 is equal."""

NEAR_SHORT = 0.65
"""The same for three letters or fewer, where one slip leaves two thirds."""

BEGINNING = 3
"""So many letters that only one name begins with are short for it."""


def listed(names: Iterable[object], most: int = MOST_LISTED) -> str:
    """Return names joined by commas; where there are many, the first ones and how many more.

    Examples
    --------
    >>> listed(["a", "b"])
    'a, b'
    >>> listed(range(100), most=3)
    '0, 1, 2 and 97 more'
    """
    texts = [str(name) for name in names]
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the closest allowed name, or an empty string.

    Examples
    --------
    >>> nearest("linff", ["linf", "l2"])
    " Did you mean 'linf'?"
    >>> nearest("temp", ["temperature", "platt"])
    " Did you mean 'temperature'?"
    """
    names = list(allowed)
    begun = [name for name in names if name.startswith(given)]
    cutoff = NEAR if len(given) > 3 else NEAR_SHORT
    for ending in (PurePath(given).suffix, ""):
        # An ending that two files share does not make them alike.
        alike = {name.removesuffix(ending): name for name in names if name.endswith(ending)}
        close = get_close_matches(given.removesuffix(ending), alike, n=1, cutoff=cutoff)
        if close:
            return f" Did you mean {alike[close[0]]!r}?"
        names = [name for name in names if name not in alike.values()]
    if len(given) >= BEGINNING and len(begun) == 1:
        return f" Did you mean {begun[0]!r}?"
    return ""


def require_choice(given: object, allowed: Iterable[str], *, what: str) -> str:
    """Return `given` if it is one of `allowed`; otherwise say what is allowed.

    Parameters
    ----------
    given
        What the caller passed, whatever it is.
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
    if isinstance(given, str) and given in names:
        return given
    near = nearest(given, names) if isinstance(given, str) else ""
    raise InputError(f"{what}={given!r:.100} is not one of {listed(map(repr, names))}.{near}")


def require_whole(given: Any, what: str, least: int, *, even: bool = False) -> None:
    """Refuse what is not a whole number, or an even one, from `least` on.

    Examples
    --------
    >>> require_whole(2.5, "draws", 4)
    Traceback (most recent call last):
    alignlab.errors.InputError: draws=2.5 is not a whole number from 4.
    """
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not whole or given < least or (even and given % 2):
        kind = "an even number" if even else "a whole number"
        raise InputError(f"{what}={given!r} is not {kind} from {least}.")
