"""Who may answer: names, tokens and sessions.

A token is 32 random bytes, so its plain SHA-256 is kept: there is nothing to guess that a slow hash
would protect. So it is with the secret of a session; the token against forged forms is computed
from that secret, and neither can be found from what is stored.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update

from alignlab.errors import AccessError, InputError, nearest, require_choice
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.schema import STREAMS, people, sessions
from alignlab.oversight.queue.arms import arm_at
from alignlab.oversight.queue.leases import Worker, release, save_worker
from alignlab.oversight.queue.ordering import FIRST
from alignlab.oversight.settings import Settings

__all__ = ["Person", "Session", "begin_session", "invite", "person_of", "revoke", "session_of"]

ROLES = ("reviewer", "owner")

SESSION_DAYS = 30
"""After so long a person signs in again."""

MOST_LETTERS = 100
"""Of a name."""

BY_NAME = Sql(select(people).where(people.c.name == bindparam("name")))
NAMES = Sql(select(people.c.name).order_by(people.c.number))
LAST_NUMBER = Sql(select(func.max(people.c.number)))
ADD = Sql(insert(people))
ADMIT = Sql(
    update(people)
    .where(people.c.number == bindparam("number_"))
    .values(token=bindparam("token"), role=bindparam("role"))
)
BY_TOKEN = Sql(select(people.c.name, people.c.role).where(people.c.token == bindparam("token")))
NUMBER = Sql(select(people.c.number).where(people.c.token == bindparam("token")))
BEGIN = Sql(insert(sessions))
TIDY = Sql(delete(sessions).where(sessions.c.expires <= bindparam("now")))
END = Sql(delete(sessions).where(sessions.c.secret == bindparam("secret")))
END_ALL = Sql(delete(sessions).where(sessions.c.person == bindparam("person")))
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


def invite(journal: Journal, name: str, role: str, settings: Settings) -> str:
    """Let a person in; return the token, which is nowhere else."""
    require_choice(role, ROLES, what="role")
    name = _checked_name(name)
    token = secrets.token_urlsafe(32)
    row = journal.work.one(BY_NAME, name=name)
    if row is None:
        number = (journal.work.one(LAST_NUMBER)[0] or 0) + 1
        arm = ""
        if settings.arms_by == "reviewer":
            arm = arm_at(settings.arms, number - 1, seed=settings.seed, person="everybody")
        counts = dict.fromkeys(("given", "given_random", "given_gold", "answered", "last"), 0)
        cursors = {f"{stream}_{part}": FIRST[part == "tie"] for stream in STREAMS
                   for part in ("rank", "tie")}  # fmt: skip
        nothing = dict.fromkeys(("lease", "item", "since", "expires"))
        journal.work.run(
            ADD, number=number, name=name, role=role, token=hash_of(token), arm=arm,
            **counts, **cursors, **nothing,
        )  # fmt: skip
    else:
        person = Worker(*row)
        if person.token is not None:
            raise InputError(
                f"{name!r} is invited already. Revoke the token first if it was lost, "
                "and invite again."
            )
        arm = person.arm
        journal.work.run(ADMIT, number_=person.number, token=hash_of(token), role=role)
    journal.append("invited", {"role": role, "arm": arm, "token": hash_of(token)}, reviewer=name)
    return token


def revoke(journal: Journal, name: str) -> None:
    """Let a person in no more; their sessions end, their case goes to others, answers stay."""
    row = journal.work.one(BY_NAME, name=name)
    if row is None or row[3] is None:
        near = nearest(name, [found for (found,) in journal.work.all(NAMES)])
        raise InputError(f"{name!r} is not invited, so nothing can be revoked.{near}")
    person = Worker(*row)
    release(journal, person, "released")
    save_worker(journal, person)
    journal.work.run(ADMIT, number_=person.number, token=None, role=person.role)
    journal.work.run(END_ALL, person=person.number)
    journal.append("revoked", {}, reviewer=name)


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
    work.run(
        BEGIN, secret=hash_of(secret), person=row[0], expires=now + SESSION_DAYS * 24 * 60 * 60
    )
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


def _checked_name(given: str) -> str:
    name = given.strip() if isinstance(given, str) else ""
    if not name or len(name) > MOST_LETTERS or not name.isprintable():
        raise InputError(
            f"name={given!r} is no name: give 1 to {MOST_LETTERS} letters, without line breaks."
        )
    return re.sub(r"\s+", " ", name)
