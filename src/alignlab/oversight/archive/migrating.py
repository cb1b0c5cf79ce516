"""Bringing a database's tables to what this version of alignlab needs, by Alembic.

All steps happen in one transaction, with whatever the caller does in it: a new review is there
whole or not at all, and an old one is brought up or stays as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from alignlab.oversight.archive.database import Work

__all__ = ["migrated"]

STEPS = Path(__file__).parent / "migrations"

URLS = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}


@contextlib.contextmanager
def migrated(connection: Any, dialect: str, *, first: str = "") -> Iterator[Work]:
    """Yield a transaction in which all tables are as they should be; close the connection after.

    Parameters
    ----------
    connection
        The driver's, without a transaction. Of SQLite's it must begin none by itself, of
        PostgreSQL's it must.
    first
        A statement to begin with.
    """
    engine = create_engine(URLS[dialect], creator=lambda: connection, poolclass=NullPool)
    try:
        with engine.connect() as opened:
            if dialect == "sqlite":
                opened.exec_driver_sql("BEGIN IMMEDIATE")
            if first:
                opened.exec_driver_sql(first)
            _upgrade(opened)
            yield Work(connection, dialect)
            opened.commit()
    except DBAPIError as error:
        # The driver's own error says more, and is what callers know.
        raise error.orig or error from error


def _upgrade(opened: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=opened, transactional_ddl=True)
        environment.run_migrations()
