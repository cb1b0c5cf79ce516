"""Step 1: value iteration, held against the exact solution, and an accuracy foretold.

    V(s) ← max_a [ r(s, a) + γ Σ_s' P(s' | s, a) V(s') ]        [puterman1994markov, sec. 6.3]

The learner's values are compared with `alignlab.values.solve` on processes that the learner has not
seen, to 1e-8. A change of c in a sweep leaves an error of up to c γ / (1 - γ): who stops when the
change is small stops too early where γ is near 1, and two of the processes are such.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.intervals import Estimate, share_estimate
from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import Answer, call, run, unanswered

__all__ = ["EXERCISE", "accuracy_of", "processes"]

Floats = NDArray[np.float64]
Process = tuple[Floats, Floats, float]
"""P(s' | s, a) of shape (S, A, S), r(s, a) of shape (S, A), and the discount."""

FILE = "planning.py"
TOLERANCE = 1e-8
VALUES = "the best values of processes that you have not seen, to 1e-8"
FORETOLD = "your model's accuracy on rows that it has not seen, foretold"

STARTER = '''\
"""Step 1: plan in a small world, and foretell how often a model will be right."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier


def value_iteration(transitions, rewards, discount):
    """Return the value of every state under the best actions, to within 1e-8.

    transitions   P(s' | s, a), shape (S, A, S): transitions[s, a] sums to 1
    rewards       r(s, a), shape (S, A)
    discount      between 0 and 1; it can be as near to 1 as 0.999
    """
    values = np.zeros(len(rewards))
    # Blank 1: back the values up, again and again, until they are as near as asked for.
    # transitions @ values has shape (S, A). How large may the last change be?
    raise NotImplementedError("back the values up")
    return values


def rows():
    """Return the rows to learn from: every second tumour. The others judge; leave them alone."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[::2], y[::2]


def model():
    """Return the model that will be fitted to these rows: any classifier of scikit-learn."""
    return DecisionTreeClassifier(random_state=0)


# Blank 2: how often will that model be right on the other tumours? A share between 0 and 1.
# Running this file prints two candidates.
FORETOLD_ACCURACY = ...


if __name__ == "__main__":
    X, y = rows()
    print("right on the rows it was fitted to:", model().fit(X, y).score(X, y))
    print("right on rows left out of the fit: ", cross_val_score(model(), X, y, cv=10).mean())
'''


def _starter() -> Files:
    return {FILE: STARTER}


def _check(folder: Path) -> tuple[Held, ...]:
    path = folder / FILE
    worlds = processes()
    calls = [["value_iteration", [list(each) for each in worlds.values()]]]
    asks = {"accuracy": (accuracy_of, None), "values": (call, {"calls": calls})}
    told = run(path, asks)
    return (*_values_held(told["values"], worlds), *_accuracy_held(told["accuracy"]))


def processes() -> dict[str, Process]:
    """Return the processes that a learner's values are judged on, by name."""
    rng = np.random.default_rng(20_261)
    found: dict[str, Process] = {}
    for name, states, actions, discount in (
        ("five states", 5, 2, 0.9),
        ("forty states", 40, 4, 0.95),
        ("a patient one", 12, 3, 0.99),
    ):
        P = rng.dirichlet(np.full(states, 0.3), size=(states, actions))
        found[name] = (P, rng.normal(0, 1, (states, actions)), discount)
    # Everything there is lies at the far end of a corridor: 30 steps, each of which may fail.
    size = 30
    P = np.zeros((size, 2, size))
    for state in range(size):
        P[state, 0, max(state - 1, 0)] = 1
        P[state, 1, min(state + 1, size - 1)] += 0.6
        P[state, 1, state] += 0.4
    rewards = np.full((size, 2), -0.01)
    rewards[-1] = 1.0
    found["a corridor"] = (P, rewards, 0.995)
    return found


def accuracy_of(module: Any, _: Any) -> dict[str, Any]:
    """Fit the learner's model to its rows and return how many others it gets right: a probe."""
    from sklearn.datasets import load_breast_cancer

    foretold = float(module.value("FORETOLD_ACCURACY"))
    X, y = load_breast_cancer(return_X_y=True)
    fitted = module.function("model")().fit(X[::2], y[::2])
    return {
        "foretold": foretold,
        "right": int((fitted.predict(X[1::2]) == y[1::2]).sum()),
        "rows": len(y[1::2]),
        "model": type(fitted).__name__,
    }


def _values_held(planned: Answer, worlds: dict[str, Process]) -> tuple[Held, ...]:
    from alignlab.values.processes import FiniteMDP, solve

    if planned.value is None:
        return unanswered(planned, VALUES)
    worst, worst_name = 0.0, ""
    for (name, (P, r, discount)), told in zip(
        worlds.items(), planned.value["calls"][0], strict=True
    ):
        exact = solve(FiniteMDP(P, r, discount=discount), tolerance=1e-12).values
        values = np.array(told, float) if _is_list_of(told, len(exact)) else None
        if values is None:
            advice = f"Return one number a state: shape ({len(exact)},)."
            return (Held(VALUES, False, f"{name}: what came is no array of them", advice),)
        off = float(np.abs(values - exact).max())
        if not off <= worst:
            worst, worst_name = off, name
    if worst <= TOLERANCE:
        found = f"off by at most {worst:.1e} in {len(worlds)} processes"
        return (Held(VALUES, True, found),)
    discount = worlds[worst_name][2]
    found = f"off by {worst:.2g} in {worst_name!r}, where the discount is {discount:g}"
    at = list(worlds).index(worst_name)
    return (
        Held(VALUES, False, found, _why(planned.value["calls"][0][at], worlds[worst_name], worst)),
    )


def _why(told: list[float], world: Process, off: float) -> str:
    """Return what the learner's values are instead, as far as that can be told."""
    from alignlab.values.processes import FiniteMDP, solve

    P, r, discount = world
    values = np.array(told, float)
    if not np.isfinite(values).all():
        return "The values are not finite: is the discount missing, so that the sum never ends?"
    even = solve(
        FiniteMDP(P.mean(axis=1, keepdims=True), r.mean(axis=1, keepdims=True), discount=discount)
    ).values
    if np.abs(values - even).max() < 1e-3:
        return "These are the values of acting at random: take the maximum over actions."
    if np.abs(values - r.max(axis=1)).max() < 1e-6:
        return "These are the rewards of one step: back up again and again."
    if off < 0.1:
        return (
            "It stops too early: after a change of c an error of up to c · discount / "
            f"(1 - discount) is left, {discount / (1 - discount):.0f} times c here."
        )
    return "Try one sweep by hand: max over a of rewards[s, a] + discount · transitions[s, a] @ V."


def _accuracy_held(answer: Answer) -> tuple[Held, ...]:
    if answer.value is None:
        return unanswered(answer, FORETOLD)
    said, rows = answer.value["foretold"], answer.value["rows"]
    measured: Estimate = share_estimate(answer.value["right"] / rows, rows, rows=rows)
    found = f"you say {said:.3f}; {answer.value['model']} is right on {measured} of {rows} rows"
    if measured.low <= said <= measured.high:
        return (Held(FORETOLD, True, found),)
    advice = (
        "A model knows the rows it was fitted to by heart: go by rows left out of the fit "
        "(cross_val_score)."
        if said > measured.high
        else "Go by rows left out of the fit: cross_val_score on the rows that you may use."
    )
    return (Held(FORETOLD, False, found, advice),)


def _is_list_of(told: Any, length: int) -> bool:
    return (
        isinstance(told, list)
        and len(told) == length
        and all(isinstance(each, int | float) for each in told)
    )


EXERCISE = Exercise(
    subject="planning",
    do=(
        "Fill the two blanks in {folder}/planning.py: value iteration, and the share of tumours "
        "that a model will get right which it has not seen.",
        "Run it with python to see what it prints; then check it.",
    ),
    starter=_starter,
    check=_check,
)
