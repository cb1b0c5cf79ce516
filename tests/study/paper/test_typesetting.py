import re
import sys

import pytest

from alignlab.errors import InputError, MissingExtraError
from alignlab.study.paper.typesetting import html_of, pdf_of


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('#read("/etc/passwd")', "file not found"),
        ('#read("../../../../../etc/passwd")', "escape"),
        ('#include "/etc/hostname"', "file not found"),
        ('#image("/etc/hostname")', "file not found"),
    ],
)
def test_a_text_reads_nothing_outside(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(InputError, match=said):
        pdf_of({"main.typ": text.encode()})
    with pytest.raises(InputError, match="file not found"):
        pdf_of({"main.typ": b'#read("secret.txt")'})


def test_what_typst_says_names_file_and_line():
    files = {"main.typ": b'#include "paper/a.typ"', "paper/a.typ": b"x\n\n#nope\n"}
    with pytest.raises(InputError, match=r"^paper/a\.typ:3: Typst says: unknown variable") as said:
        pdf_of(files)
    assert "\n" not in str(said.value)
    with pytest.raises(InputError, match=r"^main\.typ:2: .*label `<k>` does not exist.*Hm"):
        pdf_of({"main.typ": b"\n@k"}, hint=lambda label: f" Hm {label}.")


@pytest.mark.parametrize("font", ["Nope", "DejaVu Sans", "Liberation Sans", "Arial"])
def test_a_warning_fails_and_the_machines_own_fonts_are_unknown(font):
    with pytest.raises(InputError, match="unknown font family"):
        pdf_of({"main.typ": f'#text(font: "{font}")[x]'.encode()})


def test_no_date_and_no_clock_are_in_the_bytes():
    page = b"#set document(date: none)\n#datetime.today().display()"
    made = pdf_of({"main.typ": page})
    assert made == pdf_of({"main.typ": page})
    assert not re.search(rb"CreationDate|ModDate|xmp:CreateDate", made)
    assert "2000-01-01" in html_of({"main.typ": b"#datetime.today().display()"})


def test_without_typst_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match=r"alignlab\[study\]"):
        pdf_of({"main.typ": b""})
