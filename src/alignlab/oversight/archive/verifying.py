"""Whether a review is as it was written: the chain, what it is about, and what follows from it.

Every event's hash is computed again from the one before; every item and picture is held against
the digest in its event; then all that the tables of state say is derived anew from the events. The
first row that differs is named. What no chain can show (an end that was cut off, all of it written
anew) is shown by a head that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from sqlalchemy import and_, bindparam, func, select, text

from alignlab.errors import InputError
from alignlab.oversight.archive.chain import START, Head, canonical, event_hash, read_head
from alignlab.oversight.archive.database import HEAD, Sql, Work
from alignlab.oversight.archive.histories import Histories, Told
from alignlab.oversight.archive.schema import (
    GUARDS,
    STREAMS,
    answers,
    blocks,
    contents,
    events,
    items,
    media,
    people,
    project,
    shown,
)
from alignlab.oversight.queue.adding import DIGESTED, item_digest
from alignlab.oversight.queue.leases import Worker
from alignlab.oversight.queue.ordering import ties
from alignlab.oversight.settings import Settings

__all__ = ["Verification", "verify"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes
    ----------
    ok
        Whether all is as it was written.
    events
        How many events were found right.
    head
        Where the chain ends; keep it elsewhere.
    fault
        One sentence that names the first altered row; `None` where there is none.
    """

    ok: bool
    events: int
    head: Head
    fault: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        head = self.head.to_dict()
        return {"ok": self.ok, "events": self.events, "head": head, "fault": self.fault}


class _AlteredError(Exception):
    """What was found first."""


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
PICTURE = Sql(select(media.c.type, media.c.data).where(media.c.name == bindparam("name")))
SETTINGS = Sql(select(project.c.settings))
COUNTS = {
    name: Sql(select(func.count()).select_from(table))
    for name, table in (("items", items), ("contents", contents), ("media", media))
}
STATE = Sql(
    select(
        items.c.key, items.c.drawn, items.c.worth, items.c.wanted, items.c.taken, items.c.done,
        items.c.deferred, items.c.open, items.c.stream, items.c.rank, items.c.tie,
    ).order_by(items.c.number)
)  # fmt: skip
PEOPLE = Sql(select(people).order_by(people.c.number))
STANDING = Sql(
    select(
        answers.c.seq, answers.c.item, answers.c.lease, answers.c.previous, people.c.name,
        events.c.reviewer,
        items.c.number, events.c.body, shown.c.arm, shown.c.swapped, shown.c.closed,
    )
    .select_from(
        answers.outerjoin(people, people.c.number == answers.c.person)
        .outerjoin(events, events.c.seq == answers.c.seq)
        .outerjoin(items, items.c.key == events.c.key)
        .outerjoin(shown, and_(shown.c.person == answers.c.person, shown.c.item == answers.c.item))
    )
    .order_by(answers.c.seq)
)  # fmt: skip
CLOSED = Sql(select(func.count()).select_from(shown).where(text("closed = 1")))
BLOCKS = Sql(select(blocks.c.person, blocks.c.stratum, blocks.c.given))
SHOWN_IN = Sql(
    select(shown.c.person, items.c.stratum, func.count())
    .join(items, items.c.number == shown.c.item)
    .where(shown.c.arm != bindparam("nothing"))
    .group_by(shown.c.person, items.c.stratum)
)
GUARDED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events' "
    "AND sql LIKE 'CREATE TRIGGER % BEFORE % ON events BEGIN SELECT RAISE(ABORT%'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE tgrelid = 'events'::regclass AND tgenabled IN ('O', 'A') AND NOT tgisinternal "
    "AND tgqual IS NULL AND prosrc LIKE ' BEGIN RAISE EXCEPTION%'",
}


def verify(work: Work, settings: Settings, head: str | None) -> Verification:
    """Compute everything again, within one snapshot; see `Review.verify`."""
    expected = None if head is None else read_head(head)
    replay = _Replay(work, settings, expected)
    try:
        replay.run()
    except _AlteredError as fault:
        return Verification(False, replay.right, replay.stored, str(fault))
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        told = f"The tables hold what nobody could have written there: {error}."
        return Verification(False, replay.right, replay.stored, told)
    return Verification(True, replay.right, replay.stored)


class _Replay:
    """The state as it follows from the events, gathered while they are checked."""

    def __init__(
        self, work: Work, settings: Settings, expected: tuple[int | None, str] | None
    ) -> None:
        self.work = work
        self.settings = settings
        self.expected = expected
        self.stored = Head(0, START.hex())
        self.histories = Histories(settings)
        self.told: list[Told] = [Told("", "", "", False, False)]
        self.found = False
        self.right = 0
        self.hash = START
        self.known = 0
        self.pictures = 0
        size = int(work.one(COUNTS["items"])[0]) + 1
        self.done = np.zeros(size, np.int32)
        self.deferred = np.zeros(size, np.int32)
        self.returned = np.zeros(size, np.int64)
        self.worth = np.full(size, np.nan)
        self.standing = bytearray(1)
        self.people: dict[str, tuple[str, str | None, str]] = {}
        self.held: Counter[int] = Counter()

    def run(self) -> None:
        stored = self.stored = self._stored()
        self._require_guards()
        for row in self.work.stream(ALL):
            self._check_event(row)
        if self.right > stored.seq or self.hash.hex() != stored.hash:
            if self.right < stored.seq:
                raise _AlteredError(
                    f"Event {self.right + 1} is missing, and all after it: there were {stored.seq}."
                )
            raise _AlteredError(f"The row of the head does not name event {self.right}, the last.")
        self._compare_head()
        self._require_none_added()
        self._compare_people()
        self._compare_items()
        self._compare_answers()
        self._compare_blocks()

    def _stored(self) -> Head:
        heads = self.work.all(HEAD)
        if len(heads) != 1:
            raise _AlteredError(f"The table of the head has {len(heads)} rows instead of one.")
        _, seq, hash_, *_ = heads[0]
        return Head(int(seq), _bytes(hash_).hex())

    def _require_guards(self) -> None:
        cursor = self.work.connection.execute(GUARDED[self.work.dialect])
        found = {name for (name,) in cursor.fetchall()}
        for name in GUARDS:
            if name not in found:
                raise _AlteredError(
                    f"The trigger {name}, which keeps events from being changed, is gone or "
                    "weakened: somebody took it away."
                )

    def _check_event(self, row: Any) -> None:
        seq, kind, key, reviewer, at, body, hash_, number = row
        if seq != self.right + 1:
            raise _AlteredError(f"Event {self.right + 1} is missing: the next is {seq}.")
        try:
            self.hash = event_hash(self.hash, seq, kind, key, reviewer, at, body)
        except (TypeError, ValueError):
            self.hash = b""
        if self.hash != _bytes(hash_):
            what = ", ".join(filter(None, (str(kind), repr(key) if key else "", str(reviewer))))
            raise _AlteredError(
                f"Event {seq} ({what}) is not as it was written: its hash does not fit."
            )
        if self.expected is not None:
            place, digest = self.expected
            if place == seq and self.hash.hex() != digest:
                raise _AlteredError(
                    f"Event {seq} is not the one that the head names: the chain was written anew."
                )
            self.found |= self.hash.hex() == digest
        self.standing.append(0)
        try:
            if key and number is None:
                raise _AlteredError(
                    f"Item {key!r}, which event {seq} is about, is missing or renamed."
                )
            self._apply(seq, kind, reviewer, json.loads(body), number)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise _AlteredError(
                f"Event {seq} ({kind}) says nothing that it could: {error!r}."
            ) from None
        self.right = seq

    def _apply(self, seq: int, kind: str, who: str, body: Any, number: int | None) -> None:
        if number is not None:
            arm = self.people[who][2]
            fault = self.histories.apply(seq, kind, who, body, self.told[number], arm)
            if fault:
                raise _AlteredError(f"Event {seq} ({kind}, {who}) {fault}.")
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
            raise _AlteredError("The settings are not those that the review was made with.")

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
                raise _AlteredError(f"Item {number}, in the order of adding, is missing.")
            row = dict(zip(DIGESTED, rows[at], strict=True))
            if _digest_of(row) != digest:
                raise _AlteredError(f"Item {row['key']!r} is not as it was added.")
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
            raise _AlteredError(f"The picture {body['name']!r} is missing.")
        digest = hashlib.sha256(_bytes(row[1])).hexdigest()
        if row[0] != body["type"] or digest != body["digest"]:
            raise _AlteredError(f"The picture {body['name']!r} is not as it was added.")
        self.pictures += 1

    def _compare_head(self) -> None:
        if self.expected is None or self.found:
            return
        place, _ = self.expected
        if place is not None and place > self.right:
            raise _AlteredError(
                f"Events {self.right + 1} to {place} are missing: the head given names {place}, "
                f"and the archive ends at {self.right}."
            )
        raise _AlteredError(
            "No event has the hash of the head given: the chain was cut before it and written "
            "anew, or the head is another review's."
        )

    def _require_none_added(self) -> None:
        for name, told in (
            ("items", self.known), ("contents", self.known), ("media", self.pictures)
        ):  # fmt: skip
            found = self.work.one(COUNTS[name])[0]
            if found != told:
                raise _AlteredError(f"The table {name} has {found} rows; {told} were added.")

    def _compare_people(self) -> None:
        seen = set()
        for row in self.work.all(PEOPLE):
            person = Worker(*row)
            seen.add(person.name)
            if (person.role, person.token, person.arm) != self.people.get(person.name):
                raise _AlteredError(
                    f"The role, the token or the arm of {person.name!r} is not the one that was "
                    "given."
                )
            if person.item is not None:
                self.held[person.item] += 1
            self._compare_counts(person)
        if seen != self.people.keys():
            missing = min(self.people.keys() - seen)
            raise _AlteredError(f"The person {missing!r} is missing.")

    def _compare_counts(self, person: Worker) -> None:
        mine = self.histories.standing[person.name]
        if person.answered != len(mine):
            raise _AlteredError(
                f"The number of answers of {person.name!r} is not what was answered."
            )
        if person.last != (mine[-1] if mine else 0):
            raise _AlteredError(f"The last answer of {person.name!r} is another.")
        given = {sort: self.histories.given[person.name, sort] for sort in STREAMS}
        if person.item is not None:
            given[self.told[person.item].drawn] += 1
        if (person.given, person.given_random, person.given_gold) != (
            sum(given.values()), given["random"], given["gold"]
        ):  # fmt: skip
            raise _AlteredError(
                f"How many cases {person.name!r} was given does not follow from the events."
            )

    def _compare_items(self) -> None:
        complete = waiting = 0
        tie_of = ties(self.settings.seed, 1, self.known).tolist()
        for number, row in enumerate(self.work.stream(STATE), start=1):
            key, drawn, worth, wanted, taken, done, deferred, is_open, *place = row
            gold = drawn == "gold"
            counted = 0 if gold else int(self.done[number])
            if np.isfinite(self.worth[number]):
                worth = float(self.worth[number])
            rank = -worth if drawn == "value" else 0.0
            where = [STREAMS.index(drawn), rank, tie_of[number - 1]]
            if self.returned[number] and not gold:
                where = [0, float(self.returned[number]), 0]
            follows = (
                counted,
                0 if gold else int(self.deferred[number]),
                counted + (0 if gold else self.held[number]),
            )
            if (done, deferred, taken) != follows or bool(is_open) != (taken < wanted):
                raise _AlteredError(
                    f"What is counted of item {key!r} does not follow from the events."
                )
            if place != where:
                raise _AlteredError(f"The place of item {key!r} does not follow from the events.")
            complete += not gold and done == wanted
            waiting += not gold and deferred > 0 and done < wanted
        _, _, _, total, gold_items, *counters = self.work.one(HEAD)
        standing = len(self.standing) - self.standing.count(0)
        planted = sum(each.drawn == "gold" for each in self.told)
        if (total, gold_items, *counters) != (
            self.known - planted, planted, complete, standing, waiting
        ):  # fmt: skip
            raise _AlteredError("The counters beside the head do not follow from the events.")

    def _compare_answers(self) -> None:
        standing = np.flatnonzero(np.frombuffer(self.standing, np.uint8))
        rows = self.work.stream(STANDING)
        before = np.zeros(len(self.standing), np.int64)
        for seq, last in self.histories.previous():
            before[seq] = last
        for expected, row in zip_longest(standing.tolist(), rows):
            found = None if row is None else row[0]
            if found is None or (expected is not None and expected < found):
                raise _AlteredError(
                    f"The answer of event {expected} is missing among those that stand."
                )
            if found != expected:
                raise _AlteredError(f"The answer of event {found} stands, and should not.")
            _, item, lease, last, name, reviewer, number, said, arm, swapped, closed = row
            body = json.loads(said)
            same = (number, reviewer, body["lease"], before[found], body["arm"], body["swapped"], 1)
            if (item, name, lease, last, arm, bool(swapped), closed) != same:
                raise _AlteredError(
                    f"What is kept of the answer of event {found} is not what it says."
                )
        if self.work.one(CLOSED)[0] != len(standing):
            raise _AlteredError("An item counts as answered by somebody who did not answer it.")

    def _compare_blocks(self) -> None:
        if self.settings.arms_by != "case" or len(self.settings.arms) == 1:
            return
        kept = {(person, stratum): given for person, stratum, given in self.work.all(BLOCKS)}
        given = {(p, stratum): n for p, stratum, n in self.work.all(SHOWN_IN, nothing="")}
        if kept != given:
            raise _AlteredError(
                "The blocks of the experiment do not fit the cases that were shown."
            )


def _digest_of(row: dict[str, Any]) -> str:
    try:
        return item_digest(row)
    except InputError:
        return ""


def _bytes(held: Any) -> bytes:
    """Return what a column of bytes holds; SQLite keeps a text there too, if one is put in."""
    return held.encode() if isinstance(held, str) else bytes(held)
