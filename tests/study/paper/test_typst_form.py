import re
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alignlab.guide import references
from alignlab.study.paper.manuscript import Manuscript
from alignlab.study.paper.nodes import (
    Citation,
    Cited,
    Code,
    CodeBlock,
    Emphasis,
    Figure,
    Grid,
    Heading,
    Items,
    LineBreak,
    Link,
    Note,
    Paragraph,
    Quote,
    See,
    Source,
    Strong,
    Text,
    as_text,
)
from alignlab.study.paper.typesetting import html_of, pdf_of
from alignlab.study.paper.typst_form import cited_typst, escaped, quoted, typst_files
from alignlab.study.spec import Author

SIGNS = "\\#$*_`<>@~[](){}'\"/.-+=:;,!?&%|^ 0a1-- ...//*/http://x.y=+"


def shown(files):
    made = html_of(files).partition("<body>")[2].partition("</body>")[0]
    # An apostrophe within a word is drawn as one.
    return " ".join(unescape(re.sub("<[^>]+>", "", made)).split()).replace("’", "'")


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.sampled_from(SIGNS) | st.characters(codec="utf-8", exclude_categories=["C", "Z"]))
)
@example('#read("/etc/passwd")')
@example("= title\n- item\n1. one\n/ a: b")
@example("a -- b --- c -? -1 ... 'q' \"r\"")
@example("@key <label> #let x = 1; $x$ // gone /* gone */ http://a.b")
def test_any_text_is_set_as_it_stands(text):
    """Typst's own reading of what was escaped is the text again: nothing in it was markup."""
    wanted = " ".join(f"[{text}]".split()).replace("’", "'")
    assert shown({"main.typ": f"[{escaped(text)}]".encode()}) == wanted
    assert shown({"main.typ": f"#{quoted(f'[{text}]')}".encode()}) == wanted


def paper(*blocks, works=(), columns=2, **more):
    held = {"abstract": (), "keywords": (), "style": "ieee", "authors": (), **more}
    return Manuscript(title="T", sections=blocks, works=works, columns=columns, **held)


def test_every_kind_of_node_is_set_without_a_warning():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="90"><text>t</text></svg>'
    key = "holm1979simple"
    wide = tuple(as_text(f"a long heading {at}") for at in range(9))
    blocks = (
        Heading(1, as_text("One")),
        Heading(3, as_text("Three")),
        Paragraph((Text("a"), Emphasis(as_text("b")), Text("(c)"), Strong(as_text("d")),
                   Code("e`f"), Link("https://x.y/#z", as_text("[g]")), LineBreak(),
                   Note(as_text("n")), See("figure", "F"), See("table", "W"),
                   Citation((Cited(key, "p. [3]"), Cited("guo2017calibration"))),
                   Citation((Cited(key),), narrative=True))),
        Items(((Paragraph(as_text("a")), Paragraph(as_text("b"))),), 4),
        Quote((Paragraph(as_text("q")),)),
        CodeBlock('x = "\\n"\n  #y'),
        Grid("", (), (as_text("a"),), ((as_text("b"),),), ("left",)),
        Grid("W", as_text("wide"), wide, (wide,), ("left",) * 9),
        Figure("F", as_text("caption"), 'say "it"', "figure-F.svg", svg, 900, 90),
        Source("paper/x.typ", "#include \"/placed.typ\";", (("placed.typ", Paragraph(())),)),
    )  # fmt: skip
    works = (references()[key], references()["guo2017calibration"])
    for columns in (1, 2):
        authors = tuple(Author(name=f"A. {at}") for at in range(5))
        files = typst_files(
            paper(*blocks, works=works, columns=columns, authors=authors, keywords=("k",),
                  abstract=(Paragraph(as_text("A")),))
        )  # fmt: skip
        assert pdf_of(files).startswith(b"%PDF")
        spans = files["main.typ"].count(b"#wide[")
        assert spans == (2 if columns == 2 else 0)


def test_a_citation_with_its_place():
    citation = Citation((Cited("a"), Cited("b", "p. 3")))
    assert cited_typst(citation) == ('#cite(label("a"));#cite(label("b"), supplement: [p. 3]);')


def test_nobody_is_named_in_an_anonymous_paper():
    files = typst_files(paper(Paragraph(as_text("x"))))
    assert b"Anonymous authors" in files["main.typ"]


@pytest.mark.parametrize("columns", [1, 2])
def test_the_same_paper_gives_the_same_bytes(columns):
    files = typst_files(paper(Paragraph(as_text("x")), columns=columns))
    assert pdf_of(files) == pdf_of(dict(reversed(files.items())))
