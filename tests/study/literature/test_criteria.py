import pytest

from alignlab.errors import InputError
from alignlab.study.literature.criteria import read_criteria


def test_criteria_are_shown_with_their_names(tmp_path):
    (tmp_path / "criteria.yaml").write_text(
        "include: {topic: It measures fairness.}\nexclude:\n  survey: It is a survey.\n"
    )
    found = read_criteria(tmp_path)
    assert (
        str(found)
        == "Include: It measures fairness. Exclude, and say why: survey (It is a survey)."
    )
    assert found.named("survey: of others") == "survey"
    assert found.named("a survey") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "state what is taken in"),
        ("include: {a: b}\n", "exclude holds no criteria"),
        ("include: {a: b}\nexclde: {c: d}\n", "yaml:2: .* Did you mean 'exclude'"),
        ("include: {a: b}\nexclude:\n  c: ''\n", "yaml:3: exclude.c is not a sentence"),
    ],
)
def test_what_states_no_criteria_is_one_line(tmp_path, text, told):
    if text is not None:
        (tmp_path / "criteria.yaml").write_text(text)
    with pytest.raises(InputError, match=told):
        read_criteria(tmp_path)
