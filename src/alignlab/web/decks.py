"""What a person acts with, whatever the kind of the case: buttons, how sure they are, and why."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

__all__ = ["CANNOT_TELL", "SURE_KEYS", "Press", "heard", "levels"]

SURE_KEYS = "567890"


class Press(NamedTuple):
    """A button of the deck.

    Attributes
    ----------
    action, key
        What it does, and the key that presses it; "" where none is left.
    label
        Its words.
    name, value
        What is sent.
    ask
        Whether it is first asked how sure the person is.
    to
        Where it is sent to, if not where the form goes.
    """

    action: str
    key: str
    label: str
    name: str
    value: str
    ask: bool = False
    to: str = ""


CANNOT_TELL = Press("cannot-tell", "c", "I can’t tell", "verdict", "cannot tell")


@cache
def levels(ways: int) -> tuple[tuple[str, float, str], ...]:
    """Return how sure one can be between `ways` answers: key, probability and words of each level.

    They go from a guess to certainty in equal steps.

    Examples
    --------
    >>> levels(2)[0], levels(2)[-1]
    (('5', 0.5, '50%'), ('0', 1.0, '100%'))
    """
    guess = 1 / max(ways, 2)
    shares = [round(guess + step * (1 - guess) / 5, 2) for step in range(6)]
    keyed = zip(SURE_KEYS, shares, strict=True)
    return tuple((key, share, f"{share:.0%}") for key, share in keyed)


def heard(form: Mapping[str, str]) -> dict[str, Any]:
    """Return how sure a person is and why, as the form says it.

    Examples
    --------
    >>> heard({"confidence": "0.8", "reason": "late twice"})
    {'confidence': 0.8, 'reason': 'late twice'}
    """
    said = form.get("confidence", "")
    try:
        sure: Any = float(said) if said else None
    except ValueError:
        sure = said
    return {"confidence": sure, "reason": form.get("reason", "").strip()}
