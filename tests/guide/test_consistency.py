from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from alignlab.guide import books, check, corrections, path, references
from alignlab.guide.consistency import (
    book_issues,
    correction_issues,
    path_issues,
    reference_issues,
)


def faults(issues):
    return [issue.what for issue in issues if issue.kind == "fault"]


def test_the_guide_has_no_fault():
    found = check()
    assert faults(found) == []
    assert {issue.kind for issue in found} == {"gap"}  # a checker that finds nothing checks nothing


WORK = references()["clopper1934use"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"doi": "10.x"}, "'10.x' is no DOI"),
        ({"eprint": "0702.1"}, "is no arXiv number"),
        ({"url": "www.x.org"}, "is no address"),
        ({"year": None}, "its year, None"),
        ({"verified": ""}, "does not say how it was verified"),
        ({"as_of": ""}, "does not say when"),
        ({"keywords": ("x",)}, "none of its keywords is a topic"),
        ({"authors": (), "fields": MappingProxyType({})}, "no author and no editor"),
        ({"key": "Clopper_34"}, "the key is not a family name"),
    ],
)
def test_each_fault_of_a_reference_is_found(change, message):
    work = replace(WORK, **change)
    (what,) = faults(reference_issues({work.key: work}))
    assert message in what


def test_old_and_new_numbers_of_arxiv_are_both_right():
    for number in ("1606.06565", "2001.00001v2", "hep-th/9711200", "math.ST/0406456"):
        assert not faults(reference_issues({WORK.key: replace(WORK, eprint=number)}))


def test_one_work_under_two_keys_is_found():
    other = replace(WORK, key="clopper1934limits")
    found = faults(reference_issues({WORK.key: WORK, other.key: other}))
    assert found == [f"it has the same {name} as {other.key}" for name in ("doi", "title")]


def test_books_that_cannot_be_cited_or_are_excluded_and_offered():
    book = next(each for each in books() if each.key == "burkov2020machine")
    assert faults(book_issues([book], references())) == []
    assert "cannot be cited" in faults(book_issues([replace(book, key="x2000y")], {}))[0]
    assert "is excluded" in faults(book_issues([replace(book, exclude=True)], references()))[0]
    assert "no ISBN" in faults(book_issues([replace(book, isbn="9781777005451")], references()))[0]
    assert "no book here" in faults(book_issues([replace(book, instead="x")], references()))[0]
    assert faults(book_issues([book, book], references())) == ["the key stands twice"]


def test_readings_and_corrections_that_lead_to_nothing():
    steps = [replace(path()[0], read=("nobody2000nothing",))]
    assert faults(path_issues(steps, references())) == [
        "references.bib has no 'nobody2000nothing' to read"
    ]
    assert "not numbered" in faults(path_issues(path()[1:], references()))[0]
    assert faults(path_issues(path(), references(), excluded=["stevens2020deep"]))
    wrong = [replace(corrections()[0], about=("nothing",))]
    assert "nothing has the key 'nothing'" in faults(correction_issues(wrong, references(), ()))[0]
