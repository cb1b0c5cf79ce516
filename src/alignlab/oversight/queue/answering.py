"""What a person says of the case they hold: on the way, in the end, and taken back.

An answer is an event; taking one back is another, which supersedes it. A case sent twice under one
lease is kept once, and acknowledged twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from alignlab.errors import InputError, LeaseError
from alignlab.oversight.answers import REPLIES, checked_answer, turned
from alignlab.oversight.archive.database import Sql
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.schema import answers, events, shown
from alignlab.oversight.queue.delivery import advice_of, card_seen, stage_of
from alignlab.oversight.queue.leases import (
    Held,
    Worker,
    give,
    held,
    release,
    return_item,
    save_counts,
    save_item,
)
from alignlab.oversight.settings import Settings
from alignlab.plain import canonical

__all__ = ["Receipt", "receive", "reveal", "step", "take_back"]

MOST_BYTES = 20_000
"""Of a question that an interview's page sends back."""

SAVE_SHOWN = Sql(
    update(shown)
    .where(shown.c.person == bindparam("which"), shown.c.item == bindparam("what"))
    .values({n: bindparam(f"new_{n}") for n in ("revealed", "closed", "own", "said", "taken_back")})
)
ADD = Sql(insert(answers))
BY_LEASE = Sql(
    select(answers.c.seq, events.c.hash)
    .join(events, events.c.seq == answers.c.seq)
    .where(answers.c.lease == bindparam("lease"), answers.c.person == bindparam("person"))
)
LAST_OF = Sql(
    select(answers.c.item, answers.c.previous, events.c.body)
    .join(events, events.c.seq == answers.c.seq)
    .where(answers.c.seq == bindparam("seq"))
)
SUPERSEDE = Sql(delete(answers).where(answers.c.seq == bindparam("seq")))


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an answer is on the disk.

    Attributes
    ----------
    seq, hash
        Of its event.
    duplicate
        Whether it had been there before: the same lease was sent again.
    """

    seq: int
    hash: str
    duplicate: bool = False


def receive(
    journal: Journal, person: Worker, lease: str, said: Mapping[str, Any], visible_ms: float | None
) -> Receipt:
    """Keep an answer; the person holds nothing afterwards."""
    if person.lease != lease and isinstance(lease, str) and lease.isprintable():
        before = journal.work.one(BY_LEASE, lease=lease, person=person.number)
        if before is not None:
            return Receipt(before[0], bytes(before[1]).hex(), duplicate=True)
    item = _own_case(journal, person, lease)
    visible = _milliseconds(visible_ms)
    spoken = [] if item.said is None else json.loads(item.said)
    if item.kind == "interview" and "question" in said:
        spoken.append(_reply(said, visible))
    answer = checked_answer(
        said, item.kind, choices=json.loads(item.choices), advice=advice_of(item)
    )
    handed_on = answer.get("verdict") == "defer"
    if stage_of(item) == "own" and not handed_on:
        raise InputError("Here the own answer comes first, by a step; then the final one.")
    if item.swapped:
        answer = turned(answer)
    body: dict[str, Any] = {
        "answer": answer,
        "arm": item.arm,
        "advice": advice_of(item) is not None,
        "card": card_seen(item),
        "swapped": bool(item.swapped),
        "own": None if item.own is None else json.loads(item.own),
        "said": spoken,
        "visible_ms": visible,
        "server_ms": round(1000 * (journal.now - float(person.since or journal.now))),
        "lease": lease,
    }
    seq = journal.append("answer", body, key=item.key, reviewer=person.name)
    journal.work.run(
        ADD, seq=seq, item=item.number, person=person.number, previous=person.last, lease=lease
    )
    item.closed = 1
    item.said = canonical(spoken) if spoken else None
    item.taken_back = None
    _save_shown(journal, person, item)
    person.last = seq
    person.answered += 1
    person.free()
    journal.answers += 1
    if handed_on:
        _hand_on(journal, person, item, seq)
    elif item.counts:
        item.done += 1
        _count(journal, item, 1)
        save_counts(journal, item)
    return Receipt(seq, journal.hash.hex())


def step(
    journal: Journal,
    person: Worker,
    settings: Settings,
    lease: str,
    said: Mapping[str, Any],
    visible_ms: float | None,
) -> Held:
    """Keep what comes before the answer: one's own first, or a reply in an interview."""
    item = _own_case(journal, person, lease)
    visible = _milliseconds(visible_ms)
    stage = stage_of(item)
    if stage == "question":
        spoken = [] if item.said is None else json.loads(item.said)
        spoken.append(_reply(said, visible))
        journal.append("reply", spoken[-1], key=item.key, reviewer=person.name)
        item.said = canonical(spoken)
    elif stage == "own":
        own = checked_answer(said, item.kind, choices=json.loads(item.choices))
        if own.get("verdict") == "defer":
            raise InputError("A case is handed on by an answer, not by a step. Submit it.")
        own["visible_ms"] = visible
        journal.append("own", {"own": own, "arm": item.arm}, key=item.key, reviewer=person.name)
        item.own = canonical(own)
    else:
        raise LeaseError("This case has had its step already. Give the final answer.")
    _save_shown(journal, person, item)
    # Something was done, not only looked at, so the time begins anew.
    person.expires = round(journal.now + 60 * settings.lease_minutes, 3)
    return item


def reveal(journal: Journal, person: Worker, lease: str) -> Any:
    """Show the card that waits to be asked for; that it was is recorded."""
    item = _own_case(journal, person, lease)
    if item.arm != "on demand" or item.card is None:
        raise InputError("This case has no explanation that could be asked for.")
    if not item.revealed:
        item.revealed = 1
        journal.append("revealed", {"arm": item.arm}, key=item.key, reviewer=person.name)
        _save_shown(journal, person, item)
    return json.loads(item.card)


def take_back(journal: Journal, person: Worker, settings: Settings) -> Held | None:
    """Supersede the person's last answer and lease its item to them again."""
    if not person.last:
        return None
    number, previous, text = journal.work.one(LAST_OF, seq=person.last)
    item = held(journal.work, person, number)
    body = json.loads(text)
    handed_on = body["answer"].get("verdict") == "defer"
    if handed_on and item.counts and not item.open:
        raise LeaseError(
            f"{item.key!r} was handed on and has been taken over: it cannot come back."
        )
    release(journal, person, "released")
    journal.append("undone", {"supersedes": person.last}, key=item.key, reviewer=person.name)
    journal.work.run(SUPERSEDE, seq=person.last)
    journal.answers -= 1
    person.last = previous
    person.answered -= 1
    if item.counts:
        if handed_on:
            item.taken += 1
            item.open = int(item.taken < item.wanted)
            item.deferred -= 1
            if not item.deferred and item.done < item.wanted:
                journal.waiting -= 1
        else:
            _count(journal, item, -1)
            item.done -= 1
        save_item(journal, item)
    item.closed = 0
    if item.kind != "interview":
        said = turned(body["answer"]) if item.swapped else body["answer"]
        item.taken_back = canonical(said)
    _save_shown(journal, person, item)
    give(journal, person, number, minutes=settings.lease_minutes)
    return item


def _own_case(journal: Journal, person: Worker, lease: str) -> Held:
    if person.item is None or person.lease != lease or float(person.expires or 0) <= journal.now:
        raise LeaseError(
            "This case is no longer yours: its time ran out, or it was answered. Nothing was "
            "saved. Go on with the next one."
        )
    return held(journal.work, person, person.item)


def _hand_on(journal: Journal, person: Worker, item: Held, seq: int) -> None:
    if item.counts:
        journal.waiting += not item.deferred
        item.deferred += 1
        return_item(journal, person, item, seq)


def _count(journal: Journal, item: Held, change: int) -> None:
    """Count an item that this answer completes, or that its taking back makes incomplete."""
    if item.done == item.wanted:
        journal.complete += change
        journal.waiting -= change * (item.deferred > 0)


def _save_shown(journal: Journal, person: Worker, item: Held) -> None:
    journal.work.run(
        SAVE_SHOWN,
        which=person.number,
        what=item.number,
        new_revealed=item.revealed,
        new_closed=item.closed,
        new_own=item.own,
        new_said=item.said,
        new_taken_back=item.taken_back,
    )


def _reply(said: Mapping[str, Any], visible: float | None) -> dict[str, Any]:
    question = said.get("question")
    if not isinstance(question, Mapping):
        raise InputError("A reply names the question that it answers.")
    if said.get("reply") not in REPLIES[:3]:
        checked_answer(said, "interview")
        raise InputError("reply='stop' ends the interview: submit it.")
    reply = {"question": dict(question), "reply": said["reply"], "visible_ms": visible}
    if len(canonical(reply)) > MOST_BYTES:
        raise InputError(f"The question is longer than {MOST_BYTES:,} letters.")
    return reply


def _milliseconds(given: float | None) -> float | None:
    if given is None:
        return None
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not 0 <= given < 1e10:
        raise InputError(f"visible_ms={given!r} is not a number of milliseconds from 0.")
    return round(float(given), 1)
