import pytest
import typst

from alignlab.study.paper.pdf_reading import pdf_text

SOURCE = """
#set document(title: "T (1)", author: ("Ana García",), keywords: ("büro",))
#set page(columns: 2)
= A heading: 50 % (of it)
Office, difficult, Núñez – “quoted” \\\\ back (all \\\\\\\\ of them). $sum_i alpha_i^2 >= 0.05$
0.0814, 95% CI [−0.042, 1,204.5]; 3 < 4
*bold* _italic_ `code (x)` #lorem(60)
#table(columns: 2, [a], [b], [1.25], [−3])
#image("figure.svg", width: 4cm)
#pagebreak()
A second page.
"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">
<text x="5" y="20" font-family="Libertinus Serif">Drawn by Bo</text></svg>"""


@pytest.fixture(scope="module")
def made():
    content, warned = typst.compile_with_warnings({"main.typ": SOURCE.encode(), "figure.svg": SVG})
    assert not warned
    return content


def test_the_words_are_those_that_were_set(made):
    # After the pages come the bookmarks and what the file says of itself.
    said = "".join(pdf_text(made).partition("T (1)\n")[0].split())
    for words in (
        "A heading: 50 % (of it)",
        "Office, difficult, Núñez – “quoted” \\ back (all \\\\ of them).",
        "0.0814, 95% CI [−0.042, 1,204.5]; 3 < 4",
        "bold italic code (x) Lorem ipsum dolor sit amet,",
        "a b 1.25 −3",
        "Drawn by Bo",
        "A second page",
    ):
        assert words.replace(" ", "") in said, words
    assert len(said) < 900  # nothing is read twice


def test_what_the_file_says_of_itself_is_read_too(made):
    text = pdf_text(made)
    for word in ("T (1)", "Ana García", "büro", "50 % (of it)", "code (x)", "1.25"):
        assert word in text
    assert "Drawn by Bo" in text.replace("\n", "")


def test_another_pdf_is_not_read_as_if_it_were_empty(made):
    assert pdf_text(b"%PDF-1.7\n1 0 obj<</Type/ObjStm>>endobj") is None
    assert pdf_text(b"%PDF-1.7\n") is None
    assert pdf_text(made.replace(b"/ToUnicode", b"/ToUnicorn")) is None
