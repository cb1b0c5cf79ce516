"""A review: what people are asked, who may answer, and what they said. The room's one door."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from alignlab.errors import MissingExtraError
from alignlab.oversight.items import Answered, Case, Item
from alignlab.oversight.settings import Settings

try:
    from sqlalchemy import select

    from alignlab.oversight.archive import building, people, pictures, reading, schema
    from alignlab.oversight.archive.chain import Head
    from alignlab.oversight.archive.database import HEAD, Database, Sql
    from alignlab.oversight.archive.events import Journal
    from alignlab.oversight.archive.people import Person, Session
    from alignlab.oversight.archive.reading import Status, Trust
    from alignlab.oversight.queue import adding, answering, delivery, inviting, leases
    from alignlab.oversight.queue.answering import Receipt
    from alignlab.oversight.verifying.verifying import Verification, verify
except ModuleNotFoundError as error:
    if error.name != "sqlalchemy":
        raise
    raise MissingExtraError("sqlalchemy", "web", "A review") from None

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Review"]

SETTINGS = Sql(select(schema.project.c.settings))


class Review:
    """What people are asked, who may answer, and what they said.

    Threads may share one, and several programs may open the same at once. Every answer that is
    acknowledged is on the disk.

    Examples
    --------
    >>> import tempfile
    >>> from alignlab.oversight.items import Item
    >>> cases = [
    ...     Item(key=f"case {n}", content={"form": "text", "text": f"Case {n}"}, choices=["a", "b"])
    ...     for n in range(3)
    ... ]
    >>> folder = Path(tempfile.mkdtemp()) / "cases"
    >>> with Review.create(folder, cases) as review:
    ...     token = review.invite("ana")
    ...     case = review.next("ana")
    ...     receipt, following = review.submit_and_next("ana", case.lease, {"decision": "a"})
    ...     print(review.status().answers, following.key == case.key)
    1 False
    """

    def __init__(
        self, folder: Path, database: Database, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._database = database
        self._clock = clock
        self._at_once = False
        with database.read() as work:
            self.settings = Settings.model_validate_json(work.one(SETTINGS)[0])

    @classmethod
    def create(
        cls,
        folder: str | Path,
        items: Iterable[Item],
        *,
        settings: Settings | None = None,
        media: Mapping[str, bytes] | None = None,
        database: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Review:
        """Make a review in a folder that holds none, whole or not at all.

        Parameters
        ----------
        folder
            Made if it does not exist.
        items
            What is asked; a generator is read as it goes, so a million items need no memory.
        settings
            How the review is run.
        media
            Pictures by the names that the items' contents give them.
        database
            The address of a PostgreSQL database, for a team; `None` for a file in the folder. A
            password in it is not kept: it is read from PGPASSWORD or ~/.pgpass later on.
        clock
            Tells the seconds since 1970.

        Raises
        ------
        InputError
            If the folder holds a review, or an item is malformed or has the key of another.
        OutputError
            If it cannot be written.
        """
        chosen = settings or Settings()

        def fill(journal: Journal) -> None:
            pictures.add_media(journal, media or {})
            adding.add_items(journal, items, chosen)

        place = Path(folder)
        return cls(place, building.build(place, chosen, fill, database, clock), clock)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        database: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Review:
        """Open the review in a folder; see `create`.

        Raises
        ------
        InputError
            If the folder holds none.
        """
        return cls(Path(folder), building.open_database(Path(folder), database), clock)

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Review {self.settings.title!r} in {self.folder}>"

    def at_once(self) -> Review | None:
        """Return this review for a caller who must not be held up; `None` if its archive is afar.

        What people do raises `BusyError` there, and nothing is begun, while somebody else writes.
        It is closed with this one.
        """
        if not self._database.local:
            return None
        hurried = copy.copy(self)
        hurried._at_once = True
        return hurried

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        with self._database.write(at_once=self._at_once) as work:
            journal = Journal(work, self._clock())
            yield journal
            journal.save()

    # What is asked.

    def add(self, items: Iterable[Item], *, media: Mapping[str, bytes] | None = None) -> int:
        """Add items, all of them or none; return how many."""
        with self._journal() as journal:
            pictures.add_media(journal, media or {})
            return adding.add_items(journal, items, self.settings)

    def reprioritise(self, worth: Mapping[str, float]) -> int:
        """State anew what answers are worth, by the items' keys; return how many it moved.

        The random sample, what came back to the queue and planted items stay where they are.
        """
        with self._journal() as journal:
            return adding.reprioritise(journal, worth)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return which of these are keys of the review's items."""
        with self._database.read() as work:
            return adding.known(work, keys)

    def media(self, name: str) -> tuple[str, bytes]:
        """Return a picture's type, such as "image/png", and its bytes.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        with self._database.read() as work:
            return pictures.picture(work, name)

    # Who may answer.

    def invite(self, name: str, *, role: str = "reviewer") -> str:
        """Let a person in; return their token, which is kept nowhere: show it once.

        Raises
        ------
        InputError
            If the person is invited already, or there is no such role.
        """
        with self._journal() as journal:
            return inviting.invite(journal, name, role, self.settings)

    def revoke(self, name: str) -> None:
        """Let a person in no more. Their sessions end at once; what they answered stays."""
        with self._journal() as journal:
            inviting.revoke(journal, name)

    def reviewers(self) -> tuple[Person, ...]:
        """Return who may come in, in the order of inviting."""
        return tuple(Person(p.name, p.role) for p in self.status().people if p.invited)

    def person(self, token: str) -> Person | None:
        """Return who has a token; `None` if nobody has, or no longer."""
        with self._database.read() as work:
            return people.person_of(work, token)

    def begin_session(self, token: str) -> tuple[str, str]:
        """Exchange a token for the secret of a session, and what its forms must bring along.

        Raises
        ------
        AccessError
            If the token is unknown or was revoked.
        """
        with self._database.write() as work:
            return people.begin_session(work, token, self._clock())

    def session(self, secret: str) -> Session | None:
        """Return who is signed in by a secret; `None` if nobody is, or no longer."""
        with self._database.read() as work:
            return people.session_of(work, secret, self._clock())

    def end_session(self, secret: str) -> None:
        """Sign out."""
        with self._database.write() as work:
            people.end_session(work, secret)

    # What they do.

    def next(self, person_name: str) -> Case | None:
        """Return the case that a person holds, or lease them the next one; `None` if none is open.

        Raises
        ------
        AccessError
            If the person is not invited.
        """
        with self._journal() as journal:
            leases.expire(journal)
            person = leases.worker(journal.work, person_name)
            return self._following(journal, person)

    def held(self, person_name: str) -> Case | None:
        """Return the case that a person holds now; `None` if they hold none. Nothing changes."""
        with self._database.read() as work:
            person = leases.worker(work, person_name)
            if person.item is None or float(person.expires or 0) <= self._clock():
                return None
            return delivery.as_case(person, leases.held(work, person, person.item))

    def step(
        self,
        person_name: str,
        lease: str,
        said: Mapping[str, Any],
        *,
        visible_ms: float | None = None,
    ) -> Case:
        """Keep the own answer that comes first, or a reply in an interview; return what follows.

        Raises
        ------
        LeaseError
            If the case is no longer this person's.
        """
        with self._journal() as journal:
            person = leases.worker(journal.work, person_name)
            item = answering.step(journal, person, self.settings, lease, said, visible_ms)
            leases.save_worker(journal, person)
            return delivery.as_case(person, item)

    def submit(
        self,
        person_name: str,
        lease: str,
        said: Mapping[str, Any],
        *,
        visible_ms: float | None = None,
    ) -> Receipt:
        """Keep an answer. Sent twice, it is kept once and acknowledged again.

        Parameters
        ----------
        person_name
            Who answers.
        lease
            Of the case.
        said
            See `checked_answer`.
        visible_ms
            How long the page was visible.

        Raises
        ------
        LeaseError
            If the case is no longer this person's.
        InputError
            If the answer is none of those allowed.
        OutputError
            If it cannot be kept now: nothing was saved, and it can be sent again.
        """
        with self._journal() as journal:
            person = leases.worker(journal.work, person_name)
            receipt = answering.receive(journal, person, lease, said, visible_ms)
            leases.save_worker(journal, person)
        return receipt

    def submit_and_next(
        self,
        person_name: str,
        lease: str,
        said: Mapping[str, Any],
        *,
        visible_ms: float | None = None,
    ) -> tuple[Receipt, Case | None]:
        """Keep an answer and lease the next case, in one transaction; see `submit` and `next`."""
        with self._journal() as journal:
            leases.expire(journal)
            person = leases.worker(journal.work, person_name)
            receipt = answering.receive(journal, person, lease, said, visible_ms)
            following = self._following(journal, person)
        return receipt, following

    def reveal(self, person_name: str, lease: str) -> Any:
        """Return the card that waits to be asked for; that it was is recorded."""
        with self._journal() as journal:
            person = leases.worker(journal.work, person_name)
            return answering.reveal(journal, person, lease)

    def undo(self, person_name: str) -> Case | None:
        """Take back the person's last answer and lease its item to them again; `None` if none.

        The answer stays in the record, superseded. What was said is in `taken_back`. A case that
        the person holds unanswered goes back to the queue.

        Raises
        ------
        LeaseError
            If the case was handed on and a colleague has it now.
        """
        with self._journal() as journal:
            leases.expire(journal)
            person = leases.worker(journal.work, person_name)
            item = answering.take_back(journal, person, self.settings)
            leases.save_worker(journal, person)
            return None if item is None else delivery.as_case(person, item)

    def trust(self, person_name: str, answers: Mapping[str, Any]) -> None:
        """Keep a person's answers to the questionnaire of trust."""
        with self._journal() as journal:
            person = leases.worker(journal.work, person_name)
            journal.append("trust", {"answers": dict(answers)}, reviewer=person.name)

    # What came of it.

    def status(self) -> Status:
        """Return how far the review is."""
        with self._database.read() as work:
            return reading.read_status(work, self._clock())

    @property
    def head(self) -> Head:
        """Where the chain of events ends: keep it elsewhere, and `verify` can find the rest."""
        with self._database.read() as work:
            _, seq, hash_, *_ = work.one(HEAD)
            return Head(seq, bytes(hash_).hex())

    def answers(self, *, gold: bool = False, content: bool = False) -> Iterator[Answered]:
        """Yield the answers that stand, in the order in which they came, as of one moment.

        Parameters
        ----------
        gold
            Whether answers to planted items come too. They are not for training on.
        content
            Whether each comes with what was shown.
        """
        with self._database.snapshot() as work:
            yield from reading.read_answers(work, gold=gold, content=content)

    def trust_answers(self) -> Iterator[Trust]:
        """Yield what people said in the questionnaire of trust."""
        with self._database.snapshot() as work:
            yield from reading.read_trust(work)

    def verify(self, *, head: str | None = None) -> Verification:
        """Find out whether anything was altered, and name the first row that was.

        Parameters
        ----------
        head
            Where the chain ended at some time, as an export or report printed it. With it, an end
            that was cut off and a chain that was written anew are found too.

        Raises
        ------
        InputError
            If `head` is no head.
        """
        with self._database.snapshot() as work:
            return verify(work, self.settings, head)

    def _following(self, journal: Journal, person: leases.Worker) -> Case | None:
        item = (
            delivery.deliver(journal, person, self.settings)
            if person.item is None
            else leases.held(journal.work, person, person.item)
        )
        leases.save_worker(journal, person)
        return None if item is None else delivery.as_case(person, item)
