from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from alignlab.errors import InputError
from alignlab.guide.works import bundled_text
from alignlab.study.literature.bibtex import as_bibtex, works_of_bibtex
from alignlab.study.literature.works import Work, clean

text = (
    st.text(
        st.characters(
            codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="{}\\$~\"'`^=."
        ),
        min_size=1,
        max_size=12,
    )
    .map(clean)
    .filter(bool)
)


def bare(works):
    return [replace(each, source="") for each in works]


def test_the_guide_itself_comes_back():
    works = works_of_bibtex(bundled_text("references.bib"))
    again = works_of_bibtex(as_bibtex(works))
    assert bare(again) == bare(works)
    assert set(parse_string(as_bibtex(works), "bibtex").entries) == {each.key for each in works}


@given(
    st.builds(
        Work,
        key=st.from_regex("[a-z]{2,5}[0-9]{4}[a-z]{2,5}", fullmatch=True),
        kind=st.sampled_from(["article", "inproceedings", "book", "misc"]),
        title=text,
        authors=st.lists(
            st.tuples(text, text).map(lambda two: f"{two[0]}, {two[1]}".replace(",,", ",")),
            max_size=2,
        ).map(lambda names: tuple(name for name in names if name.count(",") == 1)),
        year=st.none() | st.integers(1900, 2099),
        abstract=text,
    )
)
def test_what_is_written_reads_back(work):
    (again,) = works_of_bibtex(as_bibtex([work]))
    assert (again.key, again.kind, again.year) == (work.key, work.kind, work.year)
    assert (again.title, again.abstract) == (work.title, work.abstract)


def test_institutions_and_the_word_and_stay_whole():
    names = ("World Health Organization", "Band and Sons", "Guo, Chuan")
    (again,) = works_of_bibtex(as_bibtex([Work(key="a", title="50% of A_B & C#", authors=names)]))
    assert again.authors == names
    assert again.title == "50% of A_B & C#"


@pytest.mark.parametrize("bad", ["@article{a, title = {T}", "@article{a,\n title {T}}"])
def test_a_malformed_entry_names_file_and_line(bad):
    with pytest.raises(InputError, match=r"b\.bib:[23]: "):
        works_of_bibtex(f"\n{bad}", name="b.bib")
