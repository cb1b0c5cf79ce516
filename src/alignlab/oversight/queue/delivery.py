"""Which item a person is given next, and what of it they may see.

Each person has a cursor in each stream, behind all that they were given or can never need; the next
item is the first open one after it, found by one search of an index. So the cost depends neither on
the number of items nor on how much the person, or a busier colleague, has answered.

    gold       at moments drawn by a seeded coin, each once a person
    random     whenever less than the random share of what the person was given was drawn at random
    returned, value, random     otherwise, the first that has something
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    exists,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from alignlab.oversight.archive.database import Sql
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.schema import blocks, items, shown
from alignlab.oversight.items import Advice, Case
from alignlab.oversight.queue.arms import arm_at, coin
from alignlab.oversight.queue.leases import (
    CURSORS,
    GOLD,
    RANDOM,
    RETURNED,
    VALUE,
    Held,
    Worker,
    give,
    held,
    save_counts,
    save_item,
)
from alignlab.oversight.queue.ordering import LAST
from alignlab.oversight.settings import Settings

__all__ = ["as_case", "deliver", "stage_of"]

ONE: ColumnElement[int] = literal_column("1")

NEXT = Sql(
    select(items.c.number, items.c.rank, items.c.tie)
    .where(
        items.c.stream == bindparam("stream"),
        text("open = 1"),
        tuple_(items.c.rank, items.c.tie) > tuple_(bindparam("rank"), bindparam("tie")),
        ~exists().where(
            shown.c.person == bindparam("person"),
            shown.c.item == items.c.number,
            shown.c.closed == ONE,
        ),
    )
    .order_by(items.c.rank, items.c.tie)
    .limit(ONE)
    .offset(literal_column("0"))
)
SHOW = Sql(insert(shown))
GIVEN = Sql(
    select(blocks.c.given).where(
        blocks.c.person == bindparam("person"), blocks.c.stratum == bindparam("stratum")
    )
)
FIRST_BLOCK = Sql(
    insert(blocks).values(person=bindparam("person"), stratum=bindparam("stratum"), given=ONE)
)
NEXT_BLOCK = Sql(
    update(blocks)
    .where(blocks.c.person == bindparam("which"), blocks.c.stratum == bindparam("name"))
    .values(given=blocks.c.given + ONE)
)


def deliver(journal: Journal, person: Worker, settings: Settings) -> Held | None:
    """Lease the next item to a person who holds none; `None` if nothing is open to them."""
    number = _choose(journal, person, settings)
    if number is None:
        return None
    item = held(journal.work, person, number)
    if item.arm is None:
        _show(journal, person, item, settings)
    person.given += 1
    person.given_random += item.drawn == "random"
    person.given_gold += not item.counts
    if item.counts:
        item.taken += 1
        if item.taken < item.wanted:
            save_counts(journal, item)
        else:
            item.open = 0
            save_item(journal, item)
    give(journal, person, number, minutes=settings.lease_minutes)
    return item


def _choose(journal: Journal, person: Worker, settings: Settings) -> int | None:
    if journal.gold and (
        not journal.items or coin(settings.seed, "gold", person.name, person.given)
        < settings.gold_rate
    ):  # fmt: skip
        found = _first_open(journal, person, GOLD)
        if found is not None:
            return found
    ordinary = person.given - person.given_gold
    short = person.given_random < settings.random_share * (ordinary + 1)
    for stream in (RANDOM, RETURNED, VALUE) if short else (RETURNED, VALUE, RANDOM):
        found = _first_open(journal, person, stream)
        if found is not None:
            return found
    return None


def _first_open(journal: Journal, person: Worker, stream: int) -> int | None:
    """Return the next item of a stream, and put the person's cursor there."""
    rank, tie = CURSORS[stream]
    start = getattr(person, rank)
    if start == LAST[0]:
        return None
    row = journal.work.one(
        NEXT, stream=stream, rank=start, tie=getattr(person, tie), person=person.number
    )
    if row is None:
        # What is there now was never theirs to answer; what comes back later comes behind `seq`,
        # and what is added later puts the cursor back.
        number, end = None, (float(journal.seq), 0) if stream == RETURNED else LAST
    else:
        number, end = row[0], row[1:]
    setattr(person, rank, end[0])
    setattr(person, tie, end[1])
    return number


def _show(journal: Journal, person: Worker, item: Held, settings: Settings) -> None:
    """Decide under which arm and in which order of sides a person sees an item, once for all."""
    item.arm, item.swapped, item.revealed, item.closed = "", 0, 0, 0
    if item.kind == "decide" and item.decision is not None:
        item.arm = _next_arm(journal, person, item.stratum, settings)
    elif item.kind == "prefer":
        item.swapped = int(coin(settings.seed, "sides", person.name, item.key) < 0.5)
    journal.work.run(
        SHOW,
        person=person.number,
        item=item.number,
        arm=item.arm,
        swapped=item.swapped,
        revealed=0,
        closed=0,
        own=None,
        said=None,
        taken_back=None,
    )


def _next_arm(journal: Journal, person: Worker, stratum: str, settings: Settings) -> str:
    if settings.arms_by == "reviewer":
        return person.arm
    if len(settings.arms) == 1:
        return settings.arms[0]
    row = journal.work.one(GIVEN, person=person.number, stratum=stratum)
    if row is None:
        journal.work.run(FIRST_BLOCK, person=person.number, stratum=stratum)
    else:
        journal.work.run(NEXT_BLOCK, which=person.number, name=stratum)
    return arm_at(
        settings.arms,
        0 if row is None else row[0],
        seed=settings.seed,
        person=person.name,
        stratum=stratum,
    )


def stage_of(item: Held) -> Any:
    """Return what is asked now: "own", "final", or "question" of an interview."""
    if item.kind == "interview":
        return "question"
    return "own" if item.arm == "own first" and item.own is None else "final"


def advice_of(item: Held) -> Advice | None:
    """Return the advice as the person may see it now."""
    if item.decision is None or item.arm in ("", "none") or stage_of(item) != "final":
        return None
    return Advice(item.decision, None if item.arm == "advice" else item.confidence)


def card_seen(item: Held) -> bool:
    """Whether the person may see the card now."""
    if item.card is None or stage_of(item) != "final":
        return False
    return item.arm in ("explanation", "own first") or bool(item.revealed)


def as_case(person: Worker, item: Held) -> Case:
    """Return an item as the person who holds it may see it now."""
    content = json.loads(item.content)
    if item.swapped:
        content["first"], content["second"] = content["second"], content["first"]
    seen = card_seen(item)
    return Case(
        lease=str(person.lease),
        key=item.key,
        kind=item.kind,
        content=content,
        choices=tuple(json.loads(item.choices)),
        stage=stage_of(item),
        arm=item.arm,
        advice=advice_of(item),
        card=json.loads(str(item.card)) if seen else None,
        on_demand=item.arm == "on demand" and item.card is not None and not seen,
        own=None if item.own is None else json.loads(item.own),
        said=() if item.said is None else tuple(json.loads(item.said)),
        taken_back=None if item.taken_back is None else json.loads(item.taken_back),
        swapped=bool(item.swapped),
        answered=person.answered,
        expires=float(person.expires or 0.0),
    )
