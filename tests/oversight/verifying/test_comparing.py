import pytest

from alignlab.oversight.items import Item
from alignlab.oversight.review import Review
from alignlab.oversight.verifying.comparing import compare_state
from alignlab.oversight.verifying.replaying import AlteredError, Replay


@pytest.fixture
def review(tmp_path, database):
    items = [
        Item(key=f"c{n}", content={"form": "text", "text": "x"}, choices=["yes", "no"])
        for n in range(3)
    ]
    with Review.create(tmp_path / "r", items, database=database) as made:
        made.invite("ana")
        made.submit("ana", made.next("ana").lease, {"decision": "yes"})
        made.next("ana")
        yield made


def fault(review):
    with review._database.snapshot() as work:
        replay = Replay(work, review.settings, None)
        replay.run()
        try:
            compare_state(replay)
        except AlteredError as error:
            return str(error)
    return None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE items SET taken = 1 - taken", "What is counted of item"),
        ("UPDATE items SET rank = rank + 1", "The place of item"),
        ("UPDATE people SET answered = 2", "The number of answers of 'ana'"),
        ("UPDATE people SET item = NULL", "How many cases 'ana' was given"),
        ("UPDATE people SET name = 'eve'", "The role, the token or the arm of 'eve'"),
        ("DELETE FROM people", "The person 'ana' is missing"),
        ("DELETE FROM answers", "The answer of event 4 is missing"),
        ("DELETE FROM shown", "What is kept of the answer of event 4"),
        ("UPDATE head SET answers = 0", "The counters beside the head"),
    ],
)
def test_a_table_that_says_something_else(review, statement, told):
    assert fault(review) is None
    with review._database.write() as work:
        work.connection.execute(statement)
    assert fault(review).startswith(told)
