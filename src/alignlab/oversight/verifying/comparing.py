"""Whether the tables of state say what follows from the events, and nothing more."""

from __future__ import annotations

import json
from collections import Counter
from itertools import zip_longest

import numpy as np
from sqlalchemy import and_, bindparam, func, select, text

from alignlab.oversight.archive.database import HEAD, Sql
from alignlab.oversight.archive.schema import (
    STREAMS,
    answers,
    blocks,
    contents,
    events,
    items,
    media,
    people,
    shown,
)
from alignlab.oversight.queue.leases import Worker
from alignlab.oversight.queue.ordering import ties
from alignlab.oversight.verifying.replaying import AlteredError, Replay

__all__ = ["compare_state"]

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


def compare_state(replay: Replay) -> None:
    """Hold all tables against what was replayed.

    Raises
    ------
    AlteredError
        If one says something else.
    """
    _require_none_added(replay)
    _compare_items(replay, _compare_people(replay))
    _compare_answers(replay)
    _compare_blocks(replay)


def _require_none_added(replay: Replay) -> None:
    for name, told in (
        ("items", replay.known), ("contents", replay.known), ("media", replay.pictures)
    ):  # fmt: skip
        found = replay.work.one(COUNTS[name])[0]
        if found != told:
            raise AlteredError(f"The table {name} has {found} rows; {told} were added.")


def _compare_people(replay: Replay) -> Counter[int]:
    """Return by how many people each item is held."""
    held: Counter[int] = Counter()
    seen = set()
    for row in replay.work.all(PEOPLE):
        person = Worker(*row)
        seen.add(person.name)
        if (person.role, person.token, person.arm) != replay.people.get(person.name):
            raise AlteredError(
                f"The role, the token or the arm of {person.name!r} is not the one that was given."
            )
        if person.item is not None:
            held[person.item] += 1
        _compare_counts(replay, person)
    if seen != replay.people.keys():
        missing = min(replay.people.keys() - seen)
        raise AlteredError(f"The person {missing!r} is missing.")
    return held


def _compare_counts(replay: Replay, person: Worker) -> None:
    mine = replay.histories.standing[person.name]
    if person.answered != len(mine):
        raise AlteredError(f"The number of answers of {person.name!r} is not what was answered.")
    if person.last != (mine[-1] if mine else 0):
        raise AlteredError(f"The last answer of {person.name!r} is another.")
    given = {sort: replay.histories.given[person.name, sort] for sort in STREAMS}
    if person.item is not None:
        given[replay.told[person.item].drawn] += 1
    if (person.given, person.given_random, person.given_gold) != (
        sum(given.values()), given["random"], given["gold"]
    ):  # fmt: skip
        raise AlteredError(
            f"How many cases {person.name!r} was given does not follow from the events."
        )


def _compare_items(replay: Replay, held: Counter[int]) -> None:
    complete = waiting = 0
    tie_of = ties(replay.settings.seed, 1, replay.known).tolist()
    for number, row in enumerate(replay.work.stream(STATE), start=1):
        key, drawn, worth, wanted, taken, done, deferred, is_open, *place = row
        gold = drawn == "gold"
        counted = 0 if gold else int(replay.done[number])
        if np.isfinite(replay.worth[number]):
            worth = float(replay.worth[number])
        rank = -worth if drawn == "value" else 0.0
        where = [STREAMS.index(drawn), rank, tie_of[number - 1]]
        if replay.returned[number] and not gold:
            where = [0, float(replay.returned[number]), 0]
        follows = (
            counted,
            0 if gold else int(replay.deferred[number]),
            counted + (0 if gold else held[number]),
        )
        if (done, deferred, taken) != follows or bool(is_open) != (taken < wanted):
            raise AlteredError(f"What is counted of item {key!r} does not follow from the events.")
        if place != where:
            raise AlteredError(f"The place of item {key!r} does not follow from the events.")
        complete += not gold and done == wanted
        waiting += not gold and deferred > 0 and done < wanted
    _, _, _, total, gold_items, *counters = replay.work.one(HEAD)
    standing = len(replay.standing) - replay.standing.count(0)
    planted = sum(each.drawn == "gold" for each in replay.told)
    if (total, gold_items, *counters) != (
        replay.known - planted, planted, complete, standing, waiting
    ):  # fmt: skip
        raise AlteredError("The counters beside the head do not follow from the events.")


def _compare_answers(replay: Replay) -> None:
    standing = np.flatnonzero(np.frombuffer(replay.standing, np.uint8))
    rows = replay.work.stream(STANDING)
    before = np.zeros(len(replay.standing), np.int64)
    for seq, last in replay.histories.previous():
        before[seq] = last
    for expected, row in zip_longest(standing.tolist(), rows):
        found = None if row is None else row[0]
        if found is None or (expected is not None and expected < found):
            raise AlteredError(f"The answer of event {expected} is missing among those that stand.")
        if found != expected:
            raise AlteredError(f"The answer of event {found} stands, and should not.")
        _, item, lease, last, name, reviewer, number, said, arm, swapped, closed = row
        body = json.loads(said)
        same = (number, reviewer, body["lease"], before[found], body["arm"], body["swapped"], 1)
        if (item, name, lease, last, arm, bool(swapped), closed) != same:
            raise AlteredError(f"What is kept of the answer of event {found} is not what it says.")
    if replay.work.one(CLOSED)[0] != len(standing):
        raise AlteredError("An item counts as answered by somebody who did not answer it.")


def _compare_blocks(replay: Replay) -> None:
    if replay.settings.arms_by != "case" or len(replay.settings.arms) == 1:
        return
    kept = {(person, stratum): given for person, stratum, given in replay.work.all(BLOCKS)}
    given = {(p, stratum): n for p, stratum, n in replay.work.all(SHOWN_IN, nothing="")}
    if kept != given:
        raise AlteredError("The blocks of the experiment do not fit the cases that were shown.")
