from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from alignlab.errors import InputError
from alignlab.guide import TOPICS, Reference, parse_bibtex, references
from alignlab.guide.works import bundled_text

ENTRY = r"""
% a comment with a { brace
@article{mueller2020red,
  author = {M{\"u}ller, Anna and {Daum{\'e} III}, Hal and
            Bu{\c{c}}inca, Zana},
  title = {{Red, {AI} \& Green}},
  year = {2020},
  journal = {Journal},
  pages = {1--9},
  doi = {https://doi.org/10.1/x},
  eprint = {2001.00001},
  keywords = {values, two},
  verified = {doi}
}
"""


def test_an_entry_by_hand():
    (work,) = parse_bibtex("% as_of: 2026-11-22\n" + ENTRY).values()
    assert work == Reference(
        key="mueller2020red",
        authors=("Müller, Anna", "Daumé III, Hal", "Buçinca, Zana"),
        title="Red, AI & Green",
        year=2020,
        venue="Journal",
        doi="10.1/x",
        eprint="2001.00001",
        keywords=("values", "two"),
        verified="doi",
        as_of="2026-11-22",
    )
    assert work.fields["pages"] == "1–9"
    assert work.topics == ("values",)
    assert work.to_dict()["link"] == "https://doi.org/10.1/x"


def test_the_line_of_a_reference_list_and_its_link():
    work = parse_bibtex(ENTRY)["mueller2020red"]
    assert str(work) == "Müller et al. (2020). Red, AI & Green. Journal."
    preprint = parse_bibtex(ENTRY.replace("doi =", "note ="))["mueller2020red"]
    assert preprint.link == "https://arxiv.org/abs/2001.00001"
    other = parse_bibtex(ENTRY.replace("doi =", "archiveprefix = {HAL}, note ="))["mueller2020red"]
    assert other.link == other.eprint == ""


def test_an_edited_book_and_a_work_without_a_year_are_read():
    book = parse_bibtex("@book{x, editor = {Ann Lee}, title = {T?}}")["x"]
    assert (book.authors, book.year, str(book)) == ((), None, "Lee (n.d.). T?")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (ENTRY + ENTRY, r"my\.bib:17: the key 'mueller2020red' stands twice, first in line 3"),
        (ENTRY.replace("title =", "note ="), r"my\.bib:3: .* has no title"),
        (ENTRY.replace("{2020}", "{in press}"), r"my\.bib:3: the year .* 'in press', is not four"),
        (ENTRY.replace("{Journal},", "{Journal,"), r"my\.bib:\d+: after the field 'journal'"),
        (
            ENTRY.rstrip()[:-1],
            r"my\.bib:\d+: after the field 'verified' .*the entry begins in line 3",
        ),
    ],
)
def test_a_broken_file_says_which_entry(broken, message):
    with pytest.raises(InputError, match=message):
        parse_bibtex(broken, name="my.bib")


def test_every_entry_of_the_file_is_read_and_no_markup_is_left():
    keys = re.findall(r"^@[a-z]+\{(.*),$", bundled_text("references.bib"), re.MULTILINE)
    assert list(references()) == keys
    shown = "".join(f"{work}{work.authors}" for work in references().values())
    assert not re.search(r"[{}\\]|--", shown)


def test_every_topic_has_works_and_they_cannot_be_changed():
    topics = {topic for work in references().values() for topic in work.topics}
    assert topics == set(TOPICS)
    with pytest.raises(TypeError):
        references()["x"] = None


def test_nothing_of_the_room_needs_more_than_words():
    """The guide opens at once: no library of numbers, of YAML or of the network is imported."""
    code = "import alignlab.guide, sys; alignlab.guide.references(); print(*sys.modules)"
    done = subprocess.run(
        [Path(__import__("sys").executable), "-c", code], capture_output=True, text=True, check=True
    )
    kept_out = {"numpy", "pandas", "torch", "yaml", "httpx", "pybtex", "rich"}
    assert not kept_out & set(done.stdout.split())
