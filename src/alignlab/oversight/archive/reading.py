"""Reading what was answered, as a stream, and how far the review is, from counters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select, text

from alignlab.oversight.archive.chain import Head
from alignlab.oversight.archive.database import HEAD, Sql, Work
from alignlab.oversight.archive.schema import answers, contents, events, items, people
from alignlab.oversight.items import Advice, Answered

__all__ = [
    "Progress",
    "Status",
    "Trust",
    "read_answers",
    "read_status",
    "read_trust",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is.

    Attributes
    ----------
    name, role
        Who it is.
    invited
        Whether they may still come in.
    answered
        How many cases they answered or handed on; answers taken back are not counted.
    holds
        Whether a case is theirs now.
    """

    name: str
    role: str
    invited: bool
    answered: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How far a review is.

    Attributes
    ----------
    items
        All that count; planted ones do not.
    complete
        Those answered by as many people as wanted.
    open
        The others.
    leased
        Cases that somebody holds now.
    waiting
        Open items that somebody handed on to a colleague.
    answers
        All that stand.
    people
        How far each is, in the order of inviting.
    head
        Where the chain of events ends.
    """

    items: int
    complete: int
    open: int
    leased: int
    waiting: int
    answers: int
    people: tuple[Progress, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class Trust:
    """What a person said in the questionnaire of trust.

    Attributes
    ----------
    seq, reviewer, at
        Of the event, whose it is, and when, in seconds since 1970.
    answers
        As they were given.
    """

    seq: int
    reviewer: str
    at: float
    answers: Mapping[str, Any]


_COLUMNS = (
    events.c.seq, events.c.key, events.c.reviewer, events.c.at, events.c.body,
    items.c.kind, items.c.drawn, items.c.stratum, items.c.slice, items.c.decision,
    items.c.confidence, items.c.truth, items.c.gold, items.c.source, items.c.choices,
)  # fmt: skip


def _current(*columns: Any, gold: bool) -> Select[Any]:
    found = (
        select(*columns)
        .select_from(answers)
        .join(events, events.c.seq == answers.c.seq)
        .join(items, items.c.number == answers.c.item)
        .order_by(answers.c.seq)
    )
    return found if gold else found.where(items.c.gold.is_(None))


ANSWERS = {
    (gold, content): Sql(
        _current(*_COLUMNS, contents.c.content, gold=gold).join(
            contents, contents.c.item == answers.c.item
        )
        if content
        else _current(*_COLUMNS, gold=gold)
    )
    for gold in (False, True)
    for content in (False, True)
}
TRUST = Sql(
    select(events.c.seq, events.c.reviewer, events.c.at, events.c.body)
    .where(events.c.kind == text("'trust'"))
    .order_by(events.c.seq)
)
PROGRESS = Sql(
    select(
        people.c.name, people.c.role, people.c.token, people.c.answered, people.c.expires
    ).order_by(people.c.number)
)


def read_answers(work: Work, *, gold: bool, content: bool) -> Iterator[Answered]:
    """Yield the answers that stand, in the order of their events."""
    # What is kept is canonical: there is no space around it to look for.
    decode = json.JSONDecoder().raw_decode
    # Half the time of calling the class, which takes its fields one by one.
    made = Answered._make

    @lru_cache(maxsize=1024)
    def offered(choices: str) -> tuple[str, ...]:
        return tuple(decode(choices)[0])

    for (
        seq, key, reviewer, at, said, kind, drawn, stratum, group, decision, confidence, truth,
        right, source, choices, *shown,
    ) in work.stream(ANSWERS[gold, content]):  # fmt: skip
        body = decode(said)[0]
        yield made((
            seq, key, kind, reviewer, at, body["answer"], body["own"], tuple(body["said"]),
            body["arm"], body["advice"], body["card"], body["swapped"], body["visible_ms"],
            body["server_ms"], drawn, stratum, group,
            None if decision is None else Advice(decision, confidence), truth, right,
            {} if source == "{}" else decode(source)[0], offered(choices),
            decode(shown[0])[0] if shown else None,
        ))  # fmt: skip


def read_trust(work: Work) -> Iterator[Trust]:
    """Yield all answers to the questionnaire; a person may have answered it more than once."""
    for seq, reviewer, at, said in work.stream(TRUST):
        yield Trust(seq, reviewer, at, json.loads(said)["answers"])


def read_status(work: Work, now: float) -> Status:
    """Return how far the review is; nothing is counted but people."""
    _, seq, hash_, total, _, complete, count, waiting = work.one(HEAD)
    progress = tuple(
        Progress(name, role, token is not None, answered, expires is not None and expires > now)
        for name, role, token, answered, expires in work.all(PROGRESS)
    )
    return Status(
        items=total,
        complete=complete,
        open=total - complete,
        leased=sum(each.holds for each in progress),
        waiting=waiting,
        answers=count,
        people=progress,
        head=Head(seq, bytes(hash_).hex()),
    )
