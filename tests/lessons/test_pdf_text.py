import shutil
import subprocess

import pytest
import typst

from alignlab.errors import InputError
from alignlab.lessons.pdf_text import pdf_text

TEXT = r"""
#set page(columns: 2)
= Results (all \\ of them)
The difference is 0.0814, 95% CI [−0.042, 1,204.5]; *bold 12.5%*, _sloped_ 3 < 4, é and “so”.
#table(columns: 2, [a], [0.531], [b], [0.706])
#pagebreak()
A second page: #raw("x = 0.25").
"""


@pytest.fixture(scope="module")
def pdf(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("pdf") / "a.typ"
    path.write_text(TEXT, encoding="utf-8")
    return typst.compile(str(path))


def letters(text: str) -> str:
    return "".join(text.split())


def test_what_was_set_is_read(pdf):
    text = letters(pdf_text(pdf))
    for words in (
        "Results(all\\ofthem)", "0.0814,95%CI[−0.042,1,204.5]", "bold12.5%", "3<4,éand“so”",
        "0.531", "0.706", "Asecondpage:x=0.25.",
    ):  # fmt: skip
        assert words in text


def test_another_reader_reads_the_same_letters(pdf, tmp_path):
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("there is no other reader of PDF on this machine")
    (tmp_path / "a.pdf").write_bytes(pdf)
    done = subprocess.run([reader, tmp_path / "a.pdf", "-"], capture_output=True, check=True)
    assert sorted(letters(done.stdout.decode())) == sorted(letters(pdf_text(pdf)))


@pytest.mark.parametrize("other", [b"", b"%!PS", b"%PDF-1.7\n1 0 obj\n<</Type/Pages>>\nendobj\n"])
def test_what_is_no_such_pdf_is_refused(other):
    with pytest.raises(InputError, match="PDF"):
        pdf_text(other)
