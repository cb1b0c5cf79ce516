"""Where a review is: a folder, a file or a schema in it, and `project.json`, which says so.

The folder holds a review if and only if it holds `project.json`, which is written last. No password
is ever written into it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from alignlab.errors import InputError
from alignlab.files import write_whole
from alignlab.oversight.archive.database import Database, Postgres, Sqlite
from alignlab.plain import to_json

__all__ = ["PROJECT", "read_place", "schema_name", "url_of", "write_place"]

PROJECT = "project.json"
FILE = "review.db"
FORMAT = "alignlab review 1"

SCHEMA = re.compile("[a-z0-9_]{1,60}")

DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")


def url_of(given: str) -> URL:
    """Return the address of a PostgreSQL database, with the driver that is used.

    Examples
    --------
    >>> url_of("postgres://ana@localhost/reviews").drivername
    'postgresql+psycopg'

    Raises
    ------
    InputError
        If it is no such address.
    """
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in DRIVERS or not url.database:
        shown = "…" if url is None else url.render_as_string(hide_password=True)
        raise InputError(
            f"database={shown!r} is no address of PostgreSQL, such as "
            "postgresql://name@host/database. Leave it out for a file in the folder."
        )
    return url.set(drivername="postgresql+psycopg")


def schema_name(folder: Path) -> str:
    """Return the schema that a folder's review has in a shared database.

    Examples
    --------
    >>> schema_name(Path("Loans, 2026"))
    'review_loans_2026'
    """
    word = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return f"review_{word}"[:60].rstrip("_")


def write_place(folder: Path, url: URL | None, schema: str) -> None:
    """Remember where the review is; from now on the folder holds one."""
    place: dict[str, Any] = {"format": FORMAT, "database": FILE}
    if url is not None:
        # `set(password=None)` would leave it: only a URL made anew has none.
        kept = {name: value for name, value in url.query.items() if "password" not in name}
        address = URL.create(
            url.drivername, url.username, None, url.host, url.port, url.database, kept
        ).render_as_string(hide_password=False)
        place |= {"database": address, "schema": schema}
    write_whole(folder / PROJECT, to_json(place))


def read_place(folder: Path, database: str | None) -> Database:
    """Return the database of the review in a folder.

    Parameters
    ----------
    folder
        As given to `Review.create`.
    database
        The address, if it is another now or has the password in it; `None` as remembered.
    """
    file = folder / PROJECT
    try:
        place = json.loads(file.read_text(encoding="utf-8"))
        if place["format"] != FORMAT:
            raise ValueError("its format is another")
        remembered, schema = place["database"], place.get("schema")
        # A folder may come from somebody else: what it says is never more than a name.
        if schema is None and remembered != FILE:
            raise ValueError(f"its database is {remembered!r} and not {FILE}")
        if schema is not None and not SCHEMA.fullmatch(schema):
            raise ValueError(f"its schema is {schema!r}")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder} holds no review: there is no {PROJECT}. Name the folder that was created."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} cannot be read: {error}.") from error
    if schema is None:
        if database is not None:
            raise InputError(f"The review in {folder} is in a file of it: leave database out.")
        return Sqlite(folder / remembered)
    return Postgres(url_of(database or remembered), schema)
