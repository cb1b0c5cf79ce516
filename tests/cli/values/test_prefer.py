import pytest


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "nothing to learn from: give a file of comparisons, or --environment"),
        ("rows.jsonl --environment CartPole-v1", "are two ways: give one of them"),
        ("rows.jsonl --teacher file", "--teacher says something only with --environment"),
        ("rows.jsonl --policy-steps 5", "--policy-steps says something only with --environment"),
        ("rows.jsonl --option a=1", "options are an environment's, and there is none"),
        ("--environment CartPole-v1 --ties half", "--ties says something only with a file"),
        ("--environment CartPole-v1 --annotators", "--annotators says something only with a file"),
        ("rows.jsonl --out p.csv", "Cannot write to p.csv"),
        ("rows.jsonl --comparison 5", "Did you mean '--comparisons'?"),
        ("rows.jsonl --holdout much", "--holdout"),
    ],
)
def test_what_does_not_go_together_is_one_line(alignlab, said, line, message):
    code, shown, error = alignlab(f"values prefer {line}")
    assert (code, shown) == (2, "")
    assert message in error
    assert error.count("\n") == 1
