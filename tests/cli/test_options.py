import pytest

from alignlab.cli.options import split_names
from alignlab.errors import InputError


@pytest.mark.parametrize("command", ["audit", "attack", "calibrate", "predict"])
def test_opening_a_model_takes_the_same_words_everywhere(alignlab, command):
    code, shown, error = alignlab(f"{command} --help")
    assert (code, error) == (0, "")
    words = " ".join(shown.split())
    assert "--allow-pickle Open a pickle, which can run any code in it." in words
    assert "A type that a skops file may hold; repeatable." in words
    assert "All classes in the order of the model's answers, where nothing shows them." in words
    assert "the columns that the model reads, in its order, where it does not name them." in words


def test_json_is_said_in_the_same_words_everywhere(alignlab):
    for command in ("attack", "values solve", "values elicit"):
        assert "Print JSON, and nothing else." in alignlab(f"{command} --help")[1]


def test_intervals_and_rows_are_said_in_the_same_words_everywhere(alignlab):
    for command in ("calibrate", "values irl", "values elicit", "values prefer"):
        words = " ".join(alignlab(f"{command} --help")[1].split())
        assert "Coverage of the intervals. [default: 0.95]" in words
    for command in ("audit", "attack", "calibrate", "predict"):
        words = " ".join(alignlab(f"{command} --help")[1].split())
        assert "a folder with one folder of pictures a class, digits or mnist-5k." in words


def test_commas_part_names():
    assert split_names(None, "--classes") is None
    assert split_names("no, yes", "--classes") == ["no", "yes"]
    for text in ("", "a,,b", "a,"):
        with pytest.raises(InputError, match=r"--classes .* nothing before, after or between"):
            split_names(text, "--classes")
