"""Pictures that items show: kept once by name, each with its digest in the chain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import bindparam, insert, select

from alignlab.errors import InputError
from alignlab.oversight.archive.database import Sql, Work
from alignlab.oversight.archive.events import Journal
from alignlab.oversight.archive.schema import media
from alignlab.oversight.content import checked_media

__all__ = ["add_media", "has_picture", "picture"]

PICTURE = Sql(select(media.c.type, media.c.data).where(media.c.name == bindparam("name")))
TYPE = Sql(select(media.c.type).where(media.c.name == bindparam("name")))
ADD_MEDIA = Sql(insert(media))


def add_media(journal: Journal, given: Mapping[str, bytes]) -> None:
    """Add pictures; each one's digest is in the event."""
    for name, data in given.items():
        kind = checked_media(name, data)
        if has_picture(journal.work, name):
            raise InputError(f"There is a picture {name!r} in the review already: name it anew.")
        journal.work.run(ADD_MEDIA, name=name, type=kind, data=bytes(data))
        digest = hashlib.sha256(data).hexdigest()
        journal.append("media", {"name": name, "type": kind, "digest": digest})


def picture(work: Work, name: str) -> tuple[str, bytes]:
    """Return a picture's type and bytes."""
    row = work.one(PICTURE, name=name)
    if row is None:
        raise InputError(f"There is no picture {name!r} in this review.")
    return row[0], bytes(row[1])


def has_picture(work: Work, name: str) -> bool:
    """Whether there is a picture of a name."""
    return work.one(TYPE, name=name) is not None
