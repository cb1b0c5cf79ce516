"""Appending events: the only way in which anything becomes part of the record.

created, items, media          what the review is about, with digests
invited, revoked               who may answer
answer                         what a person said in the end; also a case handed on ("defer")
own, reply, revealed           what was said or seen on the way to an answer
expired, released              a case given and not answered: it went back to the queue
undone                         an answer taken back: superseded, not removed
reprioritised, trust           new worths; a questionnaire
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, update

from alignlab.oversight.archive.chain import Head, event_hash
from alignlab.oversight.archive.database import HEAD, HEAD_LOCKED, Sql, Work
from alignlab.oversight.archive.schema import events, head
from alignlab.plain import canonical

__all__ = ["Journal"]

APPEND = Sql(insert(events))
COUNTERS = ("items", "gold", "complete", "answers", "waiting")
SAVE_HEAD = Sql(update(head).values({name: bindparam(name) for name in ("seq", "hash", *COUNTERS)}))


class Journal:
    """The end of the chain, held alone for one transaction.

    Attributes
    ----------
    work
        The transaction.
    now
        Seconds since 1970, to the millisecond: the time of all that happens in it.
    seq, hash
        Of the last event.
    items, gold, complete, answers, waiting
        Counters: items that count, planted ones, complete ones, current answers, and incomplete
        items that somebody handed on.
    """

    __slots__ = ("answers", "complete", "gold", "hash", "items", "now", "seq", "waiting", "work")

    def __init__(self, work: Work, now: float) -> None:
        self.work = work
        self.now = round(now, 3)
        statement = HEAD if work.dialect == "sqlite" else HEAD_LOCKED
        (
            _, self.seq, self.hash,
            self.items, self.gold, self.complete, self.answers, self.waiting,
        ) = work.one(statement)  # fmt: skip

    def append(
        self, kind: str, body: Mapping[str, Any], *, key: str = "", reviewer: str = ""
    ) -> int:
        """Append an event and return its number."""
        text = canonical(body)
        seq = self.seq + 1
        self.hash = event_hash(self.hash, seq, kind, key, reviewer, self.now, text)
        self.seq = seq
        self.work.run(
            APPEND,
            seq=seq,
            kind=kind,
            key=key,
            reviewer=reviewer,
            at=self.now,
            body=text,
            hash=self.hash,
        )
        return seq

    def save(self) -> None:
        """Write where the chain ends now, and the counters."""
        self.work.run(
            SAVE_HEAD,
            seq=self.seq,
            hash=self.hash,
            items=self.items,
            gold=self.gold,
            complete=self.complete,
            answers=self.answers,
            waiting=self.waiting,
        )

    @property
    def head(self) -> Head:
        """The end of the chain."""
        return Head(self.seq, self.hash.hex())
