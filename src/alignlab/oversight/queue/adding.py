"""Adding items: in batches, so that memory does not grow with their number.

Each batch is an event with the digest of every item in it, so that an item that was changed later
can be named. Where an item stands in the order is decided here (`ordering.py`).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alignlab.errors import InputError
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.pictures import has_picture
from alignlab.oversight.archive.schema import STREAMS, contents, items, people
from alignlab.oversight.content import checked_item, media_in
from alignlab.oversight.items import Item
from alignlab.oversight.queue.arms import coin
from alignlab.oversight.queue.leases import VALUE
from alignlab.oversight.queue.ordering import drawn_at_random, ties
from alignlab.oversight.settings import Settings
from alignlab.plain import canonical

__all__ = ["add_items", "item_digest", "known", "reprioritise"]

BATCH = 1_000
"""Items held at once; twice as many at the end."""

UP = 1 - 1e-9
"""The random sample of the first items is rounded up: it never is less than its share."""

EVERYBODY = 32_000
"""What a planted item wants: more people than there are."""

LAST_NUMBER = Sql(select(func.max(items.c.number)))
NUMBER_OF = Sql(select(items.c.number).where(items.c.key == bindparam("key")))
MOVE = Sql(
    update(items)
    .where(items.c.number == bindparam("which"), items.c.stream == literal_column(str(VALUE)))
    .values(rank=bindparam("rank"))
)
ADD_CONTENT = Sql(insert(contents))

DIGESTED = (
    "number", "key", "kind", "drawn", "choices", "decision", "confidence", "truth", "gold",
    "worth", "stratum", "slice", "source", "wanted", "content", "card",
)  # fmt: skip
"""What an item's digest covers, in this order."""


class _Add(Sql):
    """An insert that passes over a key that is there already, so that it can be named."""

    def __init__(self) -> None:
        super().__init__(insert(items))

    def text(self, dialect: str) -> str:
        of = sqlite if dialect == "sqlite" else postgresql
        if dialect not in self._texts:
            statement = of.insert(items).on_conflict_do_nothing(index_elements=["key"])
            self._texts[dialect] = Sql(statement).text(dialect)
        return self._texts[dialect]


ADD_ITEM = _Add()


def _put_back(stream: str) -> Sql:
    rank, tie = people.c[f"{stream}_rank"], people.c[f"{stream}_tie"]
    return Sql(
        update(people)
        .where(rank >= bindparam("before"))
        .values({rank.name: bindparam("before"), tie.name: literal_column("0")})
    )


PUT_BACK = {stream: _put_back(stream) for stream in STREAMS}


def add_items(journal: Journal, given: Iterable[Item], settings: Settings) -> int:
    """Add items as they come; return how many."""
    start = (journal.work.one(LAST_NUMBER)[0] or 0) + 1
    rounding = UP if start == 1 else coin(settings.seed, "rounding", journal.seq)
    number, ordinary, drawn = start, 0, 0
    known: set[str] = set()
    best = dict.fromkeys(STREAMS, float("inf"))
    for some in _batches(given):
        batch = [_checked(item, at) for at, item in enumerate(some, start=number - start + 1)]
        marks = drawn_at_random(
            batch, settings.random_share, seed=settings.seed, first=number,
            before=ordinary, drawn=drawn, rounding=rounding,
        )  # fmt: skip
        drawn += sum(marks)
        ordinary += sum(item.gold is None for item in batch)
        order = ties(settings.seed, number, len(batch)).tolist()
        rows = [
            _row(item, number + at, mark, order[at], settings)
            for at, (item, mark) in enumerate(zip(batch, marks, strict=True))
        ]
        for item in batch:
            _require_media(journal, item, known)
        if journal.work.many(ADD_ITEM, rows) != len(rows):
            _name_duplicate(journal, batch, number)
        journal.work.many(ADD_CONTENT, [
            {"item": row["number"], "content": row["content"], "card": row["card"]} for row in rows
        ])  # fmt: skip
        for row in rows:
            name = STREAMS[row["stream"]]
            best[name] = min(best[name], row["rank"])
        journal.append("items", {"first": number, "digests": [item_digest(row) for row in rows]})
        number += len(batch)
    journal.items += ordinary
    journal.gold += number - start - ordinary
    for name, rank in best.items():
        if rank < float("inf"):
            put_back(journal, name, rank)
    return number - start


def _batches(given: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in batches; what does not fill one goes with the batch before.

    The random sample is rounded up over all: of a last batch of one item that would be this item,
    whatever the seed.
    """
    stream = iter(given)
    held = list(itertools.islice(stream, BATCH))
    while held:
        more = list(itertools.islice(stream, BATCH))
        if len(more) < BATCH:
            held, more = held + more, []
        yield held
        held = more


def known(work: Work, keys: Iterable[str]) -> set[str]:
    """Return which of these are keys of items."""
    return {key for key in keys if work.one(NUMBER_OF, key=key) is not None}


def put_back(journal: Journal, stream: str, rank: float) -> None:
    """Let everybody meet a stream's items from a rank on, which may lie behind their cursors."""
    # Just below the rank: whatever of it they closed before is passed over again.
    journal.work.run(PUT_BACK[stream], before=math.nextafter(rank, -math.inf))


def reprioritise(journal: Journal, worth: Mapping[str, float]) -> int:
    """State anew what answers are worth; return how many items have another place by it."""
    moved, best = 0, math.inf
    pairs = iter(worth.items())
    while batch := list(itertools.islice(pairs, BATCH)):
        told, rows = [], []
        for key, value in batch:
            found = journal.work.one(NUMBER_OF, key=key)
            if found is None:
                raise InputError(f"{key!r} is the key of no item of this review.")
            number = not isinstance(value, bool) and isinstance(value, int | float)
            if not number or not math.isfinite(value):
                raise InputError(f"The worth of {key!r}, {value!r}, is not a finite number.")
            told.append([found[0], float(value)])
            rows.append({"which": found[0], "rank": -float(value)})
            best = min(best, -float(value))
        journal.append("reprioritised", {"worth": told})
        moved += journal.work.many(MOVE, rows)
    if moved:
        put_back(journal, "value", best)
    return moved


def item_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that an item's row says, as kept, in hexadecimal."""
    return hashlib.sha256(canonical([row[name] for name in DIGESTED]).encode()).hexdigest()


def _checked(item: Item, place: int) -> Item:
    try:
        return checked_item(item)
    except InputError as error:
        raise InputError(f"Item {place}: {error}") from None


def _row(item: Item, number: int, mark: bool, tie: int, settings: Settings) -> dict[str, Any]:
    drawn = "gold" if item.gold is not None else "random" if mark else "value"
    return {
        "number": number,
        "key": item.key,
        "kind": item.kind,
        "drawn": drawn,
        "choices": canonical(list(item.choices)),
        "decision": None if item.advice is None else item.advice.decision,
        "confidence": None if item.advice is None else _number(item.advice.confidence),
        "truth": item.truth,
        "gold": item.gold,
        "worth": _number(item.worth),
        "stratum": item.stratum,
        "slice": item.group,
        "source": canonical(item.source),
        "wanted": EVERYBODY if drawn == "gold" else item.wanted or settings.overlap,
        "taken": 0,
        "done": 0,
        "deferred": 0,
        "open": 1,
        "stream": STREAMS.index(drawn),
        "rank": -float(item.worth) if drawn == "value" else 0.0,
        "tie": tie,
        "content": canonical(item.content),
        "card": None if item.card is None else canonical(item.card),
    }


def _number(given: float | None) -> float | None:
    """Return a number as a database gives it back: 1 as 1.0, and no zero below zero."""
    return None if given is None else float(given) + 0.0


def _require_media(journal: Journal, item: Item, known: set[str]) -> None:
    for name in media_in(item.content):
        if name not in known:
            if not has_picture(journal.work, name):
                raise InputError(
                    f"Item {item.key!r} shows the picture {name!r}, which is not among the media."
                )
            known.add(name)


def _name_duplicate(journal: Journal, batch: Sequence[Item], first: int) -> None:
    for at, item in enumerate(batch):
        if journal.work.one(NUMBER_OF, key=item.key)[0] != first + at:
            raise InputError(f"The key {item.key!r} stands twice: each item has one of its own.")
