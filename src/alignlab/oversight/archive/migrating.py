"""Bringing a database's tables to what this version of alignlab needs, by Alembic."""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from alignlab.oversight.archive import schema

__all__ = ["migrate"]


def migrate(connection: Any, dialect: str) -> None:
    """Make what is missing."""
    url = "sqlite://" if dialect == "sqlite" else "postgresql+psycopg://"
    engine = create_engine(url, creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as opened:
        schema.metadata.create_all(opened)
    for statement in schema.guards(dialect):
        connection.execute(statement)
