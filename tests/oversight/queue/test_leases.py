import pytest

from alignlab.errors import AccessError
from alignlab.oversight.items import Item
from alignlab.oversight.queue import leases
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings


def case(n, **given):
    content = {"form": "text", "text": "x"}
    return Item(**{"key": f"c{n}", "content": content, "choices": ["yes", "no"], **given})


@pytest.fixture
def clock():
    class Clock:
        now = 1_000_000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def review(tmp_path, database, clock):
    settings = Settings(overlap=2, lease_minutes=10)
    with Review.create(
        tmp_path / "r", map(case, range(3)), settings=settings, database=database, clock=clock
    ) as made:
        for name in ("ana", "bob", "cyd"):
            made.invite(name)
        yield made


def counted(review):
    with review._database.read() as work:
        return work.connection.execute(
            "SELECT key, taken, done, open, stream FROM items ORDER BY number"
        ).fetchall()


def test_a_lease_takes_a_place_and_its_end_gives_it_back(review, clock):
    key = review.next("ana").key
    (row,) = [row for row in counted(review) if row[0] == key]
    assert row[1:4] == (1, 0, 1)
    assert review.next("bob").key != key or row[1] == 1
    clock.now += 601
    other = review.next("cyd")
    taken = {row[0]: row[1] for row in counted(review)}
    assert sum(taken.values()) == 1
    assert taken[other.key] == 1


def test_what_came_back_stands_behind_all_cursors_and_before_the_rest(review, clock):
    first = review.next("ana").key
    clock.now += 601
    review.submit("bob", review.next("bob").lease, {"decision": "no"})
    streams = {row[0]: row[4] for row in counted(review)}
    assert streams[first] == leases.RETURNED


def test_a_lease_begins_with_its_time_and_cannot_be_guessed(review, clock):
    one = review.next("ana").lease
    clock.now += 1
    two = review.next("bob").lease
    assert one < two
    assert one[11:] != two[11:]
    assert len(one[11:]) >= 22  # 16 random bytes


def test_who_is_nobody(review):
    with review._database.read() as work, pytest.raises(AccessError, match="'eve' is not invited"):
        leases.worker(work, "eve")
