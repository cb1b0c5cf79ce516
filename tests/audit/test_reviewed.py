import pytest

from alignlab.audit.reviewed import read_review
from alignlab.errors import InputError
from alignlab.oversight.items import Item
from alignlab.oversight.review import Review


@pytest.fixture
def review(tmp_path):
    items = [
        Item(key=f"case {n}", content={"form": "text", "text": f"Case {n}"}, choices=["a", "b"])
        for n in range(2)
    ]
    with Review.create(tmp_path / "cases", items) as made:
        made.invite("ana")
        yield made


def test_the_answers_of_a_folder_a_review_or_a_list_are_the_same(review, tmp_path):
    case = review.next("ana")
    review.submit("ana", case.lease, {"decision": "b"})
    found = read_review(review)
    assert [each.answer["decision"] for each in found] == ["b"]
    assert read_review(tmp_path / "cases") == found
    assert read_review(iter(found)) == found


def test_no_review_no_answers(review, tmp_path):
    assert read_review(None) is None
    with pytest.raises(InputError, match="nobody has answered yet"):
        read_review(tmp_path / "cases")
    with pytest.raises(InputError, match="nobody has answered yet"):
        read_review(review)
    with pytest.raises(InputError, match="no review"):
        read_review(3)
    with pytest.raises(InputError):
        read_review(tmp_path / "nowhere")
