import pytest

from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review

ITEM = Item(key="a", content={"form": "text", "text": "x"}, choices=["yes", "no"])


def test_a_name_is_kept_without_the_spaces_around_and_within(tmp_path):
    with Review.create(tmp_path / "r", [ITEM]) as review:
        review.invite("  ana   maria ")
        assert [person.name for person in review.reviewers()] == ["ana maria"]
        with pytest.raises(InputError, match="invited already"):
            review.invite("ana maria")


def test_a_token_that_was_revoked_stays_so_after_the_next(tmp_path):
    with Review.create(tmp_path / "r", [ITEM]) as review:
        first = review.invite("ana")
        review.revoke("ana")
        second = review.invite("ana", role="owner")
        assert review.person(first) is None
        assert review.person(second).role == "owner"


def test_who_was_revoked_is_not_taken_for_a_slip_of_the_pen(tmp_path):
    with Review.create(tmp_path / "r", [ITEM]) as review:
        review.invite("ana")
        review.revoke("ana")
        with pytest.raises(InputError, match="'ana' was revoked before, and can enter no more"):
            review.revoke("ana")
