import json
import sqlite3

from alignlab.oversight.review import Review


def test_what_was_altered_is_named_and_the_exit_code_is_one(alignlab, small):
    with Review.open("r") as review:
        review.invite("ana")
        case = review.next("ana")
        review.submit("ana", case.lease, {"decision": case.choices[0]})
        head = review.head.hash
    code, out, err = alignlab("review verify r")
    assert (code, err) == (0, "")
    assert head in out
    stated = json.loads(alignlab("review verify r --json")[1])
    assert stated["ok"]
    assert stated["head"]["hash"] == head
    with sqlite3.connect("r/review.db") as database:
        for (name,) in database.execute(
            "select name from sqlite_master where type = 'trigger'"
        ).fetchall():
            database.execute(f"drop trigger {name}")
        last = database.execute("select max(seq) from events").fetchone()[0]
        database.execute("update events set body = replace(body, 'own', 'owm')")
    database.close()
    code, out, err = alignlab("review verify r")
    assert (code, err) == (1, "")
    assert len(out.split()) > 3
    assert json.loads(alignlab("review verify r --json")[1])["events"] < last


def test_a_head_that_is_none_is_one_line(alignlab, small):
    code, out, err = alignlab("review verify r --head abc")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
