"""Leases: a case is one person's until an answer or a time, and no item is given out too often.

taken = answers that count + live leases never exceeds wanted; an item is open while it is less. A
person holds one lease at most. Whatever ends a lease without an answer that counts moves the item
to the end of the stream "returned", behind everybody's cursor there, so that all meet it again.
All of it happens in the one transaction that also appends the event.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select, update

from alignlab.errors import AccessError
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.schema import STREAMS, contents, items, people, shown
from alignlab.oversight.queue.ordering import FIRST

__all__ = [
    "Held",
    "Worker",
    "expire",
    "give",
    "held",
    "release",
    "return_item",
    "save_counts",
    "save_item",
    "save_worker",
    "worker",
]

RETURNED, RANDOM, VALUE, GOLD = range(len(STREAMS))

CURSORS = tuple((f"{stream}_rank", f"{stream}_tie") for stream in STREAMS)


@dataclass(slots=True)
class Worker:
    """A person's row of the table `people`; saved whole at the end of a transaction."""

    number: int
    name: str
    role: str
    token: str | None
    arm: str
    given: int
    given_random: int
    given_gold: int
    answered: int
    last: int
    returned_rank: float
    returned_tie: int
    random_rank: float
    random_tie: int
    value_rank: float
    value_tie: int
    gold_rank: float
    gold_tie: int
    lease: str | None
    item: int | None
    since: float | None
    expires: float | None

    def free(self) -> None:
        """Hold no case any more."""
        self.lease = self.item = self.since = self.expires = None


@dataclass(slots=True)
class Held:
    """An item, and what a person saw and said of it."""

    number: int
    key: str
    kind: Any
    drawn: str
    choices: str
    decision: str | None
    confidence: float | None
    gold: str | None
    stratum: str
    wanted: int
    taken: int
    done: int
    deferred: int
    open: int
    stream: int
    rank: float
    tie: int
    arm: Any
    swapped: int
    revealed: int
    closed: int
    own: str | None
    said: str | None
    taken_back: str | None
    content: str
    card: str | None

    @property
    def counts(self) -> bool:
        """Whether answers to it are of the review, and not of the reviewers."""
        return self.gold is None


_ITEM = (
    "number", "key", "kind", "drawn", "choices", "decision", "confidence", "gold", "stratum",
    "wanted", "taken", "done", "deferred", "open", "stream", "rank", "tie",
)  # fmt: skip
_SHOWN = ("arm", "swapped", "revealed", "closed", "own", "said", "taken_back")
_FIXED = ("number", "name", "role", "token", "arm")
_MUTABLE = tuple(name for name in Worker.__slots__ if name not in _FIXED)

WORKER = Sql(select(people).where(people.c.name == bindparam("name")))
SAVE_WORKER = Sql(
    update(people)
    .where(people.c.number == bindparam("number"))
    .values({name: bindparam(name) for name in _MUTABLE})
)
EXPIRED = Sql(select(people).where(people.c.expires <= bindparam("now")).order_by(people.c.expires))
HELD = Sql(
    select(
        *(items.c[name] for name in _ITEM),
        *(shown.c[name] for name in _SHOWN),
        contents.c.content,
        contents.c.card,
    )
    .join(contents, contents.c.item == items.c.number)
    .outerjoin(shown, and_(shown.c.item == items.c.number, shown.c.person == bindparam("person")))
    .where(items.c.number == bindparam("item"))
)
_COUNTS = ("taken", "done", "deferred")
_PLACE = ("open", "stream", "rank", "tie")
# Whatever is set is written to its indexes, changed or not: so the place is set only if it changed.
SAVE_COUNTS = Sql(
    update(items)
    .where(items.c.number == bindparam("number"))
    .values({name: bindparam(name) for name in _COUNTS})
)
SAVE_ITEM = Sql(
    update(items)
    .where(items.c.number == bindparam("number"))
    .values({name: bindparam(name) for name in (*_COUNTS, *_PLACE)})
)


def worker(work: Work, name: str) -> Worker:
    """Return a person's row.

    Raises
    ------
    AccessError
        If there is nobody of that name, or their token was revoked.
    """
    row = work.one(WORKER, name=name)
    if row is None or row[3] is None:
        raise AccessError(
            f"{name!r} is not invited to this review, or no longer. Ask its owner for a token."
        )
    return Worker(*row)


def save_worker(journal: Journal, person: Worker) -> None:
    """Write a person's row."""
    values = {name: getattr(person, name) for name in _MUTABLE}
    journal.work.run(SAVE_WORKER, number=person.number, **values)


def held(work: Work, person: Worker, item: int) -> Held:
    """Return an item, and what a person saw and said of it: `arm` is `None` if nothing yet."""
    return Held(*work.one(HELD, person=person.number, item=item))


def give(journal: Journal, person: Worker, item: int, *, minutes: float) -> str:
    """Make an item a person's for a time; return the lease."""
    # Beginning with the time, leases are appended to their index instead of scattered over it.
    person.lease = f"{int(journal.now * 1000):011x}{secrets.token_urlsafe(16)}"
    person.item = item
    person.since = journal.now
    person.expires = round(journal.now + 60 * minutes, 3)
    return person.lease


def release(journal: Journal, person: Worker, why: str) -> None:
    """End a person's lease without an answer; the item is offered to everybody again."""
    if person.item is None:
        return
    item = held(journal.work, person, person.item)
    seq = journal.append(why, {"arm": item.arm}, key=item.key, reviewer=person.name)
    return_item(journal, person, item, seq)
    person.free()


def return_item(journal: Journal, person: Worker, item: Held, seq: int) -> None:
    """Give back the place of a person who will not answer; `seq` is the event that says so."""
    if not item.counts:
        # A planted item stays where it is; this person's cursor steps back.
        person.gold_rank, person.gold_tie = FIRST
        return
    item.taken -= 1
    item.open = 1
    # Events only grow, so a later return has a larger rank than any cursor has passed.
    item.stream, item.rank, item.tie = RETURNED, float(seq), 0
    save_item(journal, item)


def save_counts(journal: Journal, item: Held) -> None:
    """Write what is counted of an item that stays where it is, open or not."""
    journal.work.run(
        SAVE_COUNTS,
        number=item.number,
        taken=item.taken,
        done=item.done,
        deferred=item.deferred,
    )


def save_item(journal: Journal, item: Held) -> None:
    """Write an item's state and its place."""
    journal.work.run(
        SAVE_ITEM,
        number=item.number,
        taken=item.taken,
        done=item.done,
        deferred=item.deferred,
        open=item.open,
        stream=item.stream,
        rank=item.rank,
        tie=item.tie,
    )


def expire(journal: Journal) -> None:
    """End all leases whose time is over."""
    for row in journal.work.all(EXPIRED, now=journal.now):
        person = Worker(*row)
        release(journal, person, "expired")
        save_worker(journal, person)
