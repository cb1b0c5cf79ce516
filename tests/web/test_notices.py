"""What is said of an error: nothing that failed is said to be saved."""

from __future__ import annotations

import pytest

from alignlab.errors import AccessError, InputError, LeaseError, OutputError
from alignlab.web.notices import WENT_WRONG, notice_of


@pytest.mark.parametrize(
    ("error", "status", "following"),
    [
        (LeaseError("It ran out."), 409, True),
        (AccessError("Unknown."), 403, False),
        (OutputError("The disk is full."), 503, False),
        (InputError("decision='x' is none."), 422, False),
    ],
)
def test_an_error_says_itself_and_what_is_left_to_do(error, status, following):
    told = notice_of(error)
    assert (told.status, told.next) == (status, following)
    assert told.heading.startswith("Not saved")
    assert str(error) in told.words


def test_an_error_that_nobody_foresaw_is_not_told_in_its_own_words():
    assert notice_of(ZeroDivisionError("/a/secret/path")) is WENT_WRONG
