from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from alignlab.guide import parse_bibtex, references

KEYS = "guo2017calibration holm1979simple"


def test_bibtex_reads_back(alignlab):
    code, shown, _ = alignlab(f"guide cite {KEYS}")
    assert code == 0
    assert [work.fields for work in parse_bibtex(shown).values()] == [
        references()[key].fields for key in KEYS.split()
    ]


def test_apa(alignlab):
    _, shown, _ = alignlab(f"guide cite {KEYS} --format apa")
    assert shown.splitlines()[1] == (
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. "
        "Scandinavian Journal of Statistics, 6(2), 65–70. https://www.jstor.org/stable/4615733"
    )


def test_typst_into_a_file(alignlab):
    code, shown, _ = alignlab(f"guide cite {KEYS} --format typst --out refs/r.yaml")
    assert (code, shown) == (0, "Written to refs/r.yaml: 2 references\n")
    assert list(yaml.safe_load(Path("refs/r.yaml").read_text("utf-8"))) == KEYS.split()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("guo2017calibratoin", "no reference 'guo2017calibratoin'. Did you mean 'guo2017calib"),
        (f"{KEYS} --format bibtx", "--format bibtx is not one of 'bibtex', 'apa', 'typst'."),
        (f"{KEYS} --out .", "Cannot write to .: it is a directory. Name a file with --out."),
        ("", "missing argument 'KEY"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(alignlab, here, line, message):
    before = sorted(here.iterdir())
    code, shown, error = alignlab(f"guide cite {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(here.iterdir()) == before


def test_an_unknown_key_leaves_the_file_as_it_was(alignlab, here):
    (here / "r.bib").write_text("mine")
    assert alignlab("guide cite holm1979simple nobody2000x --out r.bib")[0] == 2
    assert (here / "r.bib").read_text() == "mine"
