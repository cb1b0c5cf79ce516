"""The first tables: events, what they are about, and the state that follows from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _number(name: str, *, primary: bool = False, null: bool = False) -> sa.Column[int]:
    # SQLite keeps rows in the order of an INTEGER primary key, and of no other type.
    whole: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, whole, primary_key=primary, nullable=null, autoincrement=False)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(53), nullable=null)


def _text(name: str, *, primary: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=primary, nullable=null)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


REFUSAL = "events are appended, never changed or removed"

GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER events_keep_{verb.lower()} BEFORE {verb} ON events "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION events_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
        "CREATE TRIGGER events_keep_update BEFORE UPDATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_keep()",
        "CREATE TRIGGER events_keep_delete BEFORE DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_keep()",
    ],
}


def upgrade() -> None:
    """Make the tables, and the triggers that keep events from being changed."""
    op.create_table("project", _number("id", primary=True), _text("settings"))

    op.create_table(
        "head",
        _number("id", primary=True),
        _number("seq"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        _number("items"),
        _number("gold"),
        _number("complete"),
        _number("answers"),
        _number("waiting"),
    )

    op.create_table(
        "events",
        _number("seq", primary=True),
        _text("kind"),
        _text("key"),
        _text("reviewer"),
        _real("at"),
        _text("body"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )

    op.create_table(
        "items",
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
    )

    op.create_table(
        "contents",
        _number("item", primary=True),
        _text("content"),
        _text("card", null=True),
    )

    op.create_table(
        "media",
        _text("name", primary=True),
        _text("type"),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )

    op.create_table(
        "people",
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
    )

    op.create_table(
        "shown",
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

    op.create_table(
        "answers",
        _number("seq", primary=True),
        _number("item"),
        _number("person"),
        _number("previous"),
        _text("lease"),
    )

    op.create_table(
        "blocks",
        _number("person", primary=True),
        _text("stratum", primary=True),
        _number("given"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "sessions",
        _text("secret", primary=True),
        _number("person"),
        _real("expires"),
    )

    op.create_index("items_key", "items", ["key"], unique=True)
    op.create_index("people_name", "people", ["name"], unique=True)
    op.create_index("people_token", "people", ["token"], unique=True)
    op.create_index("people_expires", "people", ["expires"])
    op.create_index("answers_lease", "answers", ["lease"], unique=True)
    op.create_index("sessions_person", "sessions", ["person"])
    op.create_index(
        "items_waiting",
        "items",
        ["stream", "rank", "tie"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    )
    for statement in GUARDS[op.get_context().dialect.name]:
        op.execute(statement)
