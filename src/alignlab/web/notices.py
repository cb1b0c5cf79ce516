"""What a person is told when something cannot be done: a status, a heading, and what to do.

Nothing is ever said to be saved that is not, and what the person entered stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from alignlab.errors import AccessError, InputError, LeaseError, OutputError

__all__ = [
    "ANSWERED_BEFORE",
    "FOREIGN",
    "NOT_OWNER",
    "NO_SUCH_PAGE",
    "SIGNED_OUT",
    "WENT_WRONG",
    "Notice",
    "notice_of",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said.

    Attributes
    ----------
    status
        Of HTTP.
    heading, words
        In short, and what to do.
    next
        Whether to go on to the next case is what is left to do.
    """

    status: int
    heading: str
    words: str
    next: bool = False


ANSWERED_BEFORE = Notice(
    200,
    "You had answered that case before, and that answer stands.",
    "Undo takes your last answer back.",
)
SIGNED_OUT = Notice(
    401,
    "Not saved: you are signed out.",
    "Open the link that you were given in another tab; then answer again here. If it opens "
    "nothing any more, your access was taken back: ask the owner.",
)
FOREIGN = Notice(
    403,
    "Not saved: this did not come from a page of this site, or from an old one.",
    "Copy what you wrote, load the page again and answer there.",
)
NOT_OWNER = Notice(403, "This page is the owner's.", "Ask the owner of the review for it.")
NO_SUCH_PAGE = Notice(404, "There is no such page.", "Go back to the work.")
WENT_WRONG = Notice(
    500,
    "Not saved: something went wrong here.",
    "What you entered is still here: try again. If it stays so, tell the owner; the site's log "
    "says more.",
)


def notice_of(error: Exception) -> Notice:
    """Return what is said of an error.

    Examples
    --------
    >>> notice_of(OutputError("The database is locked.")).heading
    'Not saved.'
    """
    words = str(error)
    if isinstance(error, LeaseError):
        return Notice(409, "Not saved.", words, next=True)
    if isinstance(error, AccessError):
        return Notice(403, "Not saved: you have no access any more.", words)
    if isinstance(error, OutputError):
        return Notice(503, "Not saved.", f"{words} What you entered is still here: try again.")
    if isinstance(error, InputError):
        return Notice(422, "Not saved.", words)
    return WENT_WRONG
