import re
import shutil
import subprocess

import pytest
import typst

from alignlab.study.publishing.pdf_text import pdf_text

SOURCE = """
#set document(title: "T (1)", author: ("Ana García",), keywords: ("büro",))
#set page(columns: 2)
= A heading: 50 % (of it)
Office, difficult, Núñez – “quoted” \\\\ back. $sum_i alpha_i^2 >= 0.05$
*bold* _italic_ `code (x)` #lorem(60)
#table(columns: 2, [a], [b], [1.25], [−3])
#image("figure.svg", width: 4cm)
"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">
<text x="5" y="20" font-family="Libertinus Serif">Drawn by Bo</text></svg>"""


@pytest.fixture(scope="module")
def made():
    content, warned = typst.compile_with_warnings({"main.typ": SOURCE.encode(), "figure.svg": SVG})
    assert not warned
    return content


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_the_words_are_those_that_poppler_reads(made):
    theirs = subprocess.run(
        ["pdftotext", "-", "-"], input=made, capture_output=True, check=True
    ).stdout.decode()
    # After the pages come the bookmarks, here one.
    ours = pdf_text(made).partition("T (1)\n")[0].rpartition("A heading")[0]
    # Letters of a figure are set one by one, and each reader joins them in its own way.
    assert sorted(re.sub(r"\s", "", ours)) == sorted(re.sub(r"\s", "", theirs))
    assert set(re.findall(r"\w{4,}", theirs)) - set(re.findall(r"\w{4,}", ours)) == {"Drawn"}


def test_what_the_file_says_of_itself_is_read_too(made):
    text = pdf_text(made)
    for word in ("T (1)", "Ana García", "büro", "50 % (of it)", "code (x)", "1.25"):
        assert word in text
    assert "Drawn by Bo" in text.replace("\n", "")


def test_another_pdf_is_not_read_as_if_it_were_empty(made):
    assert pdf_text(b"%PDF-1.7\n1 0 obj<</Type/ObjStm>>endobj") is None
    assert pdf_text(b"%PDF-1.7\n") is None
    assert pdf_text(made.replace(b"/ToUnicode", b"/ToUnicorn")) is None
