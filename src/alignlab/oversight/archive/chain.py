"""The chain of events: each one's hash covers the one before it.

    h_0 = 0…0,   h_n = SHA-256(h_{n-1} ‖ canonical JSON of [n, kind, key, reviewer, at, body])

Whoever holds h_n can tell whether any of the first n events was changed, removed, added or moved
[haber1991timestamp]. The chain alone does not show that its end was cut off or that all of it was
written anew: for that, a head has to be kept somewhere else (`Head`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from alignlab.errors import InputError
from alignlab.plain import canonical

__all__ = ["START", "Head", "event_hash", "read_head"]

START = bytes(32)
"""What stands before the first event."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: enough to tell later whether anything before was altered.

    Attributes
    ----------
    seq
        The number of events.
    hash
        The last one's, 64 hexadecimal digits.

    Examples
    --------
    >>> print(Head(2, "ab" * 32))
    2:abababababababababababababababababababababababababababababababab
    """

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {"seq": self.seq, "hash": self.hash}


def read_head(given: str) -> tuple[int | None, str]:
    """Return the number of events (where it is given) and the hash that a text names.

    Examples
    --------
    >>> read_head("7:" + "0" * 64)[0]
    7

    Raises
    ------
    InputError
        If the text is neither a head nor a hash.
    """
    found = re.fullmatch(r"(?:(\d{1,18}):)?([0-9a-f]{64})", given.strip().lower())
    if not found:
        raise InputError(
            f"head={given!r} is no head: give it as an export prints it, such as 120:9f86d0… "
            "with all 64 digits."
        )
    return (int(found[1]) if found[1] else None), found[2]


def event_hash(
    previous: bytes, seq: int, kind: str, key: str, reviewer: str, at: float, body: str
) -> bytes:
    """Return an event's hash; `body` is canonical JSON already.

    Examples
    --------
    >>> event_hash(START, 1, "created", "", "", 0.0, "{}").hex()[:16]
    'a1c2a6a86c639027'
    """
    text = f"[{seq},{canonical(kind)},{canonical(key)},{canonical(reviewer)},{at!r},{body}]"
    return hashlib.sha256(previous + text.encode()).digest()
