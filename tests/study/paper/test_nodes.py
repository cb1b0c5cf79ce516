from alignlab.study.paper.formulas import read_formula
from alignlab.study.paper.nodes import (
    Citation,
    Cited,
    Code,
    Emphasis,
    Figure,
    Grid,
    Items,
    LineBreak,
    Mathematics,
    Note,
    Paragraph,
    Quote,
    Source,
    Text,
    Value,
    as_text,
    plain_text,
    walk,
)


def test_plain_text_keeps_words_and_leaves_out_citations_and_notes():
    pieces = (
        Text("a "),
        Emphasis((Text("b"), Code("c"))),
        LineBreak(),
        Value("0.5", "H1"),
        Citation((Cited("x"),)),
        Note((Text("unseen"),)),
        Mathematics(read_formula("y")),
    )
    assert plain_text(pieces) == "a bc 0.5y"


def test_walking_meets_everything_in_the_order_of_reading():
    figure = Figure("F", as_text("caption"), "", "f.svg", b"")
    grid = Grid("T", as_text("title"), (as_text("head"),), ((as_text("cell"),),), ("left",))
    blocks = (
        Items(((Paragraph(as_text("item")),),)),
        Quote((Paragraph((Note(as_text("note")),)),)),
        figure,
        grid,
        Source("a.typ", "", (("b.typ", Paragraph(as_text("placed"))),)),
    )
    words = [each.text for each in walk(blocks) if isinstance(each, Text)]
    assert words == ["item", "note", "caption", "title", "head", "cell", "placed"]
