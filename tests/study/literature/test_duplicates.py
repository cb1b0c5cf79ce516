from dataclasses import replace

import pytest

from alignlab.study.literature.duplicates import merged
from alignlab.study.literature.works import Work

WORK = Work(
    key="guo2017calibration",
    title="On Calibration of Modern Neural Networks",
    authors=("Guo, Chuan", "Sun, Yu"),
    year=2017,
    doi="10.1/a",
)


@pytest.mark.parametrize(
    ("other", "by"),
    [
        (replace(WORK, title="Another", doi="10.1/a"), "DOI"),
        (
            replace(WORK, doi="", title="ON CALIBRATION of modern, neural networks!"),
            "title and year",
        ),
        (replace(WORK, doi="", authors=("C. Guo",)), "title and year"),
        (replace(WORK, doi="", authors=()), "title and year"),
    ],
)
def test_the_same_work_is_kept_once_and_said(other, by):
    found = merged([WORK], [replace(other, source="b.bib:3")])
    assert [each.key for each in found.works] == ["guo2017calibration"]
    assert [(each.by, each.source) for each in found.duplicates] == [(by, "b.bib:3")]
    assert "b.bib:3" in str(found.duplicates[0])


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (replace(WORK, doi="10.1/b"), "different DOIs"),
        (replace(WORK, doi="", year=2018), "2017 and 2018"),
        (replace(WORK, doi="", authors=("Smith, A.",)), "other authors"),
    ],
)
def test_what_may_be_the_same_is_kept_and_said(other, why):
    found = merged([WORK], [other])
    assert len(found.works) == 2
    assert [(each.first, each.second) for each in found.alike] == [
        ("guo2017calibration", "guo2017calibrationb")
    ]
    assert why in found.alike[0].why


def test_two_editorials_are_two():
    notes = [Work(title="Editorial", year=2020), Work(title="Editorial", year=2020)]
    found = merged([], notes)
    assert len(found.works) == 2
    assert not found.alike


def test_a_preprint_and_its_publication_are_one_and_gain_from_each_other():
    preprint = replace(WORK, key="", doi="", eprint="1706.04599", abstract="We show.")
    found = merged([replace(WORK, eprint="1706.04599")], [preprint])
    assert found.duplicates[0].by == "preprint"
    assert found.works[0].abstract == "We show."
    assert found.works[0].doi == "10.1/a"


def test_a_key_that_another_work_has_is_changed_and_said():
    found = merged([WORK], [Work(key="guo2017calibration", title="Something else", year=1990)])
    assert found.renamed == {"guo2017calibration": "guo2017calibrationb"}


def test_importing_the_same_again_adds_nothing():
    works = [WORK, Work(title="Fair Robust Learning at Last", year=2020, authors=("A, B",))]
    once = merged([], works)
    again = merged(once.works, works)
    assert again.added == ()
    assert again.works == once.works
