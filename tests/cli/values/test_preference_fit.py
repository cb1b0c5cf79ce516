import json
from pathlib import Path

import pytest


def test_weights_have_intervals_and_are_tested(alignlab, said):
    code, shown, error = alignlab(
        "values prefer rows.jsonl --features speed,cost --annotators --out o"
    )
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "rows.jsonl: 300 comparisons of 30 rows by 3 annotators" in text
    assert "Held out: of" in text
    assert '"the first shown wins" in' in text
    assert "rob" in text
    assert "cannot be told from random answers" in text
    assert max(map(len, shown.splitlines())) <= 80
    told = json.loads(Path("o/prefer.json").read_text("utf-8"))
    assert told["estimates"]["speed"]["low"] > 0 > told["estimates"]["cost"]["high"]
    assert "What is preferred?" in Path("o/prefer.svg").read_text("utf-8")
    assert Path("o/prefer.csv").read_text("utf-8").startswith("name,value,low,high\nspeed,")


def test_texts_get_scores_and_show_how_they_begin(alignlab, said):
    code, shown, error = alignlab("values prefer texts.jsonl --holdout 0")
    assert (code, error) == (0, "")
    assert "begins" in shown
    assert "answer 3 and so on and so on and so on" in shown
    assert "an item with a score higher by 1 is preferred in 73%" in " ".join(shown.split())
    assert "Held out" not in shown


def test_circles_are_counted_and_not_refused(alignlab, here):
    items = [f'{{"item": {i}, "text": "{name}"}}' for i, name in enumerate("abc")]
    said = [f'{{"compared": [{a}, {b}], "ranks": [1, 2]}}' for a, b in ((0, 1), (1, 2), (2, 0))]
    Path("c.jsonl").write_text("\n".join([*items, *said * 5]) + "\n", encoding="utf-8")
    code, shown, error = alignlab("values prefer c.jsonl --holdout 0")
    assert (code, error) == (0, "")
    assert "Circles: in 1 of 1 triples majorities go round" in shown


def test_the_same_seed_gives_the_same_bytes(alignlab, said):
    line = "values prefer rows.jsonl --json --seed 3"
    assert alignlab(line)[1] == alignlab(line)[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("absent.jsonl", "There is no file 'absent.jsonl'"),
        ("p.csv", "p.csv"),
        ("empty.jsonl", "empty.jsonl"),
        ("broken.jsonl", "Line 1 of broken.jsonl"),
        ("rows.jsonl --features speed", "1 feature names for 2 features"),
        ("rows.jsonl --features ,", "--features is empty"),
        ("rows.jsonl --model scores --features a,b", "leave --model out"),
        ("rows.jsonl --model score", "Did you mean 'scores'?"),
        ("rows.jsonl --ties haf", "Did you mean 'half'?"),
        ("rows.jsonl --holdout 1", "--holdout 1: it lies from 0 to below 1"),
        ("rows.jsonl --level 95", "--level 95: it lies between 0 and 1"),
        ("rows.jsonl --regularization -1", "regularization=-1"),
        ("texts.jsonl --annotators", "who made each comparison"),
    ],
)
def test_wrong_input_is_one_line(alignlab, said, line, message):
    Path("empty.jsonl").touch()
    Path("broken.jsonl").write_text("not json\n", encoding="utf-8")
    code, shown, error = alignlab(f"values prefer {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
