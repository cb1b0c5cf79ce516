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
    assert "Circles: in the one triple majorities go round" in shown


def test_items_keep_the_names_of_the_file(alignlab, here):
    ways = {"bus": "Take the bus", "car": "Drive", "bike": "Cycle"}
    items = [f'{{"item": "{name}", "text": "{text}"}}' for name, text in ways.items()]
    said = [
        f'{{"compared": ["{a}", "{b}"], "ranks": [1, 2]}}'
        for a, b in (("bus", "car"), ("car", "bike"), ("bus", "bike"))
    ]
    Path("w.jsonl").write_text("\n".join([*items, *said]) + "\n", encoding="utf-8")
    code, shown, error = alignlab("values prefer w.jsonl --holdout 0 --out o")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "majorities do not go round" in text
    assert "slips" not in text
    assert "item bus" in text  # in the note
    assert "Take the bus" in text
    told = json.loads(Path("o/prefer.json").read_text("utf-8"))
    assert list(told["estimates"]) == ["bus", "car", "bike"]
    assert Path("o/prefer.csv").read_text("utf-8").splitlines()[1].startswith("bus,")
    drawing = Path("o/prefer.svg").read_text("utf-8")
    assert all(f">{name}<" in drawing for name in ways)


def test_a_table_of_winners_is_fitted(alignlab, here):
    rows = ["winner,loser", *["bus,car"] * 3, "car,bus", "car,bike", "bike,bus"]
    Path("w.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, shown, error = alignlab("values prefer w.csv --holdout 0 --model bradley-terry")
    assert (code, error) == (0, "")
    assert "begins" not in shown
    assert {line.split()[0] for line in shown.splitlines()[3:6]} == {"bus", "car", "bike"}


def test_a_drawing_of_texts_says_how_they_begin(alignlab, said):
    assert alignlab("values prefer texts.jsonl --holdout 0 --out o")[0] == 0
    assert "answer 4 (4)" in Path("o/prefer.svg").read_text("utf-8")
    assert Path("o/prefer.csv").read_text("utf-8").startswith("name,value,low,high,text\n")


def test_the_same_seed_gives_the_same_bytes(alignlab, said):
    line = "values prefer rows.jsonl --json --seed 3"
    assert alignlab(line)[1] == alignlab(line)[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("absent.jsonl", "There is no file 'absent.jsonl'"),
        ("p.csv", 'or each line has "chosen" and "rejected"'),
        ("empty.jsonl", "empty.jsonl"),
        ("broken.jsonl", "Line 1 of broken.jsonl"),
        ("rows.jsonl --features speed", "1 feature names for 2 features"),
        ("rows.jsonl --features ,", "--features is empty"),
        ("rows.jsonl --model scores --features a,b", "leave --model out"),
        ("rows.jsonl --model score", "Did you mean 'scores'?"),
        ("rows.jsonl --ties haf", "Did you mean 'half'?"),
        ("rows.jsonl --holdout 1", "--holdout 1: it lies from 0 to below 1"),
        ("rows.jsonl --level 95", "--level 95: it lies between 0 and 1"),
        ("rows.jsonl --regularization -1", "--regularization -1"),
        ("texts.jsonl --annotators", "texts.jsonl does not say who made the comparisons"),
        (".", ". is a directory"),
        ("semi.csv", "separated by semicolons"),
    ],
)
def test_wrong_input_is_one_line(alignlab, said, line, message):
    Path("empty.jsonl").touch()
    Path("semi.csv").write_text("winner;loser\na;b\n", encoding="utf-8")
    Path("broken.jsonl").write_text("not json\n", encoding="utf-8")
    code, shown, error = alignlab(f"values prefer {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
