import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import InputError
from alignlab.study.literature.criteria import Criteria
from alignlab.study.literature.screening import (
    DECISIONS,
    Decision,
    Screening,
    read_screening,
    screening_text,
    sheet_text,
    with_sheets,
)
from alignlab.study.literature.works import Work

PAPERS = tuple(
    Work(key=f"p{n}", title=f"Paper, {n}", abstract='A "b"\nc', year=2000 + n) for n in range(4)
)


def test_what_comes_of_a_paper():
    yes, no, unsure = Decision("include"), Decision("exclude", "survey"), Decision("unsure")
    said = {
        "ana": {"p0": yes, "p1": no, "p2": yes, "p3": unsure},
        "bo": {"p0": yes, "p1": no, "p2": no},
    }
    held = Screening(PAPERS, said, {"p2": Decision("exclude", "survey: of others")})
    assert [held.outcome(each.key) for each in PAPERS] == [
        "include",
        "exclude",
        "exclude",
        "waiting",
    ]
    assert held.by("bo", {"p3": unsure}).outcome("p3") == "conflict"
    assert held.reasons(Criteria({}, {"survey": "."})) == {"survey": 2}
    assert Screening(PAPERS).outcome("p0") == "waiting"


decisions = st.builds(
    Decision,
    st.sampled_from(DECISIONS),
    st.text("ab,;\" '", max_size=5).map(lambda t: " ".join(t.split())),
)
held = st.dictionaries(st.sampled_from([each.key for each in PAPERS]), decisions)


@given(held, held, held)
def test_the_list_reads_back(tmp_path_factory, ana, bo, agreed):
    folder = tmp_path_factory.mktemp("l")
    before = Screening(PAPERS, {"ana": ana, "bo": bo}, agreed)
    (folder / "screening.csv").write_text(screening_text(before))
    assert read_screening(folder, PAPERS) == before


def test_a_sheet_shows_nobody_elses_decisions(tmp_path):
    said = {"ana": {"p0": Decision("include", "mine")}, "bo": {"p1": Decision("exclude", "secret")}}
    text = sheet_text(Screening(PAPERS, said), "ana", ["p3", "p0", "p1", "p2"])
    assert "secret" not in text
    assert "bo" not in text
    assert [line.split(",")[0] for line in text.splitlines() if line.startswith("p")] == [
        "p3", "p1", "p2", "p0",
    ]  # fmt: skip
    (tmp_path / "sheets").mkdir()
    # As a spreadsheet saves it elsewhere.
    other = "\ufeff" + text.replace('"A ""b""\nc"', "x").replace('"', "").replace(
        ", ", " "
    ).replace(",", ";")
    (tmp_path / "sheets" / "ana.csv").write_text(other.replace("p3;", "p3;").replace("\n", "\r\n"))
    again = with_sheets(tmp_path, Screening(PAPERS, {"bo": said["bo"]}))
    assert again.said["ana"] == said["ana"]
    assert again.said["bo"] == said["bo"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("p0,inculde,", r"ana\.csv:2: decision='inculde' .* Did you mean 'include'"),
        ('p0,"in\nclude",', r"ana\.csv:2: "),
        ("p0,include,\np9,include,", r"ana\.csv:3: the library has no work 'p9'"),
        ("p0,include,\np0,exclude,", r"ana\.csv:3: 'p0' stands here and in line 2"),
        ("p0,,why", r"ana\.csv:2: there is a reason and no decision"),
    ],
)
def test_a_slip_in_a_sheet_is_named_by_its_line(tmp_path, rows, told):
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "ana.csv").write_text(f"key,decision,reason\n{rows}\n")
    with pytest.raises(InputError, match=told):
        with_sheets(tmp_path, Screening(PAPERS))


def test_a_decision_is_not_lost_with_a_row(tmp_path):
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "ana.csv").write_text("key,decision\np1,exclude\n")
    held = Screening(PAPERS, {"ana": {"p0": Decision("include")}})
    assert with_sheets(tmp_path, held).said["ana"].keys() == {"p0", "p1"}


@pytest.mark.parametrize("name", ["agreed", "Ana B", "../ana", ""])
def test_a_name_that_cannot_be_a_file(tmp_path, name):
    from alignlab.study.literature.screening import require_screener

    with pytest.raises(InputError, match="no name of a screener"):
        require_screener(name)
