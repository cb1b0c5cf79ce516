import sqlite3

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review


def case(n):
    return Item(key=f"c{n}", content={"form": "text", "text": "x"}, choices=["yes", "no"])


def test_a_failure_in_the_middle_leaves_nothing(tmp_path, database):
    def broken():
        yield from map(case, range(2500))
        raise RuntimeError("the model stopped")

    with pytest.raises(RuntimeError, match="the model stopped"):
        Review.create(tmp_path / "r", broken(), database=database)
    assert not (tmp_path / "r").exists()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "mine.txt").write_text("stays")
    with pytest.raises(RuntimeError):
        Review.create(tmp_path / "r", broken(), database=database)
    assert [each.name for each in (tmp_path / "r").iterdir()] == ["mine.txt"]
    Review.create(tmp_path / "r", [case(1)], database=database).close()
    names = {each.name for each in (tmp_path / "r").iterdir()}
    assert names == {"mine.txt", "project.json"} | (set() if database else {"review.db"})


def test_items_are_read_as_they_come(tmp_path, database):
    with Review.create(tmp_path / "r", map(case, range(2001)), database=database) as review:
        assert review.status().items == 2001
        assert review.verify().ok


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        Review.create(tmp_path / "file" / "r", [case(1)])


def test_a_review_of_a_later_alignlab(tmp_path):
    Review.create(tmp_path / "r", [case(1)]).close()
    connection = sqlite3.connect(tmp_path / "r" / "review.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="made by a later alignlab"):
        Review.open(tmp_path / "r")
