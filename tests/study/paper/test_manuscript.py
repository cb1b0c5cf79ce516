from dataclasses import FrozenInstanceError, replace

import pytest

from alignlab.study.paper.manuscript import Manuscript


def test_a_manuscript_is_a_value():
    paper = Manuscript("T", (), (), (), (), (), "ieee", 2)
    assert replace(paper, columns=1).columns == 1
    assert paper == Manuscript("T", (), (), (), (), (), "ieee", 2)
    with pytest.raises(FrozenInstanceError):
        paper.title = "U"
