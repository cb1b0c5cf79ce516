"""The tables of a review. Events are the truth; all others follow from them and are kept for speed.

    events   what was said and done, appended only: triggers refuse to change or remove a row
    items, contents, media   what is asked; their digests are in the events
    people, shown, answers, blocks, head   the state: who holds what, who saw what, what counts
    sessions   who is signed in; not part of the record

Columns that an answer's export needs stand in `items`; what is only shown stands in `contents`, so
that neither the queue nor an export ever reads a picture's worth of text.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeEngine

__all__ = [
    "GUARDS",
    "STREAMS",
    "VERSION",
    "answers",
    "blocks",
    "contents",
    "events",
    "head",
    "items",
    "media",
    "metadata",
    "people",
    "project",
    "sessions",
    "shown",
]

VERSION = "0001"
"""The last migration: what a database says that this schema fits."""

STREAMS = ("returned", "random", "value", "gold")
"""A stream's place here is its number in the column `stream`."""

metadata = MetaData()


def _number(name: str, *, primary: bool = False, null: bool = False) -> Column[int]:
    # SQLite keeps rows in the order of an INTEGER primary key, and of no other type.
    whole: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, whole, primary_key=primary, nullable=null, autoincrement=False)


def _real(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Float(53), nullable=null)


def _text(name: str, *, primary: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=primary, nullable=null)


def _small(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False)


project = Table("project", metadata, _number("id", primary=True), _text("settings"))

head = Table(
    "head",
    metadata,
    _number("id", primary=True),
    _number("seq"),
    Column("hash", LargeBinary, nullable=False),
    _number("items"),
    _number("gold"),
    _number("complete"),
    _number("answers"),
    _number("waiting"),
)

events = Table(
    "events",
    metadata,
    _number("seq", primary=True),
    _text("kind"),
    _text("key"),
    _text("reviewer"),
    _real("at"),
    _text("body"),
    Column("hash", LargeBinary, nullable=False),
)

items = Table(
    "items",
    metadata,
    _number("number", primary=True),
    _text("key"),
    _text("kind"),
    _text("drawn"),
    _text("choices"),
    _text("decision", null=True),
    _real("confidence", null=True),
    _text("truth", null=True),
    _text("gold", null=True),
    _real("worth"),
    _text("stratum"),
    _text("slice"),
    _text("source"),
    _small("wanted"),
    _small("taken"),
    _small("done"),
    _small("deferred"),
    _small("open"),
    _small("stream"),
    _real("rank"),
    _number("tie"),
    Index("items_key", "key", unique=True),
    Index(
        "items_waiting",
        "stream",
        "rank",
        "tie",
        sqlite_where=text("open = 1"),
        postgresql_where=text("open = 1"),
    ),
)

contents = Table(
    "contents",
    metadata,
    _number("item", primary=True),
    _text("content"),
    _text("card", null=True),
)

media = Table(
    "media",
    metadata,
    _text("name", primary=True),
    _text("type"),
    Column("data", LargeBinary, nullable=False),
)

people = Table(
    "people",
    metadata,
    _number("number", primary=True),
    _text("name"),
    _text("role"),
    _text("token", null=True),
    _text("arm"),
    _number("given"),
    _number("given_random"),
    _number("given_gold"),
    _number("answered"),
    _number("last"),
    _real("returned_rank"),
    _number("returned_tie"),
    _real("random_rank"),
    _number("random_tie"),
    _real("value_rank"),
    _number("value_tie"),
    _real("gold_rank"),
    _number("gold_tie"),
    _text("lease", null=True),
    _number("item", null=True),
    _real("since", null=True),
    _real("expires", null=True),
    Index("people_name", "name", unique=True),
    Index("people_token", "token", unique=True),
    Index("people_expires", "expires"),
)

shown = Table(
    "shown",
    metadata,
    _number("person", primary=True),
    _number("item", primary=True),
    _text("arm"),
    _small("swapped"),
    _small("revealed"),
    _small("closed"),
    _text("own", null=True),
    _text("said", null=True),
    _text("taken_back", null=True),
    sqlite_with_rowid=False,
)

answers = Table(
    "answers",
    metadata,
    _number("seq", primary=True),
    _number("item"),
    _number("person"),
    _number("previous"),
    _text("lease"),
    Index("answers_lease", "lease", unique=True),
)

blocks = Table(
    "blocks",
    metadata,
    _number("person", primary=True),
    _text("stratum", primary=True),
    _number("given"),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    _text("secret", primary=True),
    _number("person"),
    _real("expires"),
    Index("sessions_person", "person"),
)

GUARDS = ("events_keep_update", "events_keep_delete")
"""The triggers that refuse to change or remove an event."""
