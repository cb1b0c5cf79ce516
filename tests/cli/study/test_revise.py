import json

import pytest

from .test_literature import STATEMENT


@pytest.fixture
def place(here):
    (here / "study.yaml").write_text(STATEMENT)
    (here / "paper").mkdir()
    (here / "paper" / "method.md").write_text("# Method\n")
    (here / "analysis.json").write_text(json.dumps({"numbers": {"extra.difference": {}}}))
    return here


def test_comments_answers_and_the_letter(alignlab, place):
    assert "R1.1 is kept." in alignlab("study revise --add 'Why two?' --about paper/method.md")[1]
    assert "R2.1 is kept." in alignlab("study revise --add 'How?' --reviewer 2")[1]
    code, out, _ = alignlab(
        "study revise R1.1 --answer 'We say so.' --changed paper/method.md "
        "--analysis extra.difference"
    )
    assert (code, out) == (0, "R1.1 is answered.\n")
    code, out, _ = alignlab("study revise")
    assert "2 comments, 1 open." in out
    assert "R2.1  open" in out
    assert "Analyses: extra.difference" in alignlab("study revise R1.1")[1]
    code, out, _ = alignlab("study revise --letter letter.md")
    assert "Open in it: R2.1." in out
    assert "extra.difference (*not preregistered*)" in (place / "letter.md").read_text()
    assert json.loads(alignlab("study revise --json")[1])["open"] == ["R2.1"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--answer x", "name it"),
        ("R1.1 --add x", "give one of them"),
        ("R1.1 --changed paper/method.md", "belong to an --answer"),
        ("R1.1", "no comment 'R1.1'. Comments: none yet; --add keeps one."),
        ("R1.1 --answer x", "no comment 'R1.1'"),
        ("--add x --about paper/metod.md", "Did you mean 'paper/method.md'"),
        ("--letter letter.md", "No comments"),
        ("--study elsewhere", "elsewhere does not exist"),
    ],
)
def test_what_cannot_be_is_one_line(alignlab, place, line, told):
    code, out, err = alignlab(f"study revise {line}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert told in err
    assert not (place / "letter.md").exists()
