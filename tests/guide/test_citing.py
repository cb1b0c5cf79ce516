from __future__ import annotations

import pytest

from alignlab.errors import InputError
from alignlab.guide import cite, find_reference, parse_bibtex, references


def test_every_entry_reads_back_as_it_was():
    again = parse_bibtex(cite(references(), "bibtex"))
    assert list(again) == list(references())
    for key, work in references().items():
        assert again[key].fields == work.fields
        assert (again[key].kind, again[key].authors) == (work.kind, work.authors)


def test_a_key_that_stands_twice_is_written_once_in_the_order_of_the_keys():
    text = cite(["holm1979simple", "[guo2017calibration]", "@holm1979simple"])
    assert [line for line in text.splitlines() if line.startswith("@")] == [
        "@article{holm1979simple,",
        "@inproceedings{guo2017calibration,",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: cite("guo2017calibratoin"),
            "no reference 'guo2017calibratoin'. Did you",
        ),
        (lambda: cite("xyz"), "no reference 'xyz'. alignlab guide papers WORDS searches"),
        (lambda: cite([]), "No key was given"),
        (lambda: cite("holm1979simple", "bibtx"), "format='bibtx' is not one of .*'bibtex'"),
        (lambda: cite("a", works={}), "no reference 'a'"),
    ],
)
def test_what_cannot_be_cited_is_said_in_one_line(call, message):
    with pytest.raises(InputError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_other_works_are_cited_alike():
    works = parse_bibtex("@book{b, author={Lee, A.}, title={T}, year=2000}")
    assert cite("b", "apa", works=works) == "Lee, A. (2000). T.\n"
    assert find_reference("b", works).year == 2000
