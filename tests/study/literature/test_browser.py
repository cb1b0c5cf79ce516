import pytest

from alignlab.errors import InputError
from alignlab.oversight.review import Review
from alignlab.study.literature.browser import make_review, with_answers
from alignlab.study.literature.criteria import Criteria
from alignlab.study.literature.priority import screening_order
from alignlab.study.literature.screening import Decision, Screening
from alignlab.study.literature.works import Work

PAPERS = tuple(Work(key=f"p{n}", title=f"Title {n}", abstract=f"About {n}" if n else "", year=2020)
               for n in range(5))  # fmt: skip
CRITERIA = Criteria({"topic": "It is about fairness."}, {"survey": "It is a survey."})


def make(folder, held=None):
    held = held or Screening(PAPERS)
    return make_review(folder, held, screening_order(held), CRITERIA, screeners=["ana", "bo"])


def test_two_people_answer_each_paper_and_are_read_back(tmp_path):
    tokens = make(tmp_path / "r")
    assert tokens.keys() == {"ana", "bo"}
    with Review.open(tmp_path / "r") as review:
        for name in tokens:
            while (case := review.next(name)) is not None:
                assert case.choices == ("include", "exclude")
                assert set(case.content) == {"form", "title", "text"}
                if case.key == "p1":
                    said = {"verdict": "cannot tell"}
                elif case.key == "p2" and name == "bo":
                    said = {"decision": "exclude", "reason": "survey: of\nothers"}
                else:
                    said = {"decision": "include"}
                review.submit(name, case.lease, said)
    held = with_answers(tmp_path / "r", Screening(PAPERS))
    assert held.said["bo"]["p2"] == Decision("exclude", "survey: of others")
    assert [held.outcome(each.key) for each in PAPERS] == [
        "include", "conflict", "conflict", "include", "include",
    ]  # fmt: skip


def test_what_is_decided_is_not_asked_again(tmp_path):
    said = {each.key: Decision("include") for each in PAPERS[:4]}
    make(tmp_path / "r", Screening(PAPERS, {"ana": said, "bo": said}))
    with Review.open(tmp_path / "r") as review:
        assert review.status().items == 1
        case = review.next("ana")
    assert case.key == "p4"


def test_what_cannot_be_is_one_line(tmp_path):
    make(tmp_path / "r")
    with pytest.raises(InputError, match="holds a review already"):
        make(tmp_path / "r")
    held = Screening(PAPERS)
    with pytest.raises(InputError, match="takes two people"):
        make_review(tmp_path / "s", held, screening_order(held), CRITERIA, screeners=["ana", "ana"])
    everything = {each.key: Decision("include") for each in PAPERS}
    with pytest.raises(InputError, match="Nothing is left"):
        make(tmp_path / "s", Screening(PAPERS, {"ana": everything}))
