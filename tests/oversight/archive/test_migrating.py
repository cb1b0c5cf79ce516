"""A fresh database and one that came by every step have the tables of schema.py."""

import contextlib
import sqlite3

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from alignlab.oversight.archive import schema
from alignlab.oversight.archive.migrating import migrated


@pytest.fixture
def connect(tmp_path, database):
    def connect():
        if database is None:
            return sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        connection = psycopg.connect(database)
        connection.execute('SET search_path TO "review_m"')
        connection.commit()
        return connection

    return connect


@pytest.fixture
def dialect(database):
    return "sqlite" if database is None else "postgresql"


def first(dialect):
    return "" if dialect == "sqlite" else 'CREATE SCHEMA "review_m"'


def described(opened):
    """Every table, column, key and index, in words."""
    seen = inspect(opened)
    return {
        name: (
            [
                (each["name"], str(each["type"]), each["nullable"])
                for each in seen.get_columns(name)
            ],
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (each["name"], tuple(each["column_names"]), bool(each["unique"]))
                for each in seen.get_indexes(name)
            ),
        )
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


@contextlib.contextmanager
def opened_by(connection, dialect):
    url = "sqlite://" if dialect == "sqlite" else "postgresql+psycopg://"
    with create_engine(url, creator=lambda: connection).connect() as opened:
        yield opened


def test_migrated_and_fresh_are_the_same(connect, dialect, tmp_path):
    with migrated(connect(), dialect, first=first(dialect)):
        pass
    with contextlib.closing(connect()) as connection, opened_by(connection, dialect) as opened:
        by_steps = described(opened)
        context = MigrationContext.configure(opened)
        assert compare_metadata(context, schema.metadata) == []
        version = opened.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        assert version == schema.VERSION
        schema.metadata.drop_all(opened)
        opened.commit()
    with contextlib.closing(connect()) as connection, opened_by(connection, dialect) as opened:
        schema.metadata.create_all(opened)
        fresh = described(opened)
        opened.commit()
    assert fresh == by_steps
    assert set(fresh) == set(schema.metadata.tables)


def test_steps_are_taken_once(connect, dialect):
    with migrated(connect(), dialect, first=first(dialect)):
        pass
    with migrated(connect(), dialect) as work:
        work.connection.execute("SELECT * FROM events")


def test_a_step_that_fails_leaves_nothing(connect, dialect):
    with pytest.raises(RuntimeError), migrated(connect(), dialect, first=first(dialect)):
        raise RuntimeError
    with contextlib.closing(connect()) as connection, opened_by(connection, dialect) as opened:
        assert described(opened) == {}
