import hashlib
import hmac
import json
import os
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from alignlab.errors import InputError, OutputError
from alignlab.oversight.archive.chain import Head
from alignlab.oversight.exports import export, read_fragments
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review

HEAD = {"seq": 2, "hash": "ab" * 32}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def beside(path):
    return json.loads((path.parent / f"{path.name}.head.json").read_text())


@pytest.fixture
def two(review_of, answered, compared):
    return review_of(answered(), compared("first", seq=2, reviewer="bo"))


@pytest.mark.parametrize(
    ("format", "name", "rows"),
    [
        ("jsonl", "all.jsonl", 2),
        ("jsonl", "all.ndjson", 2),
        ("csv", "all.csv", 2),
        ("parquet", "all.parquet", 2),
        ("trl-dpo", "pairs.jsonl", 1),
        ("trl-dpo", "pairs.parquet", 1),
        ("trl-reward", "pairs.parquet", 1),
        ("trl-kto", "pairs.parquet", 2),
        ("imitation", "pairs.npz", 0),
    ],
)
def test_every_export_names_the_head_and_what_is_not_in_it(two, tmp_path, format, name, rows):
    path = tmp_path / "out" / name
    done = export(two, path, format=format)
    assert (done.rows, done.path, done.head) == (rows, path, two.head)
    assert sorted(os.listdir(path.parent)) == [name, f"{name}.head.json"]
    told = beside(path)
    assert told["head"] == HEAD
    assert told["rows"] == rows
    assert told["left_out"] == dict(done.left_out)
    assert sum(done.left_out.values()) + min(rows, 2) == (2 if format != "trl-kto" else 3)
    assert HEAD["hash"] in str(done)
    assert done.to_dict()["head"] == HEAD
    if path.suffix == ".parquet":
        assert json.loads(pq.read_schema(path).metadata[b"alignlab"])["head"] == HEAD
    if path.suffix == ".npz":
        assert json.loads(read_fragments(path).head)["head"] == HEAD


def test_lines_hold_answers_and_nothing_else(two, tmp_path):
    export(two, tmp_path / "all.jsonl")
    one, other = lines(tmp_path / "all.jsonl")
    assert one["answer"]["decision"] == "no"
    assert other["answer"]["preferred"] == "first"
    assert "gold" not in one


def test_a_table_has_the_same_columns_as_csv_and_as_parquet(two, tmp_path):
    export(two, tmp_path / "a.csv", format="csv")
    export(two, tmp_path / "a.parquet", format="parquet")
    one, other = pd.read_csv(tmp_path / "a.csv"), pd.read_parquet(tmp_path / "a.parquet")
    assert list(one.columns) == list(other.columns)
    assert "gold" not in one
    assert (
        one["decision"].fillna("").tolist() == other["decision"].fillna("").tolist() == ["no", ""]
    )
    assert other["confidence"].tolist()[0] == 0.8


def test_planted_items_are_told_only_where_they_are_asked_for(review_of, answered, tmp_path):
    review = review_of(answered(), answered(seq=2, key="g", drawn="gold", gold="yes"))
    assert export(review, tmp_path / "a.jsonl").rows == 1
    assert export(review, tmp_path / "a.jsonl", gold=True).rows == 2
    assert [each["gold"] for each in lines(tmp_path / "a.jsonl")] == [None, "yes"]
    export(review, tmp_path / "a.parquet", format="parquet", gold=True)
    assert pd.read_parquet(tmp_path / "a.parquet")["gold"].fillna("").tolist() == ["", "yes"]
    export(review, tmp_path / "a.csv", format="csv", gold=True)
    assert pd.read_csv(tmp_path / "a.csv")["gold"].tolist()[1:] == ["yes"]


def test_people_stand_under_one_pseudonym_in_all_exports_of_a_review(two, tmp_path):
    export(two, tmp_path / "a.jsonl", pseudonyms=True)
    export(two, tmp_path / "a.csv", format="csv", pseudonyms=True)
    named = [each["reviewer"] for each in lines(tmp_path / "a.jsonl")]
    assert named == pd.read_csv(tmp_path / "a.csv")["reviewer"].tolist()
    assert len(set(named)) == 2
    key = bytes.fromhex((two.folder / "pseudonyms.key").read_text())
    assert named[0] == "p-" + hmac.new(key, b"ana", hashlib.sha256).hexdigest()[:16]
    assert '"ana"' not in (tmp_path / "a.jsonl").read_text()
    export(two, tmp_path / "a.jsonl", pseudonyms=True, key=b"another key, long")
    assert lines(tmp_path / "a.jsonl")[0]["reviewer"] not in named


@pytest.mark.parametrize("ties", ["drop", "both"])
def test_a_tie_is_counted_or_told(review_of, compared, tmp_path, ties):
    done = export(review_of(compared("tie")), tmp_path / "a.jsonl", format="trl-dpo", ties=ties)
    assert (done.rows, dict(done.left_out)) == ((0, {"ties": 1}) if ties == "drop" else (2, {}))


def test_conversations_come_back_from_parquet(two, tmp_path):
    export(two, tmp_path / "a.parquet", format="trl-kto")
    read = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert read[0] == {
        "prompt": [{"role": "user", "content": "Which colour?"}],
        "completion": [{"role": "assistant", "content": "Blue."}],
        "label": True,
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "json"}, "Did you mean 'jsonl'"),
        ({"format": "parquet"}, "a.jsonl does not end as format='parquet' does: .parquet, .pq"),
        ({"format": "trl-dpo", "gold": True}, "no training data"),
        ({"format": "trl-dpo", "ties": "bth"}, "Did you mean 'both'"),
        ({"ties": "both"}, "keeps ties as ties"),
        ({"key": b"k" * 32}, "pseudonyms=False"),
        ({"key": b"short", "pseudonyms": True}, "at least 16 random bytes"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(two, tmp_path, changes, says):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=says):
        export(two, tmp_path / "out" / "a.jsonl", **changes)
    assert os.listdir(tmp_path / "out") == []


def test_a_directory_is_no_file(two, tmp_path):
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        export(two, tmp_path / "a.jsonl")


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet", "trl-dpo", "imitation"])
def test_what_fails_half_way_leaves_the_older_file_and_nothing_else(
    review_of, answered, tmp_path, format
):
    review = review_of(answered(), answered(seq=2))
    ending = {"csv": ".csv", "parquet": ".parquet", "imitation": ".npz"}.get(format, ".jsonl")
    path = tmp_path / "out" / f"a{ending}"
    path.parent.mkdir()
    path.write_text("older")
    whole = review.answers

    def cut(**how):
        yield from list(whole(**how))[:1]
        raise OutputError("The database is locked.")

    review.answers = cut
    with pytest.raises(OutputError, match="The database is locked"):
        export(review, path, format=format)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_text() == "older"


def test_an_export_is_of_one_moment(review_of, answered, tmp_path):
    """Somebody answers between the reading of the head and of the answers: it begins anew."""
    review = review_of(answered())
    whole, begun = review.answers, []

    def answering(**how):
        begun.append(1)
        if len(begun) == 1:
            review.given = [*review.given, answered(seq=2)]
            review.head = Head(2, "cd" * 32)
        yield from whole(**how)

    review.answers = answering
    done = export(review, tmp_path / "a.jsonl")
    assert (done.rows, done.head.seq, len(begun)) == (2, 2, 2)


def test_an_export_that_can_never_begin_gives_up(review_of, answered, tmp_path):
    review = review_of(answered())
    whole = review.answers

    def answering(**how):
        review.head = Head(review.head.seq + 1, "")
        yield from whole(**how)

    review.answers = answering
    with pytest.raises(OutputError, match="faster than the export"):
        export(review, tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("format", "name"), [("jsonl", "a.jsonl"), ("parquet", "a.parquet"), ("csv", "a.csv")]
)
def test_answers_are_not_held(review_of, answered, tmp_path, format, name):
    """What is kept of 60,000 answers at once is a batch of them."""
    from alignlab.oversight.exports.writers import BATCH

    review = review_of()
    alive = most = 0

    class Counted(SimpleNamespace):
        def __del__(self):
            nonlocal alive
            alive -= 1

    blank = vars(answered())

    def many(**_):
        nonlocal alive, most
        for seq in range(60_000):
            alive += 1
            most = max(most, alive)
            yield Counted(**{**blank, "seq": seq})

    review.answers = many
    assert export(review, tmp_path / name, format=format).rows == 60_000
    assert most <= BATCH + 2


@pytest.fixture
def pairs(tmp_path):
    """Forty pairs, of which a person likes the text "good", on whichever side it is shown."""
    items = [
        Item(
            key=f"pair {at}",
            kind="prefer",
            content={
                "form": "text",
                "prompt": "Which?",
                "first": {"text": "good" if at % 2 else "bad"},
                "second": {"text": "bad" if at % 2 else "good"},
            },
        )
        for at in range(40)
    ]
    with Review.create(tmp_path / "pairs", items) as review:
        review.invite("ana")
        while (case := review.next("ana")) is not None:
            liked = "first" if case.content["first"]["text"] == "good" else "second"
            review.submit("ana", case.lease, {"preferred": liked})
        yield review


def test_the_sides_stand_as_they_were_asked_whichever_way_they_were_shown(pairs, tmp_path):
    assert export(pairs, tmp_path / "a.jsonl", format="trl-dpo").rows == 40
    chosen = {each["chosen"][0]["content"] for each in lines(tmp_path / "a.jsonl")}
    assert chosen == {"good"}
    export(pairs, tmp_path / "b.jsonl")
    told = lines(tmp_path / "b.jsonl")
    assert {each["swapped"] for each in told} == {True, False}
    for each in told:
        odd = int(each["key"][5:]) % 2
        assert each["answer"]["preferred"] == ("first" if odd else "second")


def test_what_was_taken_back_is_not_told(pairs, tmp_path):
    pairs.undo("ana")
    assert export(pairs, tmp_path / "a.jsonl").rows == 39


def test_the_archive_can_be_held_against_an_export(pairs, tmp_path):
    done = export(pairs, tmp_path / "a.jsonl")
    kept = beside(tmp_path / "a.jsonl")["head"]
    assert kept == {"seq": done.head.seq, "hash": done.head.hash}
    pairs.undo("ana")
    assert pairs.verify(head=f"{kept['seq']}:{kept['hash']}").ok
    assert not pairs.verify(head=f"{kept['seq']}:{'0' * 64}").ok
    assert str(done.head) in str(done)
