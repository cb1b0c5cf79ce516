from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from alignlab.errors import InputError
from alignlab.guide.bibtex import bibtex_entry, read_entries
from alignlab.guide.works import bundled_text, references

FULL = r"""
This is a comment, an address@example too, with no entry.
% @article{no, title = {comment}}
@comment{ @article{nor, title = {this}} }
@preamble{ "\newcommand{\x}{y}" # {z} }
@STRING{ jmlr = "Journal of {Machine} " # {Learning} }
@Article(one2000two,
  Author = "Ludwig van Beethoven and {World Health Organization}" ,
  title  = {A {Nested {Deep}} Title \{sic\}},
  journal = jmlr # " Research",
  year = 2000, month = feb # "~1",
  note = "a {"} sign",
)
@misc { two2001x , title={B}, url = {http://x.org/a%20b_c~d} }
"""


def test_a_file_with_all_that_bibtex_knows():
    one, two = read_entries(FULL)
    assert (one.kind, one.key, one.line) == ("article", "one2000two", 7)
    assert dict(one.fields) == {
        "author": "Ludwig van Beethoven and {World Health Organization}",
        "title": "A Nested Deep Title {sic}",
        "journal": "Journal of Machine Learning Research",
        "year": "2000",
        "month": "February 1",
        "note": 'a " sign',
    }
    assert two.fields["url"] == "http://x.org/a%20b_c~d"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n@article{a, title {T}}", r"f\.bib:2: '=' is missing after the field 'title'"),
        ("@article{a\n title = {T}}", r"f\.bib:2: ',' is missing after the key 'a'"),
        ("@article{title = {T}}", r"f\.bib:1: the @article has no key before"),
        ("@article{, title = {T}}", r"f\.bib:1: the @article has no key"),
        ("@article{a,\n title = {T}\n year = 2}", r"f\.bib:3: after the field 'title'.* comma"),
        ("@article{a,\n title = {T", r"f\.bib:2: the brace .*'@article\{a' of line 1, is never"),
        ('@article{a,\n title = "T', r"f\.bib:2: the quotation mark .* never closed"),
        ("@article{a,\n title = jmlr}", r"f\.bib:2: no @string has the name 'jmlr'"),
        ("@article{a, title = {T}, Title = {U}}", r"f\.bib:1: the field 'Title' stands twice"),
        ("@article a", r"f\.bib:1: @article is not followed by a brace"),
        ("@{a}", r"f\.bib:1: here should stand the kind of the entry"),
        ("@misc{a, title={T}}\n@misc{a, title={U}}", r"f\.bib:2: the key 'a' stands twice"),
        ("@misc{a, title = }", r"f\.bib:1: here should stand a value"),
        ("@misc{a, title = {T}", r"f\.bib:1: .*at the end of the line"),
    ],
)
def test_what_cannot_be_read_names_file_and_line(text, message):
    with pytest.raises(InputError, match=message) as error:
        read_entries(text, name="f.bib")
    assert "\n" not in str(error.value)


def test_it_reads_what_pybtex_reads():
    theirs = parse_string(bundled_text("references.bib"), "bibtex").entries
    assert list(theirs) == list(references())

    def bare(text: str) -> str:
        text = re.sub(r"\\(['`\"v^c~])\s*\{?\w\}?", "", text).replace("--", "–")
        return re.sub(r"[^\x00-\x7f–]|[{}\\\s]", "", text)

    for key, work in references().items():
        people = theirs[key].persons
        assert set(theirs[key].fields) | set(people) == set(work.fields)
        assert theirs[key].type == work.kind
        for name, value in theirs[key].fields.items():
            ours = re.sub(r"[^\x00-\x7f–]", "", "".join(work.fields[name].split()))
            assert bare(value) == ours
        assert len(people.get("author", ())) == len(work.authors)


text = st.text("abcÄøß &%#_{}$\\-~\"'@,=.1", max_size=30).map(lambda made: " ".join(made.split()))


@given(title=text, url=st.text("ab%~_/:.", min_size=1))
def test_what_is_written_reads_back(title, url):
    plain = " ".join(title.translate({ord("\\"): None, ord("$"): None}).split())
    plain = plain.replace("---", "—").replace("--", "–")
    fields = {"author": "Lee, Ann and {A Firm}", "title": plain, "url": url}
    (read,) = read_entries(bibtex_entry("misc", "key2000x", fields))
    assert dict(read.fields) == fields
