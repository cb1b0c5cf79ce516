from __future__ import annotations

import re
from importlib.resources import files

import pytest

from alignlab.errors import InputError
from alignlab.guide import Reference, references
from alignlab.guide.references import parse_bibtex

ENTRY = r"""
% a comment with a { brace
@article{mueller2020red,
  author = {M{\"u}ller, Anna and {Daum{\'e} III}, Hal and
            Bu{\c{c}}inca, Zana},
  title = {{Red, {AI} \& Green}},
  year = {2020},
  journal = {Journal},
  pages = {1--9},
  doi = {10.1/x},
  eprint = {2001.00001},
  keywords = {one, two}
}
"""


def test_an_entry_by_hand():
    assert parse_bibtex(ENTRY) == {
        "mueller2020red": Reference(
            key="mueller2020red",
            authors=("Müller, Anna", "Daumé III, Hal", "Buçinca, Zana"),
            title="Red, AI & Green",
            year=2020,
            venue="Journal",
            doi="10.1/x",
            eprint="2001.00001",
            keywords=("one", "two"),
        )
    }


def test_the_line_of_a_reference_list_and_its_link():
    work = parse_bibtex(ENTRY)["mueller2020red"]
    assert str(work) == "Müller et al. (2020). Red, AI & Green. Journal."
    assert work.link == "https://doi.org/10.1/x"
    preprint = parse_bibtex(ENTRY.replace("doi =", "note ="))["mueller2020red"]
    assert preprint.link == "https://arxiv.org/abs/2001.00001"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (ENTRY + ENTRY, "'mueller2020red' stands twice"),
        (ENTRY.replace("year =", "note ="), "'mueller2020red' has no year"),
        (ENTRY.replace("{Journal},", "{Journal,"), "never closed"),
    ],
)
def test_a_broken_file_says_which_entry(broken, message):
    with pytest.raises(InputError, match=message):
        parse_bibtex(broken)


def test_every_entry_of_the_file_is_read_and_no_markup_is_left():
    text = files("alignlab.guide").joinpath("data/references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@[a-z]+\{(.*),$", text, re.MULTILINE)
    assert list(references()) == keys
    shown = "".join(f"{work}{work.authors}" for work in references().values())
    assert not re.search(r"[{}\\]|--", shown)
    assert all(1600 < work.year < 2100 for work in references().values())


def test_the_references_cannot_be_changed():
    with pytest.raises(TypeError):
        references()["x"] = None
