import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Advice, Item
from alignlab.oversight.review import Review
from alignlab.oversight.settings import Settings


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def review(tmp_path, database, clock):
    item = Item(
        key="a",
        content={"form": "text", "text": "x"},
        choices=["yes", "no"],
        advice=Advice("yes", 0.5),
        card={},
    )
    settings = Settings(arms=("own first",), lease_minutes=10)
    with Review.create(
        tmp_path / "r", [item], settings=settings, database=database, clock=clock
    ) as made:
        made.invite("ana")
        yield made


def kinds(review):
    with review._database.read() as work:
        rows = work.connection.execute("SELECT kind FROM events ORDER BY seq").fetchall()
    return [kind for (kind,) in rows]


def test_the_own_answer_is_on_record_before_advice_is_sent(review):
    given = review.next("ana")
    final = review.step("ana", given.lease, {"decision": "no", "confidence": 0.6})
    assert kinds(review) == ["created", "items", "invited", "own"]
    assert final.own["confidence"] == 0.6
    review.submit("ana", given.lease, {"verdict": "accept"})
    assert review.undo("ana").own["decision"] == "no"
    assert kinds(review)[4:] == ["answer", "undone"]


def test_doing_something_extends_the_lease(review, clock):
    given = review.next("ana")
    clock.now += 500
    after = review.step("ana", given.lease, {"decision": "no"})
    assert after.expires == given.expires + 500


def test_times_are_kept(review, clock):
    given = review.next("ana")
    clock.now += 2.5
    review.step("ana", given.lease, {"decision": "no"}, visible_ms=1000)
    clock.now += 1.5
    review.submit("ana", given.lease, {"decision": "no"}, visible_ms=500.04)
    (said,) = review.answers()
    assert (said.server_ms, said.visible_ms, said.own["visible_ms"]) == (4000, 500.0, 1000.0)
    assert said.at == clock.now


def test_handing_on_needs_no_own_answer_and_is_no_step(review):
    given = review.next("ana")
    with pytest.raises(InputError, match="handed on by an answer"):
        review.step("ana", given.lease, {"verdict": "defer"})
    review.submit("ana", given.lease, {"verdict": "defer"})
    (said,) = review.answers()
    assert (said.answer["decision"], said.own, said.advice_seen) == (None, None, False)


@pytest.mark.parametrize("given", [-1, "1", True, 1e11, float("nan")])
def test_times_that_cannot_be(review, given):
    with pytest.raises(InputError, match="visible_ms"):
        review.step("ana", review.next("ana").lease, {"decision": "no"}, visible_ms=given)
