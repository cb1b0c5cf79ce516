import tracemalloc

from alignlab.oversight.archive.reading import Progress
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review


def case(n):
    return Item(key=f"c{n}", content={"form": "text", "text": "x" * 200}, choices=["yes", "no"])


def test_status_counts_what_can_be_counted_by_hand(tmp_path, database):
    with Review.create(tmp_path / "r", map(case, range(5)), database=database) as review:
        for name in ("ana", "bob"):
            review.invite(name)
        given = review.next("ana")
        review.submit_and_next("ana", given.lease, {"verdict": "defer"})
        status = review.status()
        assert (status.items, status.complete, status.open) == (5, 0, 5)
        assert (status.leased, status.waiting, status.answers) == (1, 1, 1)
        assert status.people == (
            Progress("ana", "reviewer", True, 1, True),
            Progress("bob", "reviewer", True, 0, False),
        )
        assert status.head == review.head


def test_reading_answers_takes_no_more_memory_for_more_of_them(tmp_path):
    with Review.create(tmp_path / "r", map(case, range(700))) as review:
        review.invite("ana")
        given, peaks = review.next("ana"), []
        for count in (100, 500):
            for _ in range(count):
                said = {"decision": "yes", "reason": "x" * 300}
                _, given = review.submit_and_next("ana", given.lease, said)
            sum(1 for _ in review.answers(content=True))
            tracemalloc.start()
            sum(1 for _ in review.answers(content=True))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
