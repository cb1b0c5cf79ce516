"""Who takes part: a person comes in by a token, with a place in every stream, and may be let go.

A token is 32 random bytes, so its plain SHA-256 is kept: there is nothing to guess that a slow hash
would protect. It is shown once.
"""

from __future__ import annotations

import re
import secrets

from sqlalchemy import bindparam, delete, func, insert, select, update

from alignlab.errors import InputError, nearest, require_choice
from alignlab.oversight.archive.database import Sql
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.people import hash_of
from alignlab.oversight.archive.schema import STREAMS, people, sessions
from alignlab.oversight.queue.arms import arm_at
from alignlab.oversight.queue.leases import Worker, release, save_worker
from alignlab.oversight.queue.ordering import FIRST
from alignlab.oversight.settings import Settings

__all__ = ["invite", "revoke"]

ROLES = ("reviewer", "owner")

MOST_LETTERS = 100
"""Of a name."""

BY_NAME = Sql(select(people).where(people.c.name == bindparam("name")))
NAMES = Sql(select(people.c.name).order_by(people.c.number))
LAST_NUMBER = Sql(select(func.max(people.c.number)))
LIKE = Sql(select(func.count()).where(people.c.role == bindparam("role")))
ADD = Sql(insert(people))
ADMIT = Sql(
    update(people)
    .where(people.c.number == bindparam("number_"))
    .values(token=bindparam("token"), role=bindparam("role"))
)
END_ALL = Sql(delete(sessions).where(sessions.c.person == bindparam("person")))


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
            # Each role has blocks of its own: an owner who only looks on would take a reviewer's
            # place, and two reviewers would be in one arm of two.
            group = "everybody" if role == "reviewer" else role
            before = journal.work.one(LIKE, role=role)[0]
            arm = arm_at(settings.arms, before, seed=settings.seed, person=group)
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
    if row is not None and row[3] is None:
        raise InputError(f"{name!r} was revoked before, and can enter no more.")
    if row is None:
        near = nearest(name, [found for (found,) in journal.work.all(NAMES)])
        raise InputError(f"{name!r} is not invited, so nothing can be revoked.{near}")
    person = Worker(*row)
    release(journal, person, "released")
    save_worker(journal, person)
    journal.work.run(ADMIT, number_=person.number, token=None, role=person.role)
    journal.work.run(END_ALL, person=person.number)
    journal.append("revoked", {}, reviewer=name)


def _checked_name(given: str) -> str:
    name = given.strip() if isinstance(given, str) else ""
    if not name or len(name) > MOST_LETTERS or not name.isprintable():
        raise InputError(
            f"name={given!r} is no name: give 1 to {MOST_LETTERS} letters, without line breaks."
        )
    return re.sub(r"\s+", " ", name)
