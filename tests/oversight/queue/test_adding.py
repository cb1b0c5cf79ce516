import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.queue.adding import BATCH, DIGESTED, item_digest
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings


def case(n, **given):
    content = {"form": "text", "text": "x"}
    return Item(**{"key": f"c{n}", "content": content, "choices": ["yes", "no"], **given})


def test_a_digest_changes_with_everything_it_covers():
    row = dict.fromkeys(DIGESTED, "a")
    digests = {item_digest(row | {name: "b"}) for name in DIGESTED}
    assert len(digests | {item_digest(row)}) == len(DIGESTED) + 1


def test_the_random_sample_is_its_share_whatever_the_number(tmp_path, database):
    for count, share in ((1, 0.1), (7, 0.3), (2500, 0.1)):
        with Review.create(
            tmp_path / f"r{count}",
            map(case, range(count)),
            settings=Settings(random_share=share),
            database=database,
        ) as review:
            assert drawn(review) == -(-count * share // 1)  # rounded up


def test_the_last_item_is_no_likelier_than_others(tmp_path):
    items = list(map(case, range(BATCH + 1)))
    last = []
    for seed in range(12):
        with Review.create(tmp_path / f"r{seed}", items, settings=Settings(seed=seed)) as review:
            assert drawn(review) == 101
            with review._database.read() as work:
                query = f"SELECT drawn FROM items WHERE key = 'c{BATCH}'"
                last.append(work.connection.execute(query).fetchone()[0])
    # Each with a chance of a tenth: seven of twelve have one of 50 millionths.
    assert last.count("random") < 7


def drawn(review):
    with review._database.read() as work:
        query = "SELECT count(*) FROM items WHERE drawn = 'random'"
        return work.connection.execute(query).fetchone()[0]


def test_one_by_one_the_sample_is_not_everything(tmp_path):
    with Review.create(tmp_path / "r", [case("x")], settings=Settings(random_share=0.2)) as review:
        for n in range(100):
            review.add([case(n)])
        # 20 expected with a standard deviation of 4
        assert 6 < drawn(review) < 34
        assert review.verify().ok


def test_the_sample_does_not_look_at_the_worth(tmp_path):
    items = [case(n, worth=float(n)) for n in range(2000)]
    with Review.create(tmp_path / "r", items) as review, review._database.read() as work:
        mean = work.connection.execute(
            "SELECT avg(worth) FROM items WHERE drawn = 'random'"
        ).fetchone()[0]
    # The mean of 200 of 0 .. 1999 has a standard error of 39
    assert abs(mean - 999.5) < 120


def test_an_addition_is_whole_or_not_at_all(tmp_path, database):
    with Review.create(tmp_path / "r", [case("a")], database=database) as review:
        head = review.head
        with pytest.raises(InputError, match="Item 3: 'c2'"):
            review.add([case(0), case(1), case(2, choices=[])])
        with pytest.raises(InputError, match="none of PNG"):
            review.add([case(0)], media={"a.png": b"x"})
        assert review.head == head
        assert review.add([]) == 0
