"""What people answered about an audited model's decisions, read before a model is asked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.errors import InputError

if TYPE_CHECKING:
    from alignlab.oversight.items import Answered

__all__ = ["read_review"]


def read_review(given: Any) -> tuple[Answered, ...] | None:
    """Return the answers of a review, planted items included.

    Parameters
    ----------
    given
        The folder of a review, a `Review`, answers as `Review.answers` gives them, or `None`.

    Raises
    ------
    InputError
        If there is no review, or nobody has answered yet.

    Examples
    --------
    >>> read_review(None)
    """
    if given is None:
        return None
    if isinstance(given, str | Path):
        from alignlab.oversight.review import Review

        with Review.open(given) as review:
            found = tuple(review.answers(gold=True))
    elif hasattr(given, "answers"):
        found = tuple(given.answers(gold=True))
    elif isinstance(given, Iterable):
        found = tuple(given)
    else:
        raise InputError(f"review={given!r} is no review: give the folder of one (--review).")
    if not found:
        name = f"--review {given}" if isinstance(given, str | Path) else "The review"
        raise InputError(f"{name}: nobody has answered yet. Audit without it, or wait.")
    return found
