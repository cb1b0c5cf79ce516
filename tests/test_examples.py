"""Every program in examples/ runs from start to end, as a person would run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

SAYS = {
    "add_a_check.py": "of the decisions are sure",
    "audit_images.py": "In fog: 0.88 right before, 0.91 after training in fog too",
    "certify_digits.py": "734 are broken, 0 are undecided",
    "ask_a_reviewer.py": "sent to people by the rule (a gain of",
    "attack_digits.py": "within an L∞ distance of 0.05",
    "check_a_shaping.py": "changes the optimal policy; STARC distance 0.491",
    "choose_by_utility.py": "ask where repaying has a chance of",
    "compare_two.py": "performance.auc",
    "find_and_cite.py": "In truth: Authors and year are right, the definition is not.",
    "explain_one.py": "are protected, and counted here. A person should look at that.",
    "how_sure_is_right.py": "surely off: ['south by 0.092 [0.068, 0.117]']",
    "is_it_true.py": "hardly changes when all weights are drawn anew (rank correlation 1.00)",
    "learn_from_comparisons.py": "20 questions wait",
    "learn_from_reviewers.py": "right before: 78%, now: 89%",
    "did_it_help.py": "paired difference  0.009 [0.007, 0.011], p = 1e-06",
    "does_advice_help.py": "explanation: 22 points less than advice [12, 33], surely less.",
    "effects.py": "so go by the accumulated local effects",
    "lime_digits.py": "a rerun would rank these alike with probability",
    "mend_probabilities.py": "Every decision is the model's own",
    "mortgage.py": "report.html",
    "out_of_distribution.py": "1 of 2 columns has drifted, most of all age",
    "pets.py": "The worst gap fell by at least half, for at most one point of accuracy",
    "plan_a_study.py": "The number of seeds was changed from 5 to 8.",
    "predictions_only.py": "fairness.true_positive_rate",
    "rank_from_comparisons.py": "answers the wrong way round",
    "run_a_study.py": "20 of 20 runs done; 13 executed now.",
    "review_by_program.py": "1 of 3 overridden; review.verify().ok=True",
    "review_by_two.py": "they say the same on 42% of 40 items",
    "recover_a_reward.py": "view less shop",
    "what_would_have_changed.py": "yes pay 1.44 [0.32, 2.56] more than no: surely more.",
    "tree_shapley.py": "2,380 rows explained, exact, by the model's trees",
    "which_feature.py": "most by chist, 0.045 [0.024, 0.066]",
    "who_agrees.py": "5 members of an ensemble, one after another",
    "walk_a_step.py": "It stops too early: after a change of c",
    "when_to_ask.py": "is at most 0.05",
    "who_to_believe.py": "inverted: Eli",
    "who_could_flip.py": "denied applicants could flip their decision",
    "screen_the_literature.py": "By the 14 decided at random, that is an estimated",
    "shapley.py": "20 of 20 signs are sure of the coalitions drawn",
    "sets_for_every_group.py": "They surely fall short for Black (73.3%).",
    "solve_frozenlake.py": "worth of the start: 0.5420, off by at most",
    "sure_digits.py": "errors are in the tenth that it is least sure of",
    "train_digits.py": "The second surely holds more often",
    "write_a_paper.py": "Did you mean 'holm1979simple'?",
}
"""What each one must print, so that a program that does nothing is seen."""


def test_every_example_is_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAYS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs(name, tmp_path, start):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    program = tmp_path / "examples" / name
    done = start(program, directory=tmp_path, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
