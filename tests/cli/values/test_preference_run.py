import json
from functools import partial
from pathlib import Path

import pytest

import alignlab.values.learning as learning

SMALL = {
    "rollout_steps": 128,
    "evaluation_episodes": 2,
    "members": 1,
    "n_envs": 2,
    "algorithm_options": {"n_steps": 16, "batch_size": 32, "n_epochs": 1},
}
LINE = (
    "values prefer --environment CartPole-v1 --comparisons 4 --rounds 2 --segment 8 "
    "--policy-steps 64"
)


@pytest.fixture
def small(alignlab, monkeypatch):
    """The command with a run that takes a moment."""
    begin = partial(learning.train_from_preferences, **SMALL)
    monkeypatch.setattr(learning, "train_from_preferences", begin)
    return alignlab


@pytest.mark.slow
def test_a_synthetic_teacher_is_asked_and_a_curve_is_drawn(small):
    code, shown, error = small(f"{LINE} --out o")
    assert (code, error) == (0, "")
    text = " ".join(shown.split())
    assert "CartPole-v1, taught by a synthetic teacher" in text
    assert "After 4 comparisons the policy earns" in text
    assert {"prefer.json", "prefer.csv", "prefer.svg", "run.json"} <= {
        path.name for path in Path("o").iterdir()
    }
    told = json.loads(Path("o/prefer.json").read_text("utf-8"))
    assert [each["comparisons"] for each in told["history"]] == [2, 4]
    assert "How much is gained by asking?" in Path("o/prefer.svg").read_text("utf-8")
    again = small(f"{LINE} --out o")
    assert again == (0, shown, "")


@pytest.mark.slow
def test_a_teacher_in_a_file_stops_the_run_until_answers_are_there(small):
    line = f"{LINE} --teacher file --out o"
    for asked in (2, 4):
        code, shown, error = small(line)
        assert (code, error) == (0, "")
        assert "2 questions wait for an answer, in o/questions.jsonl." in shown
        assert f"  alignlab {line}" in shown
        assert not Path("o/prefer.svg").exists()
        queries = [
            json.loads(each) for each in Path("o/questions.jsonl").read_text("utf-8").splitlines()
        ]
        assert len(queries) == asked
        assert "rewards" not in queries[0]["first"]
        with Path("o/answers.jsonl").open("a", encoding="utf-8") as stream:
            for query in queries[-2:]:
                stream.write(json.dumps({"id": query["id"], "preferred": "first"}) + "\n")
    with Path("o/answers.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"id": queries[0]["id"], "preferred": "second"}) + "\n")
    code, shown, error = small(line)
    again = f"Line 5 of o/answers.jsonl answers {queries[0]['id']} again: the first answer, in line"
    assert (code, error) == (0, f"alignlab: warning: {again} 1, counts.\n")
    assert "After 4 comparisons the policy earns" in shown
    assert Path("o/prefer.svg").exists()


def test_what_waits_is_said_as_json_too(small):
    code, shown, _ = small(f"{LINE} --teacher file --out o --json")
    told = json.loads(shown)
    assert (code, told["state"], len(told["open"])) == (0, "waiting", 2)


def test_an_interrupted_run_is_kept(small, monkeypatch):
    def stops(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "train_from_preferences", stops)
    code, _, error = small(f"{LINE} --out o")
    assert (code, error) == (
        130,
        "alignlab: stopped; o keeps what was done: the same command goes on.\n",
    )
    code, _, error = small(LINE)
    assert (code, error) == (130, "alignlab: stopped; nothing was written.\n")


def test_another_run_in_the_same_place_is_refused(small):
    assert small(f"{LINE} --teacher file --out o")[0] == 0
    for change, message in {
        "--seed 5": "o keeps a run with --seed 0, not 5",
        "--mistakes 0.1": "--mistakes is the synthetic teacher's",
    }.items():
        code, shown, error = small(f"{LINE} --teacher file --out o {change}")
        assert (code, shown) == (2, "")
        assert message in error
    other = LINE.replace("CartPole", "Acrobot")
    code, _, error = small(f"{other} --teacher file --out o")
    assert code == 2
    assert "keeps a run with --environment CartPole-v1, not Acrobot-v1" in error


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--environment CartPol-v1", "Did you mean 'CartPole-v1'?"),
        ("--environment CartPole-v1 --teacher fil", "Did you mean 'file'?"),
        ("--environment CartPole-v1 --teacher file", "--teacher file needs --out DIR"),
        ("--environment CartPole-v1 --comparisons 0", "--comparisons 0"),
        ("--environment CartPole-v1 --rounds 500", "--rounds 500"),
        ("--environment CartPole-v1 --mistakes 2", "--mistakes 2"),
        ("--environment CartPole-v1 --rationality -1", "--rationality -1"),
        ("--environment CartPole-v1 --option colour=red", "colour"),
    ],
)
def test_wrong_input_is_one_line(alignlab, line, message):
    before = sorted(Path().iterdir())
    code, shown, error = alignlab(f"values prefer {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(Path().iterdir()) == before
