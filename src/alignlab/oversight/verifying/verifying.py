"""Whether a review is as it was written: the chain, what it is about, and what follows from it.

All is derived anew from the events, and the first row that differs is named. What no chain can show
(an end that was cut off, all of it written anew) is shown by a head that was kept elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alignlab.oversight.archive.chain import START, Head, read_head
from alignlab.oversight.archive.database import HEAD, Work
from alignlab.oversight.archive.schema import GUARDS
from alignlab.oversight.settings import Settings
from alignlab.oversight.verifying.comparing import compare_state
from alignlab.oversight.verifying.replaying import AlteredError, Replay, as_bytes

__all__ = ["Verification", "verify"]

GUARDED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events' "
    "AND sql LIKE 'CREATE TRIGGER % BEFORE % ON events BEGIN SELECT RAISE(ABORT%'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE tgrelid = 'events'::regclass AND tgenabled IN ('O', 'A') AND NOT tgisinternal "
    "AND tgqual IS NULL AND prosrc LIKE ' BEGIN RAISE EXCEPTION%'",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes
    ----------
    ok
        Whether all is as it was written.
    events
        How many events were found right.
    head
        Where the chain ends; keep it elsewhere.
    fault
        One sentence that names the first altered row; `None` where there is none.
    """

    ok: bool
    events: int
    head: Head
    fault: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        head = self.head.to_dict()
        return {"ok": self.ok, "events": self.events, "head": head, "fault": self.fault}


def verify(work: Work, settings: Settings, head: str | None) -> Verification:
    """Compute everything again, within one snapshot; see `Review.verify`."""
    expected = None if head is None else read_head(head)
    stored = Head(0, START.hex())
    replay = Replay(work, settings, expected)
    fault = None
    try:
        stored = _stored(work)
        _require_guards(work)
        replay.run()
        _compare_end(replay, stored)
        _compare_head(replay)
        compare_state(replay)
    except AlteredError as error:
        fault = str(error)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        fault = f"The tables hold what nobody could have written there: {error}."
    return Verification(fault is None, replay.right, stored, fault)


def _stored(work: Work) -> Head:
    heads = work.all(HEAD)
    if len(heads) != 1:
        raise AlteredError(f"The table of the head has {len(heads)} rows instead of one.")
    _, seq, hash_, *_ = heads[0]
    return Head(int(seq), as_bytes(hash_).hex())


def _require_guards(work: Work) -> None:
    cursor = work.connection.execute(GUARDED[work.dialect])
    found = {name for (name,) in cursor.fetchall()}
    for name in GUARDS:
        if name not in found:
            raise AlteredError(
                f"The trigger {name}, which keeps events from being changed, is gone or "
                "weakened: somebody took it away."
            )


def _compare_end(replay: Replay, stored: Head) -> None:
    if replay.right < stored.seq:
        raise AlteredError(
            f"Event {replay.right + 1} is missing, and all after it: there were {stored.seq}."
        )
    if replay.right > stored.seq or replay.hash.hex() != stored.hash:
        raise AlteredError(f"The row of the head does not name event {replay.right}, the last.")


def _compare_head(replay: Replay) -> None:
    if replay.expected is None or replay.found:
        return
    place, _ = replay.expected
    if place is not None and place > replay.right:
        raise AlteredError(
            f"Events {replay.right + 1} to {place} are missing: the head given names {place}, "
            f"and the archive ends at {replay.right}."
        )
    raise AlteredError(
        "No event has the hash of the head given: the chain was cut before it and written "
        "anew, or the head is another review's."
    )
