from pathlib import Path

import pytest

from alignlab.cli.review.options import opened
from alignlab.errors import InputError


def test_a_review_that_is_not_there_is_said_with_its_neighbour(small):
    with pytest.raises(InputError, match="no review at rr"):
        opened(Path("rr"), None)
    with pytest.raises(InputError, match="is a file, and a review is a folder"):
        opened(Path("loans.csv"), None)
    Path("empty").mkdir()
    with pytest.raises(InputError, match="empty holds no review"):
        opened(Path("empty"), None)
    with opened(Path("r"), None) as review:
        assert review.status().items == 10


@pytest.mark.parametrize("command", ["status", "serve", "verify", "export --out x.csv", "invite"])
def test_every_command_says_so_in_one_line(alignlab, here, command):
    name = " ana" if command == "invite" else ""
    word, _, rest = command.partition(" ")
    code, out, err = alignlab(f"review {word} nowhere {rest}{name}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "There is no review at nowhere" in err
