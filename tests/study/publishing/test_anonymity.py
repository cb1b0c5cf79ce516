import pytest

from alignlab.errors import InputError
from alignlab.study.publishing.anonymity import names_in, require_no_names, without_names
from alignlab.study.reading import parse_study

from .conftest import STATEMENT

SPEC = parse_study(STATEMENT)


@pytest.mark.parametrize(
    "text",
    [
        "Ana García",
        "ANA GARCIA",
        "García, Ana",
        "Ana\n  García",
        r"Ana~García",
        "Bo Núñez Li",
        "Núñez Li, Bo",
        "mail ana@example.org now",
        "https://orcid.org/0000-0002-1825-0097",
    ],
)
def test_a_name_is_found_however_it_is_written(text):
    assert list(names_in({"paper/a.md": f"x\n{text}\n".encode()}, SPEC))
    assert list(names_in({"a.png": b"\x00\x01" + text.encode("utf-16-be")}, SPEC))


@pytest.mark.parametrize("text", ["Banana García", "an analysis", "bo li", "Ana and García-like"])
def test_other_words_are_no_names(text):
    assert not list(names_in({"paper/a.md": text.encode()}, SPEC))


def test_references_are_others_and_paths_are_searched():
    assert not list(names_in({"literature/references.bib": "Ana García".encode()}, SPEC))
    with pytest.raises(InputError, match=r"the name of figures/ana-garcia\.svg"):
        require_no_names({"figures/ana-garcia.svg": b""}, SPEC)


def test_all_lines_but_the_authors_stay():
    found = without_names(
        {
            "study.yaml": STATEMENT.encode(),
            "CITATION.cff": b"Ana",
            "literature/screening.csv": b"key,ana decision,ana reason,bo reason,agreed reason\n",
        }
    )
    text = found["study.yaml"].decode()
    begin, end = STATEMENT.index("authors:"), STATEMENT.index("run:")
    assert text == STATEMENT[:begin] + STATEMENT[end:]
    assert parse_study(text).authors == ()
    assert found["literature/screening.csv"] == (
        b"key,screener-1 decision,screener-1 reason,screener-2 reason,agreed reason\n"
    )
    assert "CITATION.cff" not in found


def test_authors_at_the_end_are_taken_out_too():
    begin, end = STATEMENT.index("authors:"), STATEMENT.index("run:")
    moved = STATEMENT[:begin] + STATEMENT[end:] + STATEMENT[begin:end]
    text = without_names({"study.yaml": moved.encode()})["study.yaml"].decode()
    assert parse_study(text).authors == ()


def test_a_pdf_that_cannot_be_searched_is_refused():
    with pytest.raises(InputError, match=r"paper/f\.pdf cannot be searched"):
        require_no_names({"paper/f.pdf": b"%PDF-1.4 /ObjStm"}, SPEC)
