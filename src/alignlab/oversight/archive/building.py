"""Making a review's database whole or not at all, and opening it.

In a folder, a file is filled under another name and takes its own at the end; in PostgreSQL, the
schema and all that is in it are one transaction. `project.json` comes last.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sqlalchemy import insert

from alignlab.errors import InputError, OutputError
from alignlab.oversight.archive import schema
from alignlab.oversight.archive.chain import START
from alignlab.oversight.archive.database import Database, Postgres, Sql, Sqlite, Work
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.places import (
    FILE,
    PROJECT,
    read_place,
    schema_name,
    url_of,
    write_place,
)
from alignlab.oversight.settings import Settings

__all__ = ["build", "open_database"]

ADD_PROJECT = Sql(insert(schema.project))
ADD_HEAD = Sql(insert(schema.head))


def build(
    folder: Path,
    settings: Settings,
    fill: Callable[[Journal], object],
    database: str | None,
    clock: Callable[[], float],
) -> Database:
    """Make a review in a folder that holds none; return its database.

    Parameters
    ----------
    folder, settings, database, clock
        See `Review.create`.
    fill
        Adds what the review is about, in the transaction that makes it.

    Raises
    ------
    InputError
        If the folder or the schema holds a review already, or an item is malformed.
    OutputError
        If it cannot be written. Nothing is left.
    """
    if (folder / PROJECT).exists() or (folder / FILE).exists():
        raise InputError(f"{folder} holds a review already. Name another folder, or open this one.")
    url = None if database is None else url_of(database)
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}. Name another.") from error

    def begin(work: Work) -> None:
        work.run(ADD_PROJECT, id=1, settings=settings.model_dump_json())
        counters = dict.fromkeys(("seq", "items", "gold", "complete", "answers", "waiting"), 0)
        work.run(ADD_HEAD, id=1, hash=START, **counters)
        journal = Journal(work, clock())
        journal.append("created", {"settings": settings.model_dump(mode="json")})
        fill(journal)
        journal.save()

    name = schema_name(folder)
    try:
        if url is None:
            _fill_file(folder, begin)
        else:
            _fill_schema(Postgres(url, name), begin)
        write_place(folder, url, name)
    except BaseException:
        if url is None:
            (folder / FILE).unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return open_database(folder, database)


def _fill_file(folder: Path, fill: Callable[[Work], None]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)
    os.close(handle)
    file = Path(name)
    database = Sqlite(file)
    try:
        file.write_bytes(_empty_file())
        connection = sqlite3.connect(file, isolation_level=None)
        with contextlib.closing(connection):
            # Nobody knows of the file yet: it needs no journal, and is synced once at the end.
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-65536")
            connection.execute("BEGIN")
            fill(Work(connection, "sqlite"))
            connection.execute("COMMIT")
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(folder / FILE)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, OutputError):
            raise
        raise database.refused(error) from error
    finally:
        for left in folder.glob(f"{file.name}*"):
            left.unlink()


@cache
def _empty_file() -> bytes:
    """Return a file with all tables and nothing in them: what takes longest of a small review."""
    from alignlab.oversight.archive.migrating import migrated

    connection = sqlite3.connect(":memory:", isolation_level=None)
    with migrated(connection, "sqlite"):
        return connection.serialize()


def _fill_schema(database: Postgres, fill: Callable[[Work], None]) -> None:
    from alignlab.oversight.archive.migrating import migrated

    connection = database.connect()
    try:
        if connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (database.schema,)
        ).fetchone():
            raise InputError(
                f"{database.name} holds a schema {database.schema!r} already, as a folder of this "
                "name has it. Name the folder otherwise."
            )
        connection.autocommit = False
        first = f'CREATE SCHEMA "{database.schema}"'
        with migrated(connection, "postgresql", first=first) as work:
            fill(work)
    except database.errors as error:
        raise database.refused(error) from error
    finally:
        connection.close()


def open_database(folder: Path, given: str | None) -> Database:
    """Return the database of the review in a folder, its tables brought to what is needed.

    Parameters
    ----------
    folder
        As given to `build`.
    given
        The address, if it is another now or has the password in it; `None` as remembered.

    Raises
    ------
    InputError
        If the folder holds no review, or one that a later alignlab made.
    """
    database = read_place(folder, given)
    with database.read() as work:
        found = work.connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    if found == schema.VERSION:
        return database
    database.close()
    if found > schema.VERSION:
        raise InputError(
            f"The review in {folder} was made by a later alignlab (its tables are {found}, and "
            f"this one knows {schema.VERSION}). Install that one."
        )
    from alignlab.oversight.archive.migrating import migrated

    connection = database.connect()
    if isinstance(database, Postgres):
        connection.autocommit = False
    try:
        with migrated(connection, database.dialect):
            pass
    except database.errors as error:
        raise database.refused(error) from error
    finally:
        connection.close()
    return database
