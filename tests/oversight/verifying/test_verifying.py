import hashlib
import json

import pytest

from alignlab.errors import InputError
from alignlab.oversight.archive.chain import START, event_hash
from alignlab.oversight.items import Advice, Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings

PICTURE = bytes.fromhex("89504e470d0a1a0a") + b"rest"


@pytest.fixture
def review(tmp_path, database):
    """A review in which something of every kind has happened."""
    items = [
        Item(
            key=f"c{n}",
            content={"form": "text", "text": f"Case {n}"},
            choices=["yes", "no"],
            advice=Advice("yes", 0.5),
            card={"title": "Why"},
            worth=float(n),
        )
        for n in range(8)
    ]
    image = {"form": "image", "image": {"media": "dog.png", "alt": "a dog"}}
    items.append(Item(key="g", content=image, choices=["yes", "no"], gold="yes"))
    settings = Settings(overlap=2, arms=("none", "on demand"))
    made = Review.create(
        tmp_path / "r", items, settings=settings, media={"dog.png": PICTURE}, database=database
    )
    with made:
        for name in ("ana", "bob"):
            made.invite(name)
        given = made.next("ana")
        for n in range(4):
            if given.on_demand:
                made.reveal("ana", given.lease)
            said = {"verdict": "defer"} if n == 2 else {"decision": "no", "reason": f"r{n}"}
            _, given = made.submit_and_next("ana", given.lease, said)
        back = made.undo("ana")
        made.submit("ana", back.lease, {"decision": "yes"})
        made.reprioritise({"c1": 50.0})
        made.submit("bob", made.next("bob").lease, {"verdict": "cannot tell"})
        made.trust("bob", {"wary": 2})
        made.next("bob")
        yield made


def alter(review, *statements, guarded=True):
    """Do what somebody could who holds the database and knows how to use it."""
    with review._database.write() as work:
        if not guarded and work.dialect == "sqlite":
            kept = work.connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in kept:
                work.connection.execute(f"DROP TRIGGER {name}")
        elif not guarded:
            work.connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        for statement in statements:
            done = work.connection.execute(statement)
            assert done.rowcount != 0, statement
        if not guarded and work.dialect == "sqlite":
            for _, sql in kept:
                work.connection.execute(sql)
        elif not guarded:
            work.connection.execute("ALTER TABLE events ENABLE TRIGGER USER")


def fault(review, **given):
    found = review.verify(**given)
    assert not found.ok
    assert found.fault.count("\n") == 0
    return found.fault


def answers_of(review):
    return [each.seq for each in review.answers(gold=True)]


def test_nothing_altered(review):
    found = review.verify(head=str(review.head))
    assert (found.ok, found.fault, found.events) == (True, None, review.head.seq)
    assert found.head == review.head
    assert review.verify(head=review.head.hash).ok
    assert json.dumps(found.to_dict())


def test_an_event_is_kept_from_being_changed(review):
    errors = Exception
    for statement in ("UPDATE events SET reviewer = 'eve'", "DELETE FROM events"):
        with (
            pytest.raises(errors, match="appended, never changed"),
            review._database.write() as work,
        ):
            work.connection.execute(statement)
    assert review.verify().ok


def test_the_first_altered_event_is_named(review):
    first, second = answers_of(review)[:2]
    alter(
        review,
        f"UPDATE events SET body = replace(body, 'no', 'yes') WHERE seq >= {first}"
        " AND kind = 'answer'",
        guarded=False,
    )
    found = review.verify()
    assert f"Event {first} (answer, 'c" in found.fault
    assert "ana) is not as it was written" in found.fault
    assert found.events == first - 1
    assert second > first


@pytest.mark.parametrize("column", ["reviewer", "key", "kind"])
def test_every_part_of_an_event_is_covered(review, column):
    seq = answers_of(review)[1]
    alter(review, f"UPDATE events SET {column} = 'x' WHERE seq = {seq}", guarded=False)
    assert fault(review).startswith(f"Event {seq} (")


def test_the_time_of_an_event_is_covered(review):
    seq = answers_of(review)[1]
    alter(review, f"UPDATE events SET at = at + 0.001 WHERE seq = {seq}", guarded=False)
    assert fault(review).startswith(f"Event {seq} (")


def test_a_removed_event_is_named(review):
    alter(review, "DELETE FROM events WHERE seq = 3", guarded=False)
    assert fault(review) == "Event 3 is missing: the next is 4."


def test_an_end_cut_off(review):
    head = review.head
    alter(review, f"DELETE FROM events WHERE seq > {head.seq - 2}", guarded=False)
    assert fault(review).startswith(f"Event {head.seq - 1} is missing, and all after it")


def test_an_end_cut_off_with_all_that_follows_from_it(review):
    """Somebody who knows the tables cuts the last events and puts everything else right."""
    review.trust("ana", {"wary": 1})
    head = review.head
    with review._database.read() as work:
        before = work.connection.execute(
            f"SELECT hash FROM events WHERE seq = {head.seq - 1}"
        ).fetchone()[0]
    mark = "?" if review._database.dialect == "sqlite" else "%s"
    alter(review, f"DELETE FROM events WHERE seq = {head.seq}", guarded=False)
    with review._database.write() as work:
        work.connection.execute(f"UPDATE head SET seq = {head.seq - 1}, hash = {mark}", (before,))
    assert review.verify().ok  # nothing inside can show it ...
    told = fault(review, head=str(head))  # ... and a head kept elsewhere does
    assert f"Events {head.seq} to {head.seq} are missing" in told
    assert "No event has the hash" in fault(review, head=head.hash)


def test_a_chain_written_anew_is_found_by_a_head(review):
    head = review.head
    with review._database.read() as work:
        rows = work.connection.execute(
            "SELECT seq, kind, key, reviewer, at, body FROM events ORDER BY seq"
        ).fetchall()
    mark = "?" if review._database.dialect == "sqlite" else "%s"
    hash_, changes = START, []
    for seq, kind, key, reviewer, at, body in rows:
        text = body.replace('"reason":"r0"', '"reason":"rx"')
        hash_ = event_hash(hash_, seq, kind, key, reviewer, at, text)
        changes.append((text, hash_, seq))
    alter(review, guarded=False)
    with review._database.write() as work:
        for name in ("events_keep_update",):
            if work.dialect == "sqlite":
                (sql,) = work.connection.execute(
                    "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
                ).fetchone()
                work.connection.execute(f"DROP TRIGGER {name}")
            else:
                work.connection.execute(f"ALTER TABLE events DISABLE TRIGGER {name}")
        for change in changes:
            work.connection.execute(
                f"UPDATE events SET body = {mark}, hash = {mark} WHERE seq = {mark}", change
            )
        work.connection.execute(f"UPDATE head SET hash = {mark}", (hash_,))
        if work.dialect == "sqlite":
            work.connection.execute(sql)
        else:
            work.connection.execute("ALTER TABLE events ENABLE TRIGGER USER")
    assert review.verify().ok
    assert "written anew" in fault(review, head=str(head))


def test_guards_that_were_taken_away(review):
    drop = "DROP TRIGGER events_keep_delete"
    alter(review, drop if review._database.dialect == "sqlite" else f"{drop} ON events")
    assert "The trigger events_keep_delete" in fault(review)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE items SET truth = 'yes' WHERE key = 'c3'", "Item 'c3' is not as it was added."),
        ("UPDATE items SET stratum = 'x' WHERE key = 'c3'", "Item 'c3' is not as it was added."),
        ("UPDATE items SET drawn = 'random'", "Item 'c"),
        ("UPDATE items SET key = 'c33' WHERE key = 'c3'", "Item 'c33' is not as it was added."),
        ("UPDATE items SET wanted = 1 WHERE key = 'c3'", "Item 'c3' is not as it was added."),
        ("DELETE FROM items WHERE key = 'g'", "Item 9, in the order of adding, is missing."),
        ("UPDATE contents SET content = '{}' WHERE item = 2", "Item 'c1' is not as it was"),
        ("UPDATE contents SET card = '{}' WHERE item = 2", "Item 'c1' is not as it was"),
        ("DELETE FROM contents WHERE item = 2", "Item 'c1' is not as it was"),
        ("INSERT INTO contents VALUES (99, '{}', NULL)", "The table contents has 10 rows; 9"),
        ("UPDATE media SET type = 'image/gif'", "The picture 'dog.png' is not as it was added."),
        ("DELETE FROM media", "The picture 'dog.png' is missing."),
        ("UPDATE people SET role = 'owner' WHERE name = 'bob'", "The role, the token or the arm"),
        ("UPDATE people SET token = 'mine' WHERE name = 'ana'", "The role, the token or the arm"),
        ("UPDATE people SET arm = 'none' WHERE name = 'ana'", "The role, the token or the arm of"),
        ("UPDATE people SET given = given + 1 WHERE name = 'ana'", "How many cases 'ana' was"),
        ("UPDATE people SET given_random = 9 WHERE name = 'bob'", "How many cases 'bob' was given"),
        ("UPDATE people SET last = (SELECT min(seq) FROM answers)", "The last answer of"),
        ("UPDATE answers SET previous = 1", "What is kept of the answer of event"),
        ("UPDATE items SET tie = tie + 1 WHERE key = 'c0'", "The place of item 'c0'"),
        ("DELETE FROM head", "The table of the head has 0 rows"),
        ("INSERT INTO head SELECT 2, seq, hash, items, gold, complete, answers, waiting FROM head",
         "The table of the head has 2 rows"),
        ("UPDATE people SET answered = 0 WHERE name = 'ana'", "The number of answers of 'ana'"),
        ("UPDATE people SET last = 1 WHERE name = 'ana'", "The last answer of 'ana'"),
        ("UPDATE items SET done = 9 WHERE key = 'c7'", "What is counted of item 'c7'"),
        ("UPDATE items SET taken = 9 WHERE key = 'c7'", "What is counted of item 'c7'"),
        ("UPDATE items SET open = 1 - open WHERE key = 'c7'", "What is counted of item 'c7'"),
        ("UPDATE items SET rank = rank - 1 WHERE key = 'c0'", "The place of item 'c0'"),
        ("UPDATE head SET complete = 7", "The counters beside the head"),
        ("UPDATE head SET items = 7", "The counters beside the head"),
        ("UPDATE answers SET person = 3 - person", "What is kept of the answer of event"),
        ("UPDATE answers SET item = 1 + item % 8", "What is kept of the answer of event"),
        ("UPDATE shown SET arm = 'advice' WHERE closed = 1", "What is kept of the answer of"),
        ("UPDATE shown SET swapped = 1 WHERE closed = 1", "What is kept of the answer of event"),
        ("UPDATE shown SET closed = 1", "An item counts as answered by somebody who did not"),
        ("UPDATE blocks SET given = given + 1", "The blocks of the experiment"),
        ("UPDATE project SET settings = replace(settings, 'Review', 'X')", "The settings are not"),
    ],
)  # fmt: skip
def test_what_follows_from_the_events_is_named(review, statement, told):
    alter(review, statement)
    assert fault(review).startswith(told)


def test_an_answer_lost_among_those_that_stand_and_one_too_many(review):
    first = answers_of(review)[0]
    alter(review, f"DELETE FROM answers WHERE seq = {first}")
    assert "is missing among those that stand" in fault(review)


def test_a_taken_back_answer_put_in_again(review):
    taken_back = set(range(1, review.head.seq)) - set(answers_of(review))
    with review._database.read() as work:
        answered = work.connection.execute(
            "SELECT seq, key FROM events WHERE kind = 'answer' ORDER BY seq"
        ).fetchall()
    seq, key = next(row for row in answered if row[0] in taken_back)
    alter(
        review,
        f"INSERT INTO answers SELECT {seq}, number, 1, 0, 'x' FROM items WHERE key = '{key}'",
    )
    assert f"The answer of event {seq} stands, and should not." in fault(review)


def test_an_altered_picture(review):
    data = "x'00'" if review._database.dialect == "sqlite" else "'\\x00'::bytea"
    alter(review, f"UPDATE media SET data = {data}")
    assert fault(review) == "The picture 'dog.png' is not as it was added."
    assert hashlib.sha256(PICTURE).hexdigest() != hashlib.sha256(b"\0").hexdigest()


def test_an_item_put_in_unseen(review):
    alter(
        review,
        "INSERT INTO items SELECT 10, 'z', kind, drawn, choices, decision, confidence, truth, "
        "gold, worth, stratum, slice, source, wanted, 0, 0, 0, 1, stream, rank, 77 "
        "FROM items WHERE number = 1",
    )
    assert fault(review) == "The table items has 10 rows; 9 were added."


@pytest.mark.parametrize("head", ["", "12", "12:abc", "x" * 64, "0x" + "0" * 62])
def test_what_is_no_head(review, head):
    with pytest.raises(InputError, match="is no head"):
        review.verify(head=head)


def test_the_head_of_another_review(review):
    assert "No event has the hash" in fault(review, head="0" * 64)
    assert "are missing" in fault(review, head=f"999:{'0' * 64}")


def test_guards_that_refuse_nothing(review):
    if review._database.dialect == "sqlite":
        weak = (
            "CREATE TRIGGER events_keep_update BEFORE UPDATE ON events WHEN 0 "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with review._database.write() as work:
            work.connection.execute("DROP TRIGGER events_keep_update")
            work.connection.execute(weak)
    else:
        alter(
            review,
            "CREATE OR REPLACE FUNCTION events_keep() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NULL; END $$",
        )
    assert "is gone or weakened" in fault(review)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "guarded", "told"),
    [
        ("UPDATE events SET hash = 'zz' WHERE seq = 3", False, "Event 3 (items) is not as it was"),
        ("UPDATE events SET key = x'00' WHERE seq = 3", False, "Event 3 (items, b'"),
        ("UPDATE head SET hash = 'zz'", True, "The row of the head"),
        ("UPDATE head SET seq = 'many'", True, "The tables hold what nobody could have written"),
        ("UPDATE items SET choices = x'00' WHERE key = 'c3'", True, "Item 'c3' is not as it was"),
        ("UPDATE media SET data = 'a text'", True, "The picture 'dog.png' is not as it was"),
        ("UPDATE people SET item = 'x' WHERE name = 'bob'", True, "The tables hold what nobody"),
        ("UPDATE people SET last = 'x' WHERE name = 'ana'", True, "The last answer of 'ana'"),
    ],
)
def test_a_value_of_another_kind_is_a_fault_and_no_crash(review, statement, guarded, told):
    """SQLite keeps in any column what is put there; PostgreSQL keeps its columns' kinds."""
    alter(review, statement, guarded=guarded)
    assert fault(review).startswith(told)


def pair(n):
    content = {"form": "text", "first": {"text": "a"}, "second": {"text": "b"}}
    return Item(key=f"p{n}", kind="prefer", content=content)


def decision(n):
    return Item(
        key=f"c{n}",
        content={"form": "text", "text": f"Case {n}"},
        choices=["yes", "no"],
        advice=Advice("yes", 0.5),
        card={"title": "Why"},
    )


@pytest.mark.parametrize(
    ("arm", "make", "statement", "said", "told"),
    [
        (
            "own first", decision, """UPDATE shown SET own = replace(own, '"no"', '"yes"')""",
            {"decision": "yes"}, "says another own answer than was given before it",
        ),
        (
            "on demand", decision, "UPDATE shown SET revealed = 1",
            {"decision": "yes"}, "says that advice or an explanation was seen which its arm does",
        ),
        (
            "none", pair, "UPDATE shown SET swapped = 1 - swapped",
            {"preferred": "first"}, "says that the sides stood otherwise than the seed has them",
        ),
        (
            "none", decision, "UPDATE shown SET arm = 'explanation'",
            {"decision": "yes"}, "says an arm that its person was not in",
        ),
    ],
)  # fmt: skip
def test_what_is_edited_while_somebody_looks_is_found_in_their_answer(
    tmp_path, database, arm, make, statement, said, told
):
    """The row is put right afterwards; the answer that was given under it remains."""
    settings = Settings(arms=(arm,))
    with Review.create(
        tmp_path / "r", map(make, range(3)), settings=settings, database=database
    ) as review:
        review.invite("ana")
        case = review.next("ana")
        if case.stage == "own":
            case = review.step("ana", case.lease, {"decision": "no"})
        assert review.verify().ok
        alter(review, statement)
        seq = review.submit("ana", case.lease, said).seq
        assert fault(review) == f"Event {seq} (answer, ana) {told}" + (
            " not show." if told.endswith("does") else "."
        )


def test_a_reply_put_into_an_interview(tmp_path, database):
    content = {"form": "amounts", "low": 0, "high": 100}
    item = Item(key="i", kind="interview", content=content)
    asked = {"sure": 50.0, "probability": 0.5, "best": 100.0, "worst": 0.0}
    with Review.create(tmp_path / "r", [item], database=database) as review:
        review.invite("ana")
        case = review.next("ana")
        case = review.step("ana", case.lease, {"question": asked, "reply": "sure"})
        alter(review, "UPDATE shown SET said = replace(said, 'sure\"', 'gamble\"')")
        review.submit("ana", case.lease, {"reply": "stop"})
        assert "says other replies than were given before it" in fault(review)
