import json

import pytest

from alignlab.errors import InputError, OutputError
from alignlab.oversight.archive.places import schema_name, url_of, write_place
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review

CASE = Item(key="a", content={"form": "text", "text": "x"}, choices=["yes", "no"])


def test_the_driver_is_filled_in():
    for given in ("postgresql://a@h/d", "postgres://a@h/d", "postgresql+psycopg://a@h/d"):
        assert url_of(given).render_as_string() == "postgresql+psycopg://a@h/d"


@pytest.mark.parametrize(
    "given", ["", "review.db", "mysql://a@h/d", "sqlite:///x", "postgresql://host", "postgres:"]
)
def test_what_is_no_address(given, tmp_path):
    with pytest.raises(InputError, match="is no address of PostgreSQL"):
        Review.create(tmp_path / "r", [CASE], database=given)
    assert not (tmp_path / "r").exists()


def test_a_password_is_not_repeated_in_an_error():
    with pytest.raises(InputError) as caught:
        url_of("mysql://ana:secret@host/d")
    assert "secret" not in str(caught.value)


def test_a_schema_is_named_after_the_folder(tmp_path):
    assert schema_name(tmp_path / "Loans 2026") == "review_loans_2026"
    assert len(schema_name(tmp_path / ("x" * 200))) <= 63


def test_two_reviews_share_a_database(tmp_path, postgres):
    with (
        Review.create(tmp_path / "one", [CASE], database=postgres) as one,
        Review.create(tmp_path / "two", [CASE], database=postgres) as two,
    ):
        one.invite("ana")
        one.submit("ana", one.next("ana").lease, {"decision": "no"})
        assert (one.status().answers, two.status().answers) == (1, 0)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(InputError, match="holds a schema 'review_one' already"):
        Review.create(tmp_path / "elsewhere" / "one", [CASE], database=postgres)
    assert not (tmp_path / "elsewhere" / "one").exists()


def test_the_password_is_never_stored(tmp_path, server, monkeypatch):
    server.emptied()
    password = "correct horse"
    address = server.address("postgres", password="correct%20horse")
    with Review.create(tmp_path / "r", [CASE], database=address):
        pass
    text = (tmp_path / "r" / "project.json").read_text()
    assert password not in text
    assert "%20" not in text
    assert json.loads(text)["schema"] == "review_r"
    with pytest.raises(OutputError, match="PGPASSWORD"):
        Review.open(tmp_path / "r")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(OutputError, match="cannot be reached"):
        Review.open(tmp_path / "r")
    monkeypatch.setenv("PGPASSWORD", password)
    with Review.open(tmp_path / "r") as review:
        assert review.status().items == 1
    monkeypatch.delenv("PGPASSWORD")
    passes = tmp_path / "pgpass"
    passes.write_text(f"127.0.0.1:{server.port}:*:*:{password}\n")
    passes.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passes))
    with Review.open(tmp_path / "r") as review:
        assert review.status().items == 1
    with Review.open(tmp_path / "r", database=address) as review:
        assert review.status().items == 1


def test_a_password_among_the_options_is_not_stored(tmp_path):
    url = url_of("postgresql://ana@h/d?password=secret1&sslpassword=secret2&sslmode=require")
    write_place(tmp_path, url, "review_r")
    text = (tmp_path / "project.json").read_text()
    assert "secret" not in text
    assert "sslmode=require" in text


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="cannot be reached"):
        Review.create(tmp_path / "r", [CASE], database="postgresql://a@127.0.0.1:1/d")
    assert not (tmp_path / "r").exists()


def test_a_folder_without_a_review(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="file holds no review"):
        Review.open(tmp_path / "file")
    with pytest.raises(InputError, match=r"holds no review: there is no project\.json"):
        Review.open(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other"}', "\\xff"])
def test_a_project_file_that_says_nothing(tmp_path, text):
    (tmp_path / "project.json").write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        Review.open(tmp_path)


def test_a_file_needs_no_address(tmp_path):
    Review.create(tmp_path / "r", [CASE]).close()
    with pytest.raises(InputError, match="leave database out"):
        Review.open(tmp_path / "r", database="postgresql://a@h/d")


@pytest.mark.parametrize(
    "place",
    [
        {"database": "../other/review.db"},
        {"database": "/etc/passwd"},
        {"database": "postgresql://h/d", "schema": 'x"; DROP SCHEMA "review_y'},
        {"database": "postgresql://h/d", "schema": "pg_catalog, public"},
        {"database": "postgresql://h/d", "schema": 7},
    ],
)
def test_a_project_file_that_names_what_is_not_the_reviews(tmp_path, place):
    text = json.dumps({"format": "alignlab review 1", **place})
    (tmp_path / "project.json").write_text(text)
    with pytest.raises(InputError, match=r"project\.json cannot be read"):
        Review.open(tmp_path)
