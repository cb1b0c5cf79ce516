import numpy as np
import pytest

from alignlab.lessons.planning import processes

WRITTEN = 'raise NotImplementedError("back the values up")\n    return values'


def sweeps(
    stop: str, backup: str = "(rewards + discount * transitions @ values).max(axis=1)"
) -> str:
    return f"""while True:
        new = {backup}
        change = np.abs(new - values).max()
        values = new
        if {stop}:
            return values"""


RIGHT = sweeps("change * discount / (1 - discount) < 1e-9")


def solution(body: str, foretold: object = 0.92):
    return {
        "planning.py": [
            (WRITTEN, body),
            ("FORETOLD_ACCURACY = ...", f"FORETOLD_ACCURACY = {foretold}"),
        ]
    }


pytestmark = pytest.mark.usefixtures("in_process")


def test_a_right_solution_holds(learner):
    values, accuracy = learner(1, solution(RIGHT))
    assert values.holds, values
    assert accuracy.holds, accuracy
    assert "DecisionTreeClassifier is right on 0.9" in accuracy.found


@pytest.mark.parametrize(
    ("body", "helps"),
    [
        (sweeps("change < 1e-6"), "It stops too early: after a change of c an error of up to c"),
        (
            sweeps("change < 1e-12", "(rewards + discount * transitions @ values).mean(axis=1)"),
            "These are the values of acting at random",
        ),
        ("return rewards.max(axis=1)", "These are the rewards of one step"),
        ("return values * np.nan", "The values are not finite: is the discount missing"),
        ("return values + 1", "Try one sweep by hand"),
        ("return 3", "Return one number a state: shape (5,)"),
        ("return np.zeros((len(values), 2))", "Return one number a state: shape (5,)"),
        ("return ['a'] * len(values)", "Return one number a state: shape (5,)"),
    ],
)
def test_a_wrong_plan_is_told_why(learner, body, helps):
    values, accuracy = learner(1, solution(body))
    assert not values.holds
    assert values.advice.startswith(helps)
    assert accuracy.holds


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        (1.0, "A model knows the rows it was fitted to by heart"),
        (0.5, "Go by rows left out"),
        ("...", "Fill in the blank."),
        ("'much'", "Mend that first."),
    ],
)
def test_an_accuracy_off_the_interval_is_told_why(learner, said, helps):
    values, accuracy = learner(1, solution(RIGHT, said))
    assert values.holds
    assert not accuracy.holds
    assert accuracy.advice.startswith(helps)


def test_the_corridor_is_as_patience_says():
    """At its end it pays 1 a step for ever; one step before, V = -0.01 + γ (0.6 V' + 0.4 V)."""
    from alignlab.values import FiniteMDP, solve

    P, r, discount = processes()["a corridor"]
    values = solve(FiniteMDP(P, r, discount=discount)).values
    end = 1 / (1 - discount)
    before = (-0.01 + discount * 0.6 * end) / (1 - 0.4 * discount)
    np.testing.assert_allclose(values[-2:], [before, end], rtol=1e-9)
