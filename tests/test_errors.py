import pytest

from alignlab import errors
from alignlab.errors import (
    AlignlabError,
    InputError,
    MissingExtraError,
    ModelError,
    OutputError,
    UnsafeModelError,
    listed,
    nearest,
    require_choice,
)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (InputError, ValueError),
        (ModelError, RuntimeError),
        (OutputError, OSError),
        (MissingExtraError, ImportError),
        (UnsafeModelError, Exception),
    ],
)
def test_every_error_is_ours_and_of_pythons_kind(kind, also):
    assert issubclass(kind, AlignlabError)
    assert issubclass(kind, also)


def test_every_error_class_is_public():
    ours = {
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, AlignlabError)
    }
    assert ours <= set(errors.__all__)


def test_an_error_says_its_sentence_and_nothing_else():
    assert str(OutputError("Cannot write.")) == "Cannot write."
    assert str(MissingExtraError("onnxruntime", "onnx", "Running an ONNX model")) == (
        "Running an ONNX model needs the package onnxruntime, which is not installed. "
        "Install it with: pip install 'alignlab[onnx]'"
    )


def test_the_nearest_name_is_offered_and_a_far_one_is_not():
    assert nearest("fairnes", ["fairness", "robustness"]) == " Did you mean 'fairness'?"
    assert nearest("zebra", ["fairness"]) == ""
    assert nearest("anything", []) == ""
    assert nearest("acc", ["accuracy", "loss"]) == " Did you mean 'accuracy'?"
    assert nearest("acc", ["accuracy", "acclaim"]) == ""
    assert nearest("sax", ["age", "sex"]) == " Did you mean 'sex'?"
    assert nearest("modle.csv", ["data.csv", "model.csv"]) == " Did you mean 'model.csv'?"
    assert nearest("data.csx", ["data.csv"]) == " Did you mean 'data.csv'?"
    assert nearest("nope.csv", ["openq.csv"]) == ""


def test_many_names_are_counted_and_not_listed():
    assert listed("abc") == "a, b, c"
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(range(74)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 64 more"
    with pytest.raises(InputError, match=r"'9' and 20 more\.$"):
        require_choice("x", map(str, range(30)), what="number")


@pytest.mark.parametrize("given", [1, None, ["linf"], {"a": 1}, b"linf"])
def test_what_is_no_text_is_no_choice(given):
    with pytest.raises(InputError, match=r"norm=.* is not one of 'linf', 'l2'"):
        require_choice(given, ["linf", "l2"], what="norm")


def test_a_long_text_is_not_said_back_whole():
    with pytest.raises(InputError) as caught:
        require_choice("x" * 10_000, ["linf"], what="norm")
    assert len(str(caught.value)) < 200


def test_a_choice_is_taken_from_any_iterable_once():
    assert require_choice("b", iter("abc"), what="letter") == "b"
    with pytest.raises(InputError, match="letter='d' is not one of 'a', 'b', 'c'"):
        require_choice("d", iter("abc"), what="letter")
