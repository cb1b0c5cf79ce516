import pytest

from alignlab.errors import InputError
from alignlab.study.paper.citing import citable_works
from alignlab.study.paper.nodes import Grid
from alignlab.study.paper.reading import Reader
from alignlab.study.paper.typst_sources import read_typst
from alignlab.study.paper.values import Findings


@pytest.fixture
def reader(tmp_path):
    numbers = {"H1.p": {"value": 0.0312}, "H1.verdict": {"text": "#it *does* [so]"}}
    tables = {"main": {"title": "T", "columns": ["a"], "rows": [[1]]}}
    return Reader(Findings(numbers, tables, {}, (), tmp_path), citable_works(tmp_path))


def test_lines_stay_and_numbers_are_words(reader):
    text = "= T\n\np = {{ H1.p }} {{ H1.verdict }}\n{{ table main }}\n"
    text += "{{ see table main }} @holm1979simple"
    source = read_typst(reader, text, name="paper/results.typ", typed=False)
    lines = source.text.split("\n")
    assert lines[2] == r"p = 0.0312 \#it \*does\* \[so\]"
    assert lines[3] == '#include "/placed-table-main.typ";'
    assert lines[4].startswith('#ref(label("table:main"));')
    assert isinstance(dict(source.placed)["placed-table-main.typ"], Grid)
    assert source.cites == ("holm1979simple",)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n{{ H1.q }}", 2, "no number 'H1.q'"),
        ("a\n\n0.05", 3, "typed by hand"),
        ('#import "@preview/cetz:0.2.2"', 1, "offline"),
    ],
)
def test_errors_name_the_line(reader, text, line, said):
    with pytest.raises(InputError, match=said) as caught:
        read_typst(reader, text, name="paper/results.typ", typed=False)
    assert str(caught.value).startswith(f"paper/results.typ:{line}: ")


@pytest.mark.parametrize(
    "text", ["// 0.05", "/* 0.05\n 0.07 */", "#v(1.5em)", "#image(width: 80%)", "{{ typed 0.05 }}"]
)
def test_comments_and_lengths_are_no_results(reader, text):
    assert read_typst(reader, text, name="x.typ", typed=False)
