"""The events of a review, one after another: each one's hash, and what follows from it.

Every hash is computed again from the one before, and every item and picture is held against the
digest in its event.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from sqlalchemy import bindparam, func, select

from alignlab.errors import InputError
from alignlab.oversight.archive.chain import START, event_hash
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.pictures import PICTURE
from alignlab.oversight.archive.schema import contents, events, items, project
from alignlab.oversight.queue.adding import DIGESTED, item_digest
from alignlab.oversight.settings import Settings
from alignlab.oversight.verifying.histories import Histories, Told
from alignlab.plain import canonical

__all__ = ["AlteredError", "Replay", "as_bytes"]


class AlteredError(Exception):
    """What was altered, in a sentence; the first that was found."""


ALL = Sql(
    select(events, items.c.number)
    .select_from(events.outerjoin(items, items.c.key == events.c.key))
    .order_by(events.c.seq)
)
_COLUMNS = [contents.c[name] if name in ("content", "card") else items.c[name] for name in DIGESTED]
BATCH = Sql(
    select(*_COLUMNS)
    .select_from(items.outerjoin(contents, contents.c.item == items.c.number))
    .where(items.c.number.between(bindparam("first"), bindparam("last")))
    .order_by(items.c.number)
)
SETTINGS = Sql(select(project.c.settings))
NUMBER_OF_ITEMS = Sql(select(func.count()).select_from(items))


class Replay:
    """The state as it follows from the events, gathered while they are checked.

    Attributes
    ----------
    right
        How many events were found right.
    hash
        Of the last of them.
    found
        Whether one of them is the head that was expected.
    known, pictures
        How many items and pictures were added.
    told
        What each item is, by its number; the first is none, as they are numbered from 1.
    done, deferred
        How many answers to each item stand, and how many people handed it on.
    returned
        The last event by which each item came back to the queue; 0 where it never did.
    worth
        As it was stated anew, NaN where it was not.
    standing
        Of each event: 1 if it is an answer that stands, 2 if that handed the case on, 0 if neither.
    people
        Role, token and arm of each person, by name.
    histories
        What each person did.
    """

    def __init__(
        self, work: Work, settings: Settings, expected: tuple[int | None, str] | None
    ) -> None:
        self.work = work
        self.settings = settings
        self.expected = expected
        self.histories = Histories(settings)
        self.told: list[Told] = [Told("", "", "", False, False)]
        self.found = False
        self.right = 0
        self.hash = START
        self.known = 0
        self.pictures = 0
        size = int(work.one(NUMBER_OF_ITEMS)[0]) + 1
        self.done = np.zeros(size, np.int32)
        self.deferred = np.zeros(size, np.int32)
        self.returned = np.zeros(size, np.int64)
        self.worth = np.full(size, np.nan)
        self.standing = bytearray(1)
        self.people: dict[str, tuple[str, str | None, str]] = {}

    def run(self) -> None:
        """Take all events.

        Raises
        ------
        AlteredError
            If one is not as it was written, or is about what is not as it was added.
        """
        for row in self.work.stream(ALL):
            self._check_event(row)

    def _check_event(self, row: Any) -> None:
        seq, kind, key, reviewer, at, body, hash_, number = row
        if seq != self.right + 1:
            raise AlteredError(f"Event {self.right + 1} is missing: the next is {seq}.")
        try:
            self.hash = event_hash(self.hash, seq, kind, key, reviewer, at, body)
        except (TypeError, ValueError):
            self.hash = b""
        if self.hash != as_bytes(hash_):
            what = ", ".join(filter(None, (str(kind), repr(key) if key else "", str(reviewer))))
            raise AlteredError(
                f"Event {seq} ({what}) is not as it was written: its hash does not fit."
            )
        if self.expected is not None:
            place, digest = self.expected
            if place == seq and self.hash.hex() != digest:
                raise AlteredError(
                    f"Event {seq} is not the one that the head names: the chain was written anew."
                )
            self.found |= self.hash.hex() == digest
        self.standing.append(0)
        try:
            if key and number is None:
                raise AlteredError(
                    f"Item {key!r}, which event {seq} is about, is missing or renamed."
                )
            self._apply(seq, kind, reviewer, json.loads(body), number)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise AlteredError(
                f"Event {seq} ({kind}) says nothing that it could: {error!r}."
            ) from None
        self.right = seq

    def _apply(self, seq: int, kind: str, who: str, body: Any, number: int | None) -> None:
        if number is not None:
            arm = self.people[who][2]
            fault = self.histories.apply(seq, kind, who, body, self.told[number], arm)
            if fault:
                raise AlteredError(f"Event {seq} ({kind}, {who}) {fault}.")
            self._apply_to_item(seq, kind, body, number)
        elif kind == "items":
            self._check_items(body["first"], body["digests"])
        elif kind == "media":
            self._check_picture(body)
        elif kind == "invited":
            self.people[who] = (body["role"], body["token"], body["arm"])
        elif kind == "revoked":
            role, _, arm = self.people[who]
            self.people[who] = (role, None, arm)
        elif kind == "reprioritised":
            for place, worth in body["worth"]:
                self.worth[place] = worth
        elif kind == "created" and canonical(body["settings"]) != canonical(
            json.loads(self.work.one(SETTINGS)[0])
        ):
            raise AlteredError("The settings are not those that the review was made with.")

    def _apply_to_item(self, seq: int, kind: str, body: Any, number: int) -> None:
        if kind == "answer":
            handed_on = body["answer"].get("verdict") == "defer"
            self.standing[seq] = 2 if handed_on else 1
            self._count(number, handed_on, 1)
            if handed_on:
                self.returned[number] = seq
        elif kind in ("expired", "released"):
            self.returned[number] = seq
        elif kind == "undone":
            before = body["supersedes"]
            self._count(number, self.standing[before] == 2, -1)
            self.standing[before] = 0

    def _count(self, number: int, handed_on: bool, change: int) -> None:
        counted = self.deferred if handed_on else self.done
        counted[number] += change

    def _check_items(self, first: int, digests: list[str]) -> None:
        rows = self.work.all(BATCH, first=first, last=first + len(digests) - 1)
        for at, digest in enumerate(digests):
            number = first + at
            if at >= len(rows) or rows[at][0] != number:
                raise AlteredError(f"Item {number}, in the order of adding, is missing.")
            row = dict(zip(DIGESTED, rows[at], strict=True))
            if _digest_of(row) != digest:
                raise AlteredError(f"Item {row['key']!r} is not as it was added.")
            self.told.append(
                Told(
                    row["key"], row["kind"], row["drawn"],
                    row["decision"] is not None, row["card"] is not None,
                )
            )  # fmt: skip
        self.known += len(digests)

    def _check_picture(self, body: Any) -> None:
        row = self.work.one(PICTURE, name=body["name"])
        if row is None:
            raise AlteredError(f"The picture {body['name']!r} is missing.")
        digest = hashlib.sha256(as_bytes(row[1])).hexdigest()
        if row[0] != body["type"] or digest != body["digest"]:
            raise AlteredError(f"The picture {body['name']!r} is not as it was added.")
        self.pictures += 1


def _digest_of(row: dict[str, Any]) -> str:
    try:
        return item_digest(row)
    except InputError:
        return ""


def as_bytes(held: Any) -> bytes:
    """Return what a column of bytes holds; SQLite keeps a text there too, if one is put in."""
    return held.encode() if isinstance(held, str) else bytes(held)
