"""What a person is asked about: a case to decide, two behaviours to compare, or gambles.

An item is what stands in the queue, whole: its content, the model's advice and the card that
explains it, what the right answer is where somebody planted it. What of it a person is shown, and
when, is the queue's to say (`Case`): advice that an arm withholds is not in the case at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

__all__ = ["Advice", "Answered", "Case", "Item", "Kind"]

Kind = Literal["decide", "prefer", "interview"]

Plain = Mapping[str, Any]
"""Plain values, as JSON holds them."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the model says of a case.

    Attributes
    ----------
    decision
        One of the item's choices.
    confidence
        The probability that the model gives it, from 0 to 1; `None` where it gives none.
    """

    decision: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to be answered.

    Attributes
    ----------
    key
        Its name, which no other item of the review has.
    kind
        "decide", "prefer" or "interview".
    content
        What is shown, as plain values; its "form" says how (`content.py` has the forms and checks
        them).
    choices
        What can be decided, in the order in which it is offered; empty but for "decide".
    advice
        What the model says; `None` where no model was asked.
    card
        `ExplanationCard.to_dict()`; `None` where nothing was explained.
    gold
        The right answer, of an item that was planted to see who looks; `None` of all others.
    truth
        What did happen, where that is known: never shown before the end, used in the statistics.
    worth
        What an answer is worth: the queue asks for the highest first. Any finite number.
    stratum
        Arms are balanced within it, such as "advice wrong".
    group
        The slice that the case belongs to, for statistics by group; "" where there is none.
    wanted
        How many people are to answer; `None` for the review's overlap.
    source
        What ties the item to where it came from, as plain values: a row's number and its table, the
        positions of a pair. Returned with every export, never shown.
    """

    key: str
    kind: Kind = "decide"
    content: Plain
    choices: Sequence[str] = ()
    advice: Advice | None = None
    card: Plain | None = None
    gold: str | None = None
    truth: str | None = None
    worth: float = 0.0
    stratum: str = ""
    group: str = ""
    wanted: int | None = None
    source: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An item as one person may see it now. What the arm withholds is not in it.

    Attributes
    ----------
    lease
        The secret name under which this person, and nobody else, may answer it until it expires.
    key, kind, content, choices
        As of the item. Of a pair, "first" and "second" stand in the order of showing: where
        `swapped`, the item's second is here the first, and its answer is turned back by the queue.
    stage
        "own" where the person's own answer is asked for first, "final" otherwise, "question" of
        an interview.
    arm
        Of the experiment; for records, never shown.
    advice, card
        What may be seen now; `None` where there is none or it is withheld.
    on_demand
        Whether a card waits to be asked for (`Review.reveal`).
    own
        What the person said before advice came; `None` before.
    said
        Of an interview: the questions and answers until now, oldest first.
    taken_back
        What the person said and then took back (`Review.undo`), as it was shown; `None` otherwise.
    swapped
        Whether the sides of a pair are exchanged.
    answered
        How many cases the person has answered.
    expires
        When the lease ends, in seconds since 1970.
    """

    lease: str
    key: str
    kind: Kind
    content: Plain
    choices: tuple[str, ...] = ()
    stage: Literal["own", "final", "question"] = "final"
    arm: str = ""
    advice: Advice | None = None
    card: Plain | None = None
    on_demand: bool = False
    own: Plain | None = None
    said: tuple[Plain, ...] = ()
    taken_back: Plain | None = None
    swapped: bool = False
    answered: int = 0
    expires: float = 0.0


class Answered(NamedTuple):
    """One answer that stands, with what there is to know of its item.

    A tuple, since millions are read: it is made in a sixth of the time of a frozen dataclass.

    Attributes
    ----------
    seq
        Of its event; answers come in this order.
    key, kind
        Of the item.
    reviewer
        Whose it is.
    at
        When it came, in seconds since 1970.
    answer
        As `checked_answer` keeps it; of a pair as if its sides had not been exchanged. Of a case
        that was handed on or could not be told, the decision is `None`.
    own
        What was said before the advice came; `None` where that was not asked.
    said
        The replies of an interview.
    arm
        Of the experiment; "" where the item takes no part.
    advice_seen, card_seen
        Whether they were on the page when the answer was given.
    swapped
        Whether the sides were exchanged.
    visible_ms
        How long the page was visible, as the browser tells; `None` where it did not.
    server_ms
        From giving the case to receiving the answer.
    drawn
        "random" for the unbiased sample, "value" for what was asked first because it was worth
        more, "gold" for what was planted.
    stratum, group, advice, truth, gold, source
        Of the item.
    choices
        Of the item.
    content
        Of the item, where it was asked for.
    """

    seq: int
    key: str
    kind: Kind
    reviewer: str
    at: float
    answer: Mapping[str, Any]
    own: Mapping[str, Any] | None
    said: tuple[Mapping[str, Any], ...]
    arm: str
    advice_seen: bool
    card_seen: bool
    swapped: bool
    visible_ms: float | None
    server_ms: float
    drawn: Literal["value", "random", "gold"]
    stratum: str
    group: str
    advice: Advice | None
    truth: str | None
    gold: str | None
    source: Mapping[str, Any]
    choices: tuple[str, ...] = ()
    content: Mapping[str, Any] | None = None
