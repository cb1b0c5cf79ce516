"""Who a token or a session belongs to: signing in and out.

So little is stored that neither a token nor a session's secret can be found from it: the SHA-256 of
32 random bytes. The token against forged forms is computed from the session's secret.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from alignlab.errors import AccessError
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.schema import people, sessions

__all__ = ["Person", "Session", "begin_session", "end_session", "person_of", "session_of"]

SESSION_SECONDS = 30 * 24 * 60 * 60
"""After so long a person signs in again."""

BY_TOKEN = Sql(select(people.c.name, people.c.role).where(people.c.token == bindparam("token")))
NUMBER = Sql(select(people.c.number).where(people.c.token == bindparam("token")))
BEGIN = Sql(insert(sessions))
TIDY = Sql(delete(sessions).where(sessions.c.expires <= bindparam("now")))
END = Sql(delete(sessions).where(sessions.c.secret == bindparam("secret")))
BY_SECRET = Sql(
    select(people.c.name, people.c.role)
    .join(sessions, sessions.c.person == people.c.number)
    .where(
        sessions.c.secret == bindparam("secret"),
        sessions.c.expires > bindparam("now"),
        people.c.token.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was invited.

    Attributes
    ----------
    name
        Unlike all others.
    role
        "reviewer", or "owner", who sees the dashboard too.
    """

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in.

    Attributes
    ----------
    person
        Who it is.
    csrf
        What every form of theirs must bring along.
    """

    person: Person
    csrf: str


def person_of(work: Work, token: str) -> Person | None:
    """Return who has a token; `None` if nobody has, or no longer."""
    row = work.one(BY_TOKEN, token=hash_of(token))
    return None if row is None else Person(*row)


def begin_session(work: Work, token: str, now: float) -> tuple[str, str]:
    """Return the secret of a new session, and what its forms must bring along."""
    row = work.one(NUMBER, token=hash_of(token))
    if row is None:
        raise AccessError("This token opens nothing: it is unknown or was revoked.")
    secret = secrets.token_urlsafe(32)
    work.run(TIDY, now=now)
    work.run(BEGIN, secret=hash_of(secret), person=row[0], expires=now + SESSION_SECONDS)
    return secret, csrf_of(secret)


def session_of(work: Work, secret: str, now: float) -> Session | None:
    """Return who is signed in by a secret."""
    row = work.one(BY_SECRET, secret=hash_of(secret), now=now)
    return None if row is None else Session(Person(*row), csrf_of(secret))


def end_session(work: Work, secret: str) -> None:
    """Sign out."""
    work.run(END, secret=hash_of(secret))


def hash_of(secret: str) -> str:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(secret: str) -> str:
    """Return the token against forged forms that belongs to a session."""
    return hash_of(f"csrf:{secret}")
