from __future__ import annotations

import markdown
import pytest

from alignlab.report.markdown import escaped, table

HOSTILE = [
    "<script>alert(1)</script>",
    "a | b",
    "*not bold* _nor this_ `nor code`",
    "[a](javascript:alert(1))",
    "line\nbreak\r\nand | more",
    "# no heading",
    "&amp; stays",
    "back\\slash",
    "~~kept~~ $x$ {y}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_in_a_table_any_text_is_shown_as_it_is(text):
    from xml.etree import ElementTree

    lines = table(("what", "more"), [(text, "end")])
    shown = markdown.markdown("\n".join(lines), extensions=["tables"])
    root = ElementTree.fromstring(shown)
    cells = ["".join(cell.itertext()) for cell in root.iter("td")]
    assert cells == [" ".join(text.split()), "end"]
    assert {element.tag for element in root.iter()} == {"table", "thead", "tbody", "tr", "th", "td"}


def test_plain_text_stays_readable():
    assert escaped("The rate is 12.5% (95% interval 10 to 15).") == (
        "The rate is 12.5% (95% interval 10 to 15)."
    )
