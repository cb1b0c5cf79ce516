import pytest

from alignlab.errors import InputError
from alignlab.study.paper.citing import citable_works
from alignlab.study.paper.nodes import (
    Citation,
    Cited,
    CodeBlock,
    Display,
    Emphasis,
    Grid,
    Heading,
    Items,
    Link,
    Note,
    Paragraph,
    Quote,
    See,
    Text,
    Value,
    as_text,
    walk,
)
from alignlab.study.paper.reading import Reader
from alignlab.study.paper.values import Findings

TABLE = {"title": "T", "columns": ["a"], "rows": [[1]]}


@pytest.fixture
def read(tmp_path):
    numbers = {"H1.p": {"value": 0.0312}, "H1.verdict": {"text": "It <does> $5 *now*."}}
    figures = {"H1": {"title": "Q?", "description": "D.", "file": "figures/H1.svg"}}
    findings = Findings(numbers, {"main": TABLE}, figures, (), tmp_path)
    reader = Reader(findings, citable_works(tmp_path))

    def of(text, typed=True):
        folder = tmp_path / "paper"
        return reader.read(text, name="paper/results.md", folder=folder, typed=typed)

    return of


def test_the_blocks_of_commonmark(read):
    text = "# T *i*\n\np\n\n3. one\n4. two\n\n> q\n\n```\ncode {{ H1.p }}\n```\n\n$$x$$\n"
    heading, paragraph, items, quote, code, display = read(text)
    assert heading == Heading(1, (Text("T "), Emphasis((Text("i"),))))
    assert paragraph == Paragraph(as_text("p"))
    assert isinstance(items, Items)
    assert (items.start, len(items.items)) == (3, 2)
    assert quote == Quote((Paragraph(as_text("q")),))
    assert code == CodeBlock("code {{ H1.p }}")
    assert isinstance(display, Display)


def test_the_pieces_of_a_line(read):
    (paragraph,) = read(
        'p = {{ H1.p | .2f }}, "so" -- [it](https://x.y)^[a *note*] [@holm1979simple, p. 3]'
    )
    kinds = [type(each).__name__ for each in paragraph.children]
    assert kinds == ["Text", "Value", "Text", "Link", "Note", "Text", "Citation"]
    assert paragraph.children[1] == Value("0.03", "H1.p")
    assert paragraph.children[2] == Text(", “so” – ")
    assert paragraph.children[3] == Link("https://x.y", as_text("it"))
    assert paragraph.children[4] == Note((Text("a "), Emphasis((Text("note"),))))
    assert paragraph.children[6] == Citation((Cited("holm1979simple", "p. 3"),))


def test_what_the_results_say_is_words_and_no_markup(read):
    (paragraph,) = read("{{ H1.verdict }}")
    assert paragraph.children == (Value("It <does> $5 *now*.", "H1.verdict"),)


def test_a_table_takes_its_place_and_is_pointed_to(read):
    blocks = read("{{ table main }}\n\nSee {{ see table main }}.")
    assert isinstance(blocks[0], Grid)
    assert See("table", "main") in walk(blocks)


def test_a_table_of_the_authors_has_its_caption(read):
    (grid,) = read("| a | b |\n|---|--:|\n| x | 1 |\n\n: What it *costs*.\n")
    assert grid.align == ("left", "right")
    assert grid.caption == (Text("What it "), Emphasis((Text("costs"),)), Text("."))


def test_comments_are_not_in_the_paper(read):
    assert read("<!-- what\n\nbelongs here -->\n") == ()
    (paragraph,) = read("a<!-- b -->c")
    assert paragraph.children == (Text("a"), Text("c"))


def test_a_number_stands_in_a_formula(read):
    (paragraph,) = read("$p = {{ H1.p }}$")
    assert "0.0312" in str(paragraph.children[0].formula)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("one\n\ntwo\n{{ H1.q }}", 4, "no number 'H1.q'.*Did you mean 'H1.p'"),
        ("a *b\n{{ H1.q }}*", 2, "no number"),
        ("- a\n- b {{ H1.q }}", 2, "no number"),
        ("| a |\n|---|\n| 1 |\n| {{ H1.q }} |", 4, "no number"),
        ("> x\n> [@nobody2020x]", 2, "no work 'nobody2020x'"),
        ("a\n@holm1979simpel b", 2, "Did you mean 'holm1979simple'"),
        ("x\n\n{{ table mian }}", 3, "Did you mean 'main'"),
        ("x {{ table main }}", 1, "a line of its own"),
        ("{{ figure H2 }}", 1, "no figure 'H2'"),
        ("{{ figure H1 }}", 1, "has no file H1.svg"),
        ("{{ see figure H7 }}", 1, "no figure"),
        ("{{ H1.p | %%% }}", 1, "format"),
        ("{{ what is this }}", 1, "no placeholder"),
        ("\n\n{{ H1.p", 3, "never closed"),
        ("a\n$\\fraq{1}$", 2, "Did you mean frac"),
        ("a\n\n$$\nx\n", 3, r"\$\$ and is never closed"),
        ("a ^[note\n[@no2020no]]", 2, "no work"),
        ("<b>x</b>", 1, "HTML is not read"),
        ("a <i>x</i>", 1, "HTML is not read"),
        ("<!-- c --> lost?", 1, "a comment on lines of its own"),
        ("***", 1, "rule"),
        ("![a](../../outside.svg)", 1, "outside the study's folder"),
        ("![a](https://x.y/a.svg)", 1, "not a file of this study"),
        ("![a](gone.svg)", 1, "has no file gone.svg"),
        ("x ![a](gone.svg)", 1, "a picture stands on a line of its own"),
        ("see [^1]", 1, r"\^\[its text\]"),
    ],
)
def test_every_error_names_file_and_line(read, text, line, said):
    with pytest.raises(InputError, match=said) as caught:
        read(text)
    assert str(caught.value).startswith(f"paper/results.md:{line}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "number"),
    [
        ("a\nb 0.05", 2, "0.05"),
        ("a *12.5* b", 1, "12.5"),
        ("up by 12%", 1, "12%"),
        ("up by 12 per cent", 1, "12 per cent"),
        ("- x\n- 12.5 %", 2, "12.5 %"),
        ("| a |\n|---|\n| .5 |", 3, ".5"),
        ("`0.5`", 1, "0.5"),
        ("$p < 0.05$", 1, "0.05"),
        ("^[p < 0.05]", 1, "0.05"),
        ("3e-4", 1, "3e-4"),
        ("0·5 and 5‰", 1, "0·5"),
        ("5 pp", 1, "5 pp"),
        ("½ of them", 1, "½"),
    ],
)
def test_a_typed_number_fails_where_results_are_told(read, text, line, number):
    assert read(text)
    with pytest.raises(InputError, match="typed by hand") as caught:
        read(text, typed=False)
    assert str(caught.value).startswith(f"paper/results.md:{line}: ")
    assert repr(number) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["30 runs in 2026", "{{ typed 0.05 }}", "{{ H1.p }}", "$p < {{ H1.p }}$", "a.b 3. v2"]
)
def test_what_is_no_typed_result_may_stand(read, text):
    assert read(text, typed=False)


@pytest.mark.parametrize(
    "text", ["Section 3.2", "§ 3.2", "In 2024, two of 3", "10.5281/zenodo", "GPT-3.5"]
)
def test_what_is_no_result_may_be_typed(read, text):
    assert read(text, typed=False)
