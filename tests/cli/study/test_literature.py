import csv
import json

import pytest

STATEMENT = """\
study: s
title: T
question: Why?
run: experiment:run
factors: {x: [a, b]}
seeds: 2
measures: {m: {primary: true}}
"""
CRITERIA = "include: {topic: It is fair.}\nexclude: {survey: It is a survey.}\n"


@pytest.fixture
def place(here):
    (here / "study.yaml").write_text(STATEMENT)
    lines = []
    for n in range(30):
        word = "fairness of groups" if n % 3 == 0 else "speed of chips"
        lines += [
            "TY  - JOUR",
            f"TI  - On the {word}, part {n}",
            f"AU  - Nobody{n}, A.",
            "PY  - 2020",
        ]
        lines += [f"AB  - We study the {word}.", "ER  - ", ""]
    (here / "a.ris").write_text("\r\n".join(lines))
    return here


def fill(path, decide):
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    with open(path, "w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows({**row, **decide(row)} for row in rows)


def decide(row):
    if "fairness" in row["title"]:
        return {"decision": "include", "reason": ""}
    return {"decision": "exclude", "reason": "survey"}


def test_from_files_to_gaps(alignlab, place):
    code, out, _ = alignlab("study literature import a.ris")
    assert code == 0
    assert "30 records read: 30 new, 0 found twice." in out
    assert "imported before" in alignlab("study literature import a.ris")[1]
    (place / "literature" / "criteria.yaml").write_text(CRITERIA)
    code, out, err = alignlab("study literature screen --screener ana --screener bo")
    assert (code, err) == (0, "")
    assert "ordered by chance" in out
    sheets = place / "literature" / "sheets"
    fill(sheets / "ana.csv", decide)
    fill(
        sheets / "bo.csv",
        lambda row: {"decision": "unsure"} if "part 3" in row["title"][-7:] else decide(row),
    )
    code, out, _ = alignlab("study literature collect")
    assert "30 papers: 9 included, 20 excluded, 1 in conflict, 0 waiting." in out
    code, out, _ = alignlab("study literature agreement")
    assert "ana and bo: Kappa is 0.9" in out
    assert "Excluded: survey (20)." in out
    assert "nobody20203" not in out
    assert "They differ on 1; 0 are settled:" in out
    assert "Nothing is left to be missed." in alignlab("study literature screen")[1]
    (place / "literature" / "themes.yaml").write_text("groups: [group*]\nchips: [chip*]\n")
    assert "groups: 9 of 9" in alignlab("study literature matrix")[1]
    assert (place / "literature" / "matrix.svg").read_text().startswith("<svg")
    assert "chips: no paper" in alignlab("study literature gaps")[1]
    told = json.loads(alignlab("study literature gaps --json")[1])
    assert told["unplaced"] == []


def test_learning_from_what_is_decided(alignlab, place):
    alignlab("study literature import a.ris")
    (place / "literature" / "criteria.yaml").write_text(CRITERIA)
    alignlab("study literature screen --screener ana --screener bo")
    for name in ("ana", "bo"):
        fill(
            place / "literature" / "sheets" / f"{name}.csv",
            lambda row: decide(row) if int(row["title"].split()[-1]) < 9 else {"decision": ""},
        )
    code, out, _ = alignlab("study literature screen")
    assert code == 0
    assert "by what 9 decided papers taught" in out
    with open(place / "literature" / "sheets" / "ana.csv", newline="") as stream:
        titles = [row["title"] for row in csv.DictReader(stream)]
    assert sum("fairness" in title for title in titles[:5]) >= 4


def test_in_the_browser(alignlab, place):
    alignlab("study literature import a.ris")
    (place / "literature" / "criteria.yaml").write_text(CRITERIA)
    line = "study literature screen --in-browser --screener ana --screener bo"
    code, out, _ = alignlab(line)
    assert code == 0
    assert "ana: http://127.0.0.1:8000/enter?token=" in out
    from alignlab.oversight.review import Review

    with Review.open(place / "literature" / "review") as review:
        for name in ("ana", "bo"):
            case = review.next(name)
            review.submit(name, case.lease, {"decision": "exclude", "reason": "survey"})
    assert "excluded" in alignlab("study literature collect")[1]
    code, out, err = alignlab(line)
    assert (code, out) == (2, "")
    assert "holds a review already" in err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import aa.ris", "Cannot read aa.ris"),
        ("import a.ris --study elsewhere", "The folder elsewhere does not exist"),
        ("screen --screener ana --screener bo", "criteria.yaml: state what is taken in"),
        ("collect", "holds no references"),
        ("agreement", "holds no references"),
        ("matrix", "themes.yaml: name the themes"),
        ("gaps --few x", "--few"),
    ],
)
def test_what_cannot_be_is_one_line(alignlab, place, line, told):
    code, out, err = alignlab(f"study literature {line}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert told in err
    assert "defect" not in err


def test_two_are_needed(alignlab, place):
    alignlab("study literature import a.ris")
    (place / "literature" / "criteria.yaml").write_text(CRITERIA)
    assert "takes two people" in alignlab("study literature screen --screener ana")[2]
    code, _, err = alignlab("study literature screen --screener ana --screener 'b c'")
    assert (code, "such as b-c" in err) == (2, True)
    assert not (place / "literature" / "sheets").exists()
