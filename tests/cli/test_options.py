import pytest


@pytest.mark.parametrize("command", ["audit", "attack"])
def test_opening_a_model_takes_the_same_words_everywhere(alignlab, command):
    code, shown, error = alignlab(f"{command} --help")
    assert (code, error) == (0, "")
    words = " ".join(shown.split())
    assert "--allow-pickle Open a pickle, which can run any code in it." in words
    assert "A type that a skops file may hold; repeatable." in words


def test_json_is_said_in_the_same_words_everywhere(alignlab):
    for command in ("attack", "values solve", "values elicit"):
        assert "Print JSON, and nothing else." in alignlab(f"{command} --help")[1]
