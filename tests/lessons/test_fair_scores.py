import numpy as np
import pytest

from alignlab.lessons.fair_scores import ANSWERS, _contradictory, counted_rates, made_up_rates

pytestmark = pytest.mark.usefixtures("in_process")

IDENTITY = "return base_rate / (1 - base_rate) * (1 - ppv) / ppv * (1 - fnr)"


def solution(identity: str = IDENTITY, pairs: str | None = None):
    pairs = str(set(_contradictory())) if pairs is None else pairs
    return {
        "fair_scores.py": [
            ('raise NotImplementedError("the identity")', identity),
            ("CONTRADICTIONS = ...", f"CONTRADICTIONS = {pairs}"),
        ]
    }


def test_a_right_solution_holds(learner):
    held = learner(3, solution())
    assert all(each.holds for each in held), held
    assert "base rates 0.9" in held[2].found


@pytest.mark.parametrize(
    ("identity", "helps"),
    [
        ("return (1 - ppv) / ppv * (1 - fnr)", "The factor p / (1 - p) is missing"),
        (
            "return base_rate / (1 - base_rate) * (1 - ppv) / ppv * fnr",
            "The last factor is 1 - FNR",
        ),
        ("return 1 - ppv", "That is the false discovery rate"),
        ("return base_rate * (1 - ppv) / ppv * (1 - fnr)", "Take the odds of the base rate"),
        ("return 0.1", "FPR = FP / (FP + TN)"),
        ("return 'a'", "Mend that first."),
        ("return [base_rate]", "Mend that first."),
        ("return base_rate / 0", "Mend that first."),
    ],
)
def test_a_wrong_identity_is_told_why(learner, identity, helps):
    held = learner(3, solution(identity))
    assert [each.holds for each in held] == [False, False, False, True]
    assert held[0].advice.startswith(helps)


@pytest.mark.parametrize(
    ("pairs", "helps"),
    [
        ("{(4, 6)}", "For each gamble taken, look at every gamble refused"),
        ("[(1, 0)]", "Answers 0 and 1 agree with some utility"),
        ("{0, 1}", "Write pairs of numbers from 0 to 7"),
        ("'none'", "Write pairs of numbers from 0 to 7"),
        ("set()", "For each gamble taken"),
        ("...", "Fill in the blank."),
    ],
)
def test_wrong_pairs_are_told_why(learner, pairs, helps):
    held = learner(3, solution(pairs=pairs))
    assert [each.holds for each in held] == [True, True, True, False]
    assert held[3].advice.startswith(helps)


def test_the_contradictions_are_those_that_the_definition_says():
    taken = [(at, *each) for at, each in enumerate(ANSWERS) if each[2] == "gamble"]
    refused = [(at, *each) for at, each in enumerate(ANSWERS) if each[2] == "sure"]
    clash = {
        tuple(sorted((i, j)))
        for i, sure, chance, _ in taken
        for j, for_sure, better, _ in refused
        if better >= chance and for_sure <= sure
    }
    assert _contradictory() == clash
    assert clash == {(2, 3), (4, 6), (5, 6)}


def test_the_rates_are_those_of_counts():
    for rates in (*made_up_rates(20), *counted_rates().values()):
        p, ppv, fnr = (rates[name] for name in ("base_rate", "ppv", "fnr"))
        # Of one person: called so and positive, called so and not, and so on.
        tp = p * (1 - fnr)
        fp = tp * (1 - ppv) / ppv
        assert rates["fpr"] == pytest.approx(fp / (1 - p), abs=1e-12)


def test_the_two_groups_differ_in_base_rate():
    first, second = counted_rates().values()
    assert abs(first["base_rate"] - second["base_rate"]) > 0.1
    assert np.isfinite(list(first.values())).all()
