"""Locked, full, killed: nothing is acknowledged that is not kept, and nothing kept is lost."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import bindparam, select

from alignlab.errors import InputError, OutputError
from alignlab.oversight.archive import database as module
from alignlab.oversight.archive.database import BusyError, Sql
from alignlab.oversight.archive.schema import items
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings


def cases(count):
    return [
        Item(key=f"c{n}", content={"form": "text", "text": "x"}, choices=["yes", "no"])
        for n in range(count)
    ]


@pytest.fixture
def review(tmp_path, database):
    with Review.create(tmp_path / "r", cases(5), database=database) as made:
        made.invite("ana")
        yield made


def test_a_statement_in_both_dialects():
    statement = Sql(select(items.c.key).where(items.c.number == bindparam("number")))
    ends = {dialect: statement.text(dialect).split()[-1] for dialect in ("sqlite", "postgresql")}
    assert ends == {"sqlite": ":number", "postgresql": "%(number)s::BIGINT"}


def test_a_locked_database_is_said_and_the_answer_can_be_sent_again(review, database, monkeypatch):
    given = review.next("ana")
    review.close()
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with (
        Review.open(review.folder, database=database) as mine,
        Review.open(review.folder, database=database) as other,
    ):
        with other._database.write() as work:
            if work.dialect == "postgresql":
                work.connection.execute("SELECT * FROM head FOR UPDATE")
            with pytest.raises(OutputError, match=r"Nothing was saved\. Another program holds"):
                mine.submit("ana", given.lease, {"decision": "yes"})
        assert not mine.submit("ana", given.lease, {"decision": "yes"}).duplicate
        assert mine.verify().ok


def test_a_thread_that_holds_it_too_long_is_said(review, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    held, done = threading.Event(), threading.Event()

    def hold():
        with review._database.write():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(OutputError, match="another thread"):
            review.next("ana")
    finally:
        done.set()
        thread.join()


def test_who_must_not_be_held_up_is_told_at_once_that_another_writes(tmp_path):
    with (
        Review.create(tmp_path / "r", cases(2)) as mine,
        Review.open(tmp_path / "r") as other,
    ):
        mine.invite("ana")
        hurried = mine.at_once()
        for holder in (mine, other):
            with holder._database.write():
                begun = time.monotonic()
                with pytest.raises(BusyError):
                    hurried.next("ana")
                assert time.monotonic() - begun < 1
                assert hurried.status().items == 2
        given = hurried.next("ana")
        hurried.submit("ana", given.lease, {"decision": "yes"})
        assert mine.status().answers == 1
        assert mine.verify().ok


def test_nobody_hurries_where_the_archive_is_afar(tmp_path, postgres):
    with Review.create(tmp_path / "r", cases(1), database=postgres) as review:
        assert review.at_once() is None


def test_what_was_written_is_read_whatever_connection_reads(review):
    with review._database.write() as work:
        work.connection.execute("UPDATE people SET role = 'owner'")
        assert [each.role for each in review.status().people] == ["reviewer"]
    assert [each.role for each in review.status().people] == ["owner"]


def test_a_full_disk_is_said_and_nothing_acknowledged(tmp_path):
    with Review.create(tmp_path / "r", cases(400)) as review:
        review.invite("ana")
        with review._database.write() as work:
            connection = work.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone()
        given, receipts = review.next("ana"), 0
        said = {"decision": "yes", "reason": "x" * 500}
        with contextlib.suppress(OutputError):
            for _ in range(399):
                _, given = review.submit_and_next("ana", given.lease, said)
                receipts += 1
        with pytest.raises(OutputError, match=r"full.*Nothing was saved\. Free some space"):
            review.submit_and_next("ana", given.lease, said)
        head = review.head
        assert len(list(review.answers())) == receipts > 0
        assert review.held("ana") == given
        connection.execute(f"PRAGMA max_page_count = {pages + 4000}").fetchone()
        review.submit("ana", given.lease, {"decision": "yes"})
        assert review.head.seq == head.seq + 1
        assert review.verify().ok


def test_an_error_inside_leaves_nothing(review):
    def fail():
        with review._journal() as journal:
            journal.append("trust", {}, reviewer="ana")
            raise RuntimeError

    before = review.head
    with pytest.raises(RuntimeError):
        fail()
    assert review.head == before
    assert review.next("ana")


def test_a_mistake_of_ours_is_not_called_a_full_disk(review):
    kinds = (sqlite3.Error, Exception)
    with pytest.raises(kinds) as caught, review._database.write() as work:
        work.connection.execute("SELECT nothing FROM nowhere WHERE")
    assert caught.value is not None
    assert review.next("ana")


@pytest.mark.parametrize("header", [True, False])
def test_a_damaged_file_is_said_to_be_one(tmp_path, header):
    with Review.create(tmp_path / "r", cases(200)) as review:
        review.invite("ana")
    file = tmp_path / "r" / "review.db"
    held = bytearray(file.read_bytes())
    for page in range(4096 if header else 0, len(held), 4096):
        held[page : page + 100] = b"\xff" * 100
    file.write_bytes(held)
    with pytest.raises(OutputError, match="The file is damaged"):  # noqa: SIM117
        with Review.open(tmp_path / "r") as review:
            review.next("ana")


def test_a_file_that_was_moved_away(tmp_path):
    with Review.create(tmp_path / "r", cases(1)) as review:
        folder = review.folder
    (folder / "review.db").unlink()
    with pytest.raises(InputError, match="was moved away"):
        Review.open(folder)


def test_what_is_acknowledged_is_synced(tmp_path):
    with Review.create(tmp_path / "r", cases(1)) as review, review._database.write() as work:
        settings = {
            name: work.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2}


def test_a_database_that_restarts_is_found_again(tmp_path, postgres):
    with Review.create(tmp_path / "r", cases(2), database=postgres) as review:
        review.invite("ana")
        given = review.next("ana")
        with review._database.read() as work:
            work.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'alignlab review' AND pid <> pg_backend_pid()"
            )
        with pytest.raises(OutputError, match="Nothing was saved"):
            review.submit("ana", given.lease, {"decision": "yes"})
        assert not review.submit("ana", given.lease, {"decision": "yes"}).duplicate


FORKING = """
import os, signal, sys, time
from alignlab.errors import LeaseError
from alignlab.oversight.review import Review

def work(folder, database, name, output):
    with Review.open(folder, database=database or None) as review, open(output, "w") as told:
        case = review.next(name)
        while case is not None:
            time.sleep(0.002)  # who never looks at a case keeps the lock from all others
            try:
                said = {"decision": "yes"}
                receipt, following = review.submit_and_next(name, case.lease, said)
                print(receipt.seq, receipt.hash, case.key, name, file=told, flush=True)
            except LeaseError:
                following = review.next(name)
            case = following

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    process = os.fork()
    if not process:
        work(*line.rstrip("\\n").split("\\t"))
        os._exit(0)
    print(process, flush=True)
"""


def test_what_was_acknowledged_survives_being_killed(tmp_path, database):
    """Three people, each in a process of their own, are killed in the middle, again and again."""
    folder, people = tmp_path / "r", ["p0", "p1", "p2"]
    settings = Settings(overlap=2, lease_minutes=0.005)
    with Review.create(folder, cases(600), settings=settings, database=database) as review:
        for name in people:
            review.invite(name)
    told = []
    words = [sys.executable, "-c", FORKING]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forking:
        for turn in range(3):
            running = {}
            for name in people:
                output = tmp_path / f"{turn} {name}"
                forking.stdin.write(f"{folder}\t{database or ''}\t{name}\t{output}\n")
                forking.stdin.flush()
                running[int(forking.stdout.readline())] = output
            ends = time.monotonic() + 30
            while time.monotonic() < ends and not all(map(begun, running.values())):
                time.sleep(0.01)
            for process, output in running.items():
                with contextlib.suppress(ProcessLookupError):  # who found nothing open has ended
                    os.kill(process, signal.SIGKILL)
                told += [tuple(line.split()) for line in output.read_text().split("\n")[:-1]]
        forking.stdin.close()
    assert len(told) >= 9
    with Review.open(folder, database=database) as review:
        kept = {(str(each.seq), each.key, each.reviewer) for each in review.answers()}
        assert {(seq, key, name) for seq, _, key, name in told} <= kept
        keys = [key for _, key, _ in kept]
        assert max(map(keys.count, keys)) <= 2
        for seq, hash_, *_ in told[:: len(told) // 3]:
            assert review.verify(head=f"{seq}:{hash_}").ok


def begun(output):
    return output.exists() and output.read_text().count("\n") > 2
