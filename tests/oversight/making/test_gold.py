from __future__ import annotations

import pytest

from alignlab.errors import InputError
from alignlab.oversight.making import read_gold


def test_answers_by_key_whatever_the_file_makes_of_numbers(tmp_path):
    file = tmp_path / "gold.csv"
    file.write_text("id,right\n17,1\n4,0\n", encoding="utf-8")
    assert read_gold(file, key="id", answer="right") == {"17": "1", "4": "0"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("key,answer\n1,a\n1,b\n", "Row 1 of gold.csv names the case '1' again"),
        ("key,answer\n1,\n", "Row 0 of gold.csv lacks the case or its answer"),
        ("key,answers\n1,a\n", "no column 'answer'"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, text, told):
    file = tmp_path / "gold.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_gold(file)
