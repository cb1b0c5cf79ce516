import io
import json
import sys
import tomllib
from pathlib import Path

import pytest

from alignlab.audit.spec import read_spec


@pytest.fixture
def asked(alignlab, monkeypatch):
    """Run `values elicit` with keys from a pipe."""

    def run(line, keys):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        return alignlab(f"values elicit {line}")

    return run


def test_a_person_is_asked_and_told(asked):
    code, shown, error = asked("--questions 6", "abbaba")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "1 of 6 a 400 for sure b 1,000 with a chance of 40%, else 0 > a" in text
    assert "by 6 answers" in text
    assert "An even chance of 1,000 or 0 is worth as much as" in text
    assert "answers contradict each other" in text
    assert "Written" not in text


def test_who_shuns_risk_and_who_is_neutral(asked):
    said = json.loads(asked("--questions 12 --json", "aaaaaaaaaaaa")[1])
    told = said["certainty_equivalent_of_even_chance"]
    assert told["high"] < 500

    def neutral():
        """Answer by the mean, as the questions come."""
        from alignlab.values.utility import elicit

        keys = []

        def ask(question):
            takes = question.probability * 1000 > question.sure
            keys.append("b" if takes else "a")
            return "gamble" if takes else "sure"

        elicit(ask, 0, 1000, form="CARA", amounts=19, questions=12)
        return keys

    code, shown, _ = asked("--family cara --questions 12", neutral())
    assert code == 0
    assert "do not tell whether risk is shunned or sought" in " ".join(shown.split())


def test_answers_are_kept_at_once_and_gone_on_with(asked):
    code, shown, error = asked("--out o --questions 4", "ab")
    assert (code, error) == (0, "")
    assert "Stopped after 2 answers; the same command goes on from o/elicitation.json." in shown
    kept = json.loads(Path("o/elicitation.json").read_text("utf-8"))
    assert [reply for *_, reply in kept["answers"]] == ["sure", "gamble"]
    code, shown, _ = asked("--out o --questions 4", "aa")
    assert code == 0
    assert "2 of 4 were answered before." in shown
    assert "1 of 4" not in shown
    assert "by 4 answers" in shown
    assert sorted(path.name for path in Path("o").iterdir()) == [
        "elicitation.json", "utility.csv", "utility.json", "utility.svg",
    ]  # fmt: skip
    code, shown, _ = asked("--out o --questions 4", "")
    assert code == 0
    assert "by 4 answers" in shown
    assert "of 4" not in shown.replace("of the 4", "")


def test_an_answer_can_be_taken_back(asked):
    code, shown, _ = asked("--questions 2 --json --out o", "uaubb")
    kept = json.loads(shown)["elicitation"]["answers"]
    assert (code, [reply for *_, reply in kept]) == (0, ["gamble", "gamble"])
    assert json.loads(Path("o/elicitation.json").read_text("utf-8"))["answers"] == kept


def test_keys_are_explained_and_others_are_not_taken(asked):
    code, shown, _ = asked("--questions 1", ["?", "yes", "u", "="])
    assert code == 0
    assert shown.count("a or b;  = both are as good") == 4
    assert "There is no answer to take back." in shown


def test_questions_go_to_standard_error_where_json_is_wanted(asked):
    code, shown, error = asked("--questions 1 --json", "a")
    assert code == 0
    assert json.loads(shown)["elicitation"]["answers"]
    assert "1 of 1" in error


def test_nobody_answers(asked):
    code, shown, error = asked("--out o", "q")
    assert (code, error) == (0, "")
    assert "No question was answered" in shown


def test_an_interruption_keeps_what_was_said(asked, monkeypatch):
    class Interrupted(io.StringIO):
        def readline(self, *_):
            line = super().readline()
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(io, "StringIO", Interrupted)
    code, _, error = asked("--out o", "ab")
    assert code == 130
    assert error == (
        "alignlab: stopped; o/elicitation.json keeps every answer; the same command goes on.\n"
    )
    assert len(json.loads(Path("o/elicitation.json").read_text("utf-8"))["answers"]) == 2
    assert asked("", "ab")[2] == "alignlab: stopped; without --out DIR no answer is kept.\n"


def test_named_outcomes_give_the_utilities_of_an_audit(asked):
    line = "--outcomes no/yes,no/no --worst yes/no --best yes/yes --questions 8 --out o"
    code, shown, error = asked(line, "aabbabab")
    assert (code, error) == (0, "")
    assert "For the file of `alignlab audit`:" in shown
    assert "b  you decide yes and the truth is yes, with a chance of" in shown
    assert ", else you decide yes and the truth is no\n" in shown
    text = Path("o/utilities.toml").read_text("utf-8")
    assert text in shown
    stated = tomllib.loads(text)["utilities"]
    assert stated["yes"] == {"no": 0.0, "yes": 1.0}
    Path("audit.toml").write_text(f'predictions = "p.csv"\ntarget = "deny"\n{text}', "utf-8")
    assert read_spec(Path("audit.toml")).utilities == stated
    code, shown, _ = asked(line.replace("--outcomes no/yes,no/no ", "").replace("8", "9"), "a")
    assert code == 0
    assert "8 of 9 were answered before." in shown


def test_a_cell_that_was_left_out_is_named(asked):
    line = "--outcomes no/yes --worst yes/no --best yes/yes --questions 2"
    code, shown, _ = asked(line, "ab")
    assert code == 0
    assert "For the [utilities] of an audit no/no is missing" in " ".join(shown.split())
    assert "For the file of" not in shown
    shown = asked("--outcomes soup --worst nothing --best cake --questions 1", "a")[1]
    assert "missing" not in shown
    assert "contradict" not in shown  # of one answer
    assert "a  soup for sure" in shown


def test_without_a_family_any_rising_utility_will_do(asked):
    code, shown, _ = asked(
        "--family piecewise --worst -100 --best 100 --questions 6 --json", "ab" * 3
    )
    told = json.loads(shown)
    assert code == 0
    assert [each["item"] for each in told["utilities"]] == [-60, -20, 20, 60]
    values = [each["value"] for each in told["utilities"]]
    assert values == sorted(values)
    equal = told["certainty_equivalent_of_even_chance"]
    assert -100 <= equal["low"] < equal["value"] < equal["high"] <= 100


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--best 10 --worst 20", "--worst 20 is not below --best 10"),
        ("--best much", "--best 'much' is no amount"),
        ("--best 1e308", "--best 1e308: give an amount between -1e+100 and 1e+100"),
        ("--family crr", "Did you mean 'crra'?"),
        ("--family cara --wealth 5", "--wealth is for --family crra"),
        ("--worst -100", "leaves nothing negative"),
        ("--questions 0", "--questions 0: ask at least one"),
        ("--level 1", "--level 1: it lies between 0 and 1"),
        ("--outcomes a,b", "--outcomes needs --best and --worst"),
        ("--outcomes , --best x --worst y", "--outcomes is empty"),
        ("--outcomes a,a --best x --worst y", "'a' stands twice"),
        ("--outcomes a --best x --worst y --family crra", "--family is for amounts"),
        ("--out p.csv", "Cannot write to p.csv"),
        ("--out broken", "broken/elicitation.json cannot be gone on with"),
        ("--out kept --best 2000", "keeps answers to other questions (0 to 1,000, crra)"),
    ],
)
def test_wrong_input_is_one_line(asked, line, message):
    for name, text in {"broken": "{", "kept": None}.items():
        Path(name).mkdir()
        if text is not None:
            Path(name, "elicitation.json").write_text(text, encoding="utf-8")
    assert asked("--out kept --questions 1", "a")[0] == 0
    code, shown, error = asked(line, "a")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
