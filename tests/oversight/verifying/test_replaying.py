import math

import pytest

from alignlab.oversight.items import Item
from alignlab.oversight.review import Review
from alignlab.oversight.verifying.replaying import AlteredError, Replay, as_bytes


def case(n, **given):
    content = {"form": "text", "text": "x"}
    return Item(key=f"c{n}", content=content, choices=["yes", "no"], worth=float(n), **given)


@pytest.fixture
def review(tmp_path, database):
    with Review.create(tmp_path / "r", [case(0), case(1), case(2)], database=database) as made:
        made.invite("ana")
        yield made


def replayed(review):
    with review._database.snapshot() as work:
        replay = Replay(work, review.settings, None)
        replay.run()
    return replay


def test_what_was_done_one_thing_after_another(review):
    first = review.next("ana")
    _, second = review.submit_and_next("ana", first.lease, {"decision": "yes"})
    review.submit("ana", second.lease, {"verdict": "defer"})
    replay = replayed(review)
    # created, items, invited, and two answers
    assert bytes(replay.standing) == b"\0\0\0\0\1\2"
    numbers = {told.key: number for number, told in enumerate(replay.told)}
    assert replay.done[numbers[first.key]] == replay.deferred[numbers[second.key]] == 1
    assert replay.done.sum() == replay.deferred.sum() == 1
    assert replay.returned[numbers[second.key]] == 5
    assert (replay.right, replay.hash.hex()) == (5, review.head.hash)
    review.undo("ana")
    replay = replayed(review)
    assert bytes(replay.standing) == b"\0\0\0\0\1\0\0"
    assert replay.deferred.sum() == 0


def test_a_worth_stated_anew(review):
    review.reprioritise({"c1": 5.0, "c0": -1.0})
    replay = replayed(review)
    worth = {told.key: replay.worth[number] for number, told in enumerate(replay.told)}
    assert (worth["c0"], worth["c1"]) == (-1.0, 5.0)
    assert math.isnan(worth["c2"])


def test_an_item_that_is_not_as_it_was_added(review):
    with review._database.write() as work:
        work.connection.execute("UPDATE items SET truth = 'yes' WHERE key = 'c1'")
    with review._database.snapshot() as work:
        try:
            Replay(work, review.settings, None).run()
        except AlteredError as error:
            told = str(error)
    assert told == "Item 'c1' is not as it was added."


def test_bytes_may_be_a_text_where_a_database_lets_them():
    assert as_bytes("ab") == as_bytes(b"ab") == as_bytes(memoryview(b"ab")) == b"ab"
