import pytest

from alignlab.errors import InputError
from alignlab.study.literature.ris import parse_ris

ANY_ORDER = """\ufeffProvider: a library\r
\r
AU  - Guo, Chuan\r
PY  - 2017/08/06/\r
TY  - CONF\r
AU  - King, Martin, Jr.\r
T1  - On calibration\r
  of networks\r
AB  - First line.\r
CI  - 95 % of it.\r
SP  - 1321\r
EP  - 1330\r
KW  - one\r
KW  - two\r
UR  - https://arxiv.org/abs/1706.04599v2\r
ER  - \r
TY  - JOUR\r
TI  - Second\r
DO  - https://doi.org/10.1000/X\r
"""


def test_a_file_as_they_come():
    first, second = parse_ris(ANY_ORDER, name="a.ris")
    assert first.kind == "inproceedings"
    assert first.authors == ("Guo, Chuan", "King, Jr., Martin")
    assert (first.title, first.year) == ("On calibration of networks", 2017)
    assert first.abstract == "First line. CI - 95 % of it."
    assert first.more == {"pages": "1321–1330", "keywords": "one, two"}
    assert (first.eprint, first.source) == ("1706.04599", "a.ris:3")
    assert (second.title, second.doi, second.year) == ("Second", "10.1000/x", None)


def test_a_lost_end_begins_the_next():
    works = parse_ris("TY  - JOUR\nTI  - A\nTY  - BOOK\nTI  - B\nER  - ")
    assert [(each.title, each.kind) for each in works] == [("A", "article"), ("B", "book")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.ris:1: no record"),
        ("nothing here\n", "a.ris:1: no record"),
        ("TY  - JOUR\nTI  - A\nER  -\n\nTY  - JOUR\nAU  - B\nER  -", "a.ris:5: .* no title"),
        ("\nTI  - A\nER  -", "a.ris:2: .* no line 'TY"),
    ],
)
def test_what_is_no_record_is_one_line(text, told):
    with pytest.raises(InputError, match=told):
        parse_ris(text, name="a.ris")
