import pytest

from alignlab.errors import InputError
from alignlab.study.literature.themes import Theme, read_themes
from alignlab.study.literature.works import Work

PAPERS = [
    Work(key="a2020a", title="Out-of-distribution robustness"),
    Work(key="b2020b", title="Chips"),
]


@pytest.mark.parametrize(
    ("words", "title", "hit"),
    [
        (["robust*"], "On Robustness", True),
        (["robust"], "On Robustness", False),
        (["out of distribution"], "Out-of-Distribution shift", True),
        (["out-of-distribution"], "out of\ndistribution", True),
        (["C++"], "Safe C++ code", True),
        (["bias"], "Unbiased", False),
    ],
)
def test_words_are_whole_words(words, title, hit):
    assert (Theme("t", tuple(words)).mark(Work(key="k", title=title)) == "words") is hit


def test_hands_come_before_words(tmp_path):
    (tmp_path / "themes.yaml").write_text(
        "robustness: {words: [robust*], without: [a2020a], keys: [b2020b]}\nchips: [chip*]\n"
    )
    robustness, chips = read_themes(tmp_path, PAPERS)
    assert [robustness.mark(each) for each in PAPERS] == ["", "by hand"]
    assert [chips.mark(each) for each in PAPERS] == ["", "words"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "name the themes"),
        ("", "yaml:1: this names no themes"),
        ("a: b\n", "yaml:1: a is neither"),
        ("a: {words: [x]}\nb: {word: [x]}\n", "yaml:2: .* Did you mean 'words'"),
        ("a:\n  keys: [a2020]\n", "yaml:2: the library has no work 'a2020'. Did you mean 'a2020a'"),
        ("a: {words: [x], keys: [a2020a], without: [a2020a]}\n", "both in keys and in without"),
        ("a: ['*']\n", "yaml:1: a.words is not a list of words"),
        ("a: {without: [a2020a]}\n", "neither words nor keys"),
    ],
)
def test_a_slip_is_named_by_its_line(tmp_path, text, told):
    if text is not None:
        (tmp_path / "themes.yaml").write_text(text)
    with pytest.raises(InputError, match=told):
        read_themes(tmp_path, PAPERS)
