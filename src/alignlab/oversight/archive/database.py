"""One door to SQLite and PostgreSQL: serial writing transactions, and statements compiled once.

SQLAlchemy Core writes the SQL of both dialects; what is executed is its text, on the driver's own
connection. All writing is serial, since each event's hash needs the one before: SQLite's
`BEGIN IMMEDIATE`, or PostgreSQL's lock on the row `head`. What a driver refuses (locked, full,
gone) becomes an `OutputError`, after the transaction was rolled back: nothing of it was
acknowledged.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ClauseElement, select
from sqlalchemy.dialects import postgresql, sqlite

from alignlab.errors import AlignlabError, InputError, MissingExtraError, OutputError
from alignlab.oversight.archive import schema

__all__ = ["BusyError", "Database", "Postgres", "Sql", "Sqlite", "Work"]

PATIENCE = 10.0
"""Seconds that a transaction waits for another's lock."""

MOMENT = 0.05
"""Seconds that SQLite waits by itself, also where nobody is to be waited for: another program may
be reading the log that a third one, killed, left behind."""

CACHE = 32 * 1024
"""Kilobytes of pages that SQLite keeps in memory."""

CHECKPOINT = 4_000
"""Pages that SQLite gathers in its log before it copies them into the file."""

UNFIT = "A text holds a character that no database keeps: a NUL, or half of a pair. Take it out."

_DIALECTS = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.psycopg.dialect(),  # type: ignore[no-untyped-call]
}


class Sql:
    """A statement of SQLAlchemy Core, and its text in each dialect."""

    __slots__ = ("_statement", "_texts")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._texts: dict[str, str] = {}

    def text(self, dialect: str) -> str:
        """Return the SQL with named parameters, as the dialect's driver takes them."""
        found = self._texts.get(dialect)
        if found is None:
            found = str(self._statement.compile(dialect=_DIALECTS[dialect]))
            self._texts[dialect] = found
        return found


HEAD = Sql(select(schema.head))
HEAD_LOCKED = Sql(select(schema.head).with_for_update())


class Work:
    """A transaction: statements run in it, all of them or none."""

    __slots__ = ("connection", "dialect")

    def __init__(self, connection: Any, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect

    def run(self, statement: Sql, **values: Any) -> Any:
        """Execute a statement; return the driver's cursor."""
        return self.connection.execute(statement.text(self.dialect), values)

    def one(self, statement: Sql, **values: Any) -> Any:
        """Return the first row as a tuple, or `None`."""
        return self.connection.execute(statement.text(self.dialect), values).fetchone()

    def all(self, statement: Sql, **values: Any) -> list[Any]:
        """Return all rows."""
        return list(self.connection.execute(statement.text(self.dialect), values).fetchall())

    def many(self, statement: Sql, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute a statement once a row; return how many rows were written."""
        if not rows:
            return 0
        cursor = self.connection.cursor()
        try:
            cursor.executemany(statement.text(self.dialect), rows)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def stream(self, statement: Sql, **values: Any) -> Iterator[Any]:
        """Yield rows as they are read; memory does not grow with their number."""
        if self.dialect == "sqlite":
            yield from self.connection.execute(statement.text(self.dialect), values)
            return
        with self.connection.cursor(name="rows") as cursor:
            cursor.itersize = 5_000
            yield from cursor.execute(statement.text(self.dialect), values)


class BusyError(Exception):
    """Somebody else writes now, and the transaction was to begin at once or not at all."""


class Database(ABC):
    """A connection for writing, one for reading, and one for each long reading.

    Open it with `Sqlite` or `Postgres`. Threads may share it.
    """

    local: bool
    """Whether no statement waits for another machine."""
    dialect: str
    name: str
    errors: tuple[type[Exception], ...]
    unfit: tuple[type[Exception], ...] = (UnicodeEncodeError,)

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer: Any = None
        self._reader: Any = None

    @contextlib.contextmanager
    def write(self, *, at_once: bool = False) -> Iterator[Work]:
        """Do several things or none of them, alone.

        Parameters
        ----------
        at_once
            Whether to wait for nobody.

        Raises
        ------
        OutputError
            If the database is locked, full or gone. Nothing was written.
        BusyError
            If it would have had to wait and was not to. Nothing was begun.
        """
        patience = 0.0 if at_once else PATIENCE
        if not self._writing.acquire(timeout=patience):
            if at_once:
                raise BusyError
            raise self.refused("another thread holds it")
        try:
            connection = self._writer = self._alive(self._writer)
            self._begin(connection, patience)
            try:
                yield Work(connection, self.dialect)
                self._end(connection, "COMMIT")
            except BaseException:
                self._end(connection, "ROLLBACK", quiet=True)
                raise
        except self.errors as error:
            raise self.refused(error) from error
        except self.unfit as error:
            raise InputError(UNFIT) from error
        finally:
            self._writing.release()

    @contextlib.contextmanager
    def read(self) -> Iterator[Work]:
        """Read a little, as of now."""
        # The connection that wrote last has in memory what another would read anew.
        written = self.local and self._writing.acquire(blocking=False)
        with self._reading if not written else contextlib.nullcontext():
            try:
                if written:
                    connection = self._writer = self._alive(self._writer)
                else:
                    connection = self._reader = self._alive(self._reader)
                yield Work(connection, self.dialect)
            except self.errors as error:
                raise self.refused(error) from error
            except self.unfit as error:
                raise InputError(UNFIT) from error
            finally:
                if written:
                    self._writing.release()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Work]:
        """Read much, all of it as of one moment, while others write."""
        try:
            with contextlib.closing(self.connect()) as connection:
                connection.execute(self._snapshot)
                yield Work(connection, self.dialect)
                self._end(connection, "ROLLBACK", quiet=True)
        except self.errors as error:
            raise self.refused(error) from error

    def close(self) -> None:
        """Close the connections."""
        with self._writing, self._reading:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None

    @abstractmethod
    def connect(self) -> Any:
        """Return a new connection of the driver, without a transaction."""

    def refused(self, error: Exception | str) -> AlignlabError:
        """Return the error that says what the database would not do."""
        told = " ".join(str(error).split())
        lowered = told.lower()
        if "locked" in lowered or "lock timeout" in lowered or "another thread" in lowered:
            remedy = "Another program holds it; try again."
        elif "full" in lowered or "no space" in lowered:
            remedy = "Free some space and try again."
        elif "malformed" in lowered or "not a database" in lowered:
            remedy = "The file is damaged: put a copy in its place, and verify it by a kept head."
        else:
            remedy = "Try again once it can be written."
        return OutputError(f"{self.name} did not take it ({told}). Nothing was saved. {remedy}")

    _snapshot = "BEGIN"

    def _alive(self, connection: Any) -> Any:
        return connection if connection is not None else self.connect()

    @abstractmethod
    def _begin(self, connection: Any, patience: float) -> None:
        """Begin a transaction that writes, after so many seconds of waiting at most."""

    def _end(self, connection: Any, how: str, *, quiet: bool = False) -> None:
        try:
            connection.execute(how)
        except self.errors:
            if not quiet:
                raise


class Sqlite(Database):
    """A file in WAL mode; a transaction that was committed is on the disk."""

    local = True
    dialect = "sqlite"
    # A damaged file is a `DatabaseError` of no kind of its own.
    errors = (sqlite3.DatabaseError,)

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.name = str(file)

    def connect(self) -> sqlite3.Connection:
        """Return a new connection, which waits for others' locks."""
        if not self.file.exists():
            raise InputError(f"{self.file} is not there: the review's database was moved away.")
        connection = sqlite3.connect(
            self.file,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"cache_size=-{CACHE}",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={CHECKPOINT}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        return connection

    def _alive(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is None:
            connection = self.connect()
            connection.execute(f"PRAGMA busy_timeout={MOMENT * 1000:.0f}").close()
        return connection

    def _begin(self, connection: sqlite3.Connection, patience: float) -> None:
        until = time.monotonic() + patience
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                # The low byte is the error's kind, the others say more of it.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if not patience:
                    raise BusyError from None
                if time.monotonic() > until:
                    raise

    def _end(self, connection: sqlite3.Connection, how: str, *, quiet: bool = False) -> None:
        # A full disk has rolled back already: there is no transaction left to end.
        if how == "COMMIT" or connection.in_transaction:
            super()._end(connection, how, quiet=quiet)


class Postgres(Database):
    """A schema of its own in a PostgreSQL database."""

    local = False
    dialect = "postgresql"
    _snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, url: URL, schema_name: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError:
            raise MissingExtraError("psycopg", "postgres", "A review in PostgreSQL") from None
        self._driver = psycopg
        self.errors = (psycopg.OperationalError,)
        self.unfit = (UnicodeEncodeError, psycopg.DataError)
        self.url = url
        self.schema = schema_name
        self.name = f"The database {url.database!r} on {url.host or 'this machine'}"

    def connect(self) -> Any:
        """Return a new connection, which finds its tables in its own schema."""
        words = self.url.translate_connect_args(username="user", database="dbname")
        try:
            connection = self._driver.connect(
                **{**words, **self.url.query},
                autocommit=True,
                connect_timeout=int(PATIENCE),
                application_name="alignlab review",
            )
        except self._driver.Error as error:
            told = " ".join(str(error).split()).rstrip(".?")
            raise OutputError(
                f"{self.name} cannot be reached: {told}. Check the address; a password is read "
                "from PGPASSWORD or ~/.pgpass."
            ) from None
        connection.execute(f'SET search_path TO "{self.schema}"')
        connection.execute(f"SET lock_timeout TO {int(PATIENCE * 1000)}")
        return connection

    def _alive(self, connection: Any) -> Any:
        return self.connect() if connection is None or connection.closed else connection

    def _begin(self, connection: Any, patience: float) -> None:
        connection.execute("BEGIN")
