import sys

import pytest

from alignlab.errors import MissingExtraError
from alignlab.study.paper.markdown import markdown_parser


def pieces(text):
    (inline,) = (each for each in markdown_parser().parse(text) if each.type == "inline")
    return [(each.type, each.content) for each in inline.children if each.content or each.meta]


def test_what_papers_add_to_markdown():
    assert pieces("a $x_1 * y*2$ [@k1; @k2, p. 3] @k3. {{ H1.p | .3f }}") == [
        ("text", "a "),
        ("formula", "x_1 * y*2"),
        ("text", " "),
        ("citation", "[@k1; @k2, p. 3]"),
        ("text", " "),
        ("citation", "@k3"),
        ("text", ". "),
        ("placeholder", "H1.p | .3f"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "it costs $5 and $6",
        "a@b.example",
        r"\@nobody",
        "`{{ H1.p }} $x$ @key`",
        r"\$x\$ \{{ no }}",
        "[a link](https://x.y)",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text):
    kinds = {kind for kind, _ in pieces(text)}
    assert not kinds & {"formula", "citation", "placeholder", "wrong"}


@pytest.mark.parametrize("text", ["[see @key]", "[-@key]", "{{ open", "[^1]"])
def test_what_is_meant_and_wrong_is_told(text):
    assert "wrong" in {kind for kind, _ in pieces(text)}


def test_a_place_is_counted_in_lines_of_its_block():
    (_, inline, _) = markdown_parser().parse("one\ntwo *three\nfour {{ a }}*\n[@k]")
    ours = [each for each in inline.children if "line" in each.meta]
    assert [each.meta["line"] for each in ours] == [2, 3]


def test_a_displayed_formula_may_hold_what_would_end_a_paragraph():
    tokens = markdown_parser().parse("text\n$$\nx\n= y\n+ 1\n$$\nmore")
    assert [each.type for each in tokens if each.type == "display"] == ["display"]
    (display,) = (each for each in tokens if each.type == "display")
    assert display.content.split() == ["x", "=", "y", "+", "1"]
    assert display.map == [1, 6]


def test_without_the_parser_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    markdown_parser.cache_clear()
    with pytest.raises(MissingExtraError, match=r"alignlab\[study\]"):
        markdown_parser()
