import json
from pathlib import Path

import pandas as pd
import pytest

from alignlab.oversight.review import Review


@pytest.fixture
def said(small):
    """Two answers of ana's in `r`."""
    with Review.open("r") as review:
        review.invite("ana")
        for _ in range(2):
            case = review.next("ana")
            review.submit("ana", case.lease, {"decision": case.choices[0]})
    return small


def test_the_files_ending_says_the_format(alignlab, said):
    code, out, err = alignlab("review export r --out out/answers.csv")
    assert (code, err) == (0, "")
    assert out.startswith("2 rows in out/answers.csv, head ")
    assert len(pd.read_csv("out/answers.csv")) == 2
    told = json.loads(alignlab("review export r --out answers.jsonl --pseudonyms --json")[1])
    assert told["rows"] == 2
    assert len(Path("answers.jsonl").read_text("utf-8").splitlines()) == 2
    assert "ana" not in Path("answers.jsonl").read_text("utf-8")


def test_the_head_of_an_export_is_verified(alignlab, said):
    head = json.loads(alignlab("review export r --out a.csv --json")[1])["head"]["hash"]
    code, out, _ = alignlab(f"review verify r --head {head}")
    assert code == 0
    assert "Nothing was altered" in out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--out answers.txt", "does not say a format by its ending"),
        ("--out answers.csv --format cvs", "Did you mean 'csv'?"),
        ("--out answers.csv --format jsonl", ""),
        ("--out answers.jsonl --format trl-dpo --ties often", ""),
        ("", "missing option '--out'"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(alignlab, said, line, told):
    code, out, err = alignlab(f"review export r {line}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert told in err
    assert "defect" not in err
    assert not list(Path().glob("answers*"))
