import json

import pytest

from alignlab.errors import InputError
from alignlab.oversight.archive.chain import event_hash
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review


@pytest.fixture
def review(tmp_path, database):
    item = Item(key="a", content={"form": "text", "text": "x"}, choices=["yes", "no"])
    with Review.create(tmp_path / "r", [item], database=database, clock=lambda: 5.00049) as made:
        yield made


def test_events_are_chained_one_to_the_next(review):
    review.invite("ana")
    with review._journal() as journal:
        before = (journal.seq, journal.hash)
        assert journal.append("trust", {"b": 1, "a": 2}, reviewer="ana") == before[0] + 1
        assert journal.append("trust", {}, reviewer="ana") == before[0] + 2
        head = journal.head
    assert review.head == head
    with review._database.read() as work:
        *_, one, two = work.connection.execute(
            "SELECT seq, kind, key, reviewer, at, body, hash FROM events ORDER BY seq"
        ).fetchall()
    assert one[4] == 5.0  # to the millisecond
    assert one[5] == '{"a":2,"b":1}'
    assert bytes(one[6]) == event_hash(before[1], *one[:6])
    assert bytes(two[6]) == event_hash(bytes(one[6]), *two[:6])
    assert bytes(two[6]).hex() == head.hash
    assert json.loads(two[5]) == {}


def test_what_is_no_json_ends_the_transaction(review):
    before = review.head

    def fail():
        with review._journal() as journal:
            journal.append("trust", {}, reviewer="ana")
            journal.append("trust", {"x": float("nan")})

    with pytest.raises(InputError):
        fail()
    assert review.head == before
