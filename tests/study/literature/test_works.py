import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.study.literature.works import (
    Work,
    citation_key,
    clean,
    doi_of,
    eprint_of,
    title_letters,
)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1145/3287560.3287596", "10.1145/3287560.3287596"),
        ("https://dx.doi.org/10.1145/ABC.", "10.1145/abc"),
        ("doi:10.1002/(SICI)1097", "10.1002/(sici)1097"),
        ("10.48550/arXiv.1706.04599", ""),
        ("11.1/x", ""),
        ("", ""),
    ],
)
def test_a_doi_has_one_form(text, doi):
    assert doi_of(text) == doi


@pytest.mark.parametrize(
    ("text", "eprint"),
    [
        ("1706.04599", "1706.04599"),
        ("arXiv: 1706.04599v3", "1706.04599"),
        ("https://arxiv.org/pdf/1706.04599v1.pdf", "1706.04599"),
        ("cs/0112017", "cs/0112017"),
        ("10.48550/ARXIV.1706.04599", "1706.04599"),
        ("10.1145/3287560.3287596", ""),
        ("123456.7890", ""),
    ],
)
def test_a_preprint_has_one_number(text, eprint):
    assert eprint_of(text) == eprint


def test_what_is_no_markup_stays():
    assert clean("if n<m and k>2, then <i>p</i> &lt; 0.05") == "if n<m and k>2, then p < 0.05"


@given(st.text(max_size=60))
def test_cleaning_is_done_once_and_for_all(text):
    once = clean(text)
    assert "\n" not in once
    assert title_letters(once) == title_letters(title_letters(once))


def test_a_key_is_kept_or_made():
    work = Work(title="The 3 Laws: of Robots", authors=("Müller-Lüdenscheidt, A.",), year=1999)
    assert citation_key(work, ()) == "mullerludenscheidt1999laws"
    assert citation_key(work, {"MULLERludenscheidt1999LAWS"}).endswith("b")
    assert citation_key(Work(key="my:key", title="T"), ()) == "my:key"
    assert citation_key(Work(key="10", title="Of"), ()) == "anonymous"
    assert citation_key(Work(title="世界", authors=("7 Labs, X.",)), ()) == "work7labs"
