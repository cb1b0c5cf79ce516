"""Which of a person's two answers counts: the last one, or the one taken without advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from alignlab.errors import require_choice

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["Said", "decision_of", "require_said"]

Said = Literal["final", "own"]


def require_said(said: str) -> None:
    """Raise if it is neither "final" nor "own"."""
    require_choice(said, get_args(Said), what="said")


def decision_of(answered: Answered, said: Said) -> str | None:
    """Return what was decided; `None` if nothing was, or it was not taken in this way.

    Parameters
    ----------
    answered
        Of `Review.answers`, to an item of kind "decide".
    said
        "final", or "own": said before advice came, or where none did.
    """
    if said == "own" and answered.own is not None:
        return answered.own["decision"]
    if said == "own" and answered.advice_seen:
        return None
    return answered.answer["decision"]
