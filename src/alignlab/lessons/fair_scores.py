"""Step 3: what base rates force on error rates, and answers that no utility allows together.

With base rate p, positive predictive value PPV and false negative rate FNR, in every group,

    FPR = p / (1 - p) · (1 - PPV) / PPV · (1 - FNR)         [chouldechova2017fair, eq. 2.6]

so that two groups of different base rates cannot agree in PPV, FNR and FPR at once. The learner's
identity is held against rates counted on real decisions, to 1e-12; the learner's list of
contradictions [farquhar1984state] against `alignlab.values.Elicitation`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from alignlab.lessons.form import Exercise, Files, Held
from alignlab.lessons.working import Answer, call, run, unanswered

__all__ = ["ANSWERS", "EXERCISE", "counted_rates", "made_up_rates"]

FILE = "fair_scores.py"
TOLERANCE = 1e-12
RATES = ("base_rate", "ppv", "fnr", "fpr")

REAL = "the gap between two groups of real applicants, to 1e-12"
HIDDEN = "the identity on groups that you have not seen, to 1e-12"
FORCED = "what the base rates alone force"
PAIRS = "the pairs of answers that no utility allows together"

ANSWERS = (
    (50, 0.5, "sure"),
    (50, 0.6, "gamble"),
    (30, 0.4, "gamble"),
    (25, 0.45, "sure"),
    (70, 0.7, "sure"),
    (60, 0.75, "sure"),
    (70, 0.65, "gamble"),
    (40, 0.55, "gamble"),
)
"""What a person said: an amount for sure, the chance of 100 (else 0) instead, and the choice."""

STARTER = f'''\
"""Step 3: two groups, four rates, one identity; and a person who contradicts themselves."""


def false_positive_rate(base_rate, ppv, fnr):
    """Return the false positive rate that a group must have.

    base_rate   the share of the group that is positive
    ppv         of those called positive, the share that is
    fnr         of those who are positive, the share that is not called so

    Blank 1: write each of these as a share of four counts (true and false positives, true and
    false negatives), and solve for FP / (FP + TN).
    """
    raise NotImplementedError("the identity")


def gap(first, second):
    """Return the first group's false positive rate less the second's, from their other rates.

    first, second   dictionaries with "base_rate", "ppv" and "fnr"
    """
    return false_positive_rate(**first) - false_positive_rate(**second)


# Amounts between 0 and 100. In each answer a person was offered an amount for sure, or else 100
# with some chance and 0 otherwise, and took one of the two. More is better.
ANSWERS = [
    # for sure, chance of 100, taken
{"".join(f"    {answer!r},  # answer {number}{chr(10)}" for number, answer in enumerate(ANSWERS))}]

# Blank 2: which answers contradict each other, whatever the amounts are worth to this person?
# Pairs of their numbers, such as {{(0, 1), (2, 3)}}. Look for a gamble that was taken, and one at
# least as good that was refused for no more money.
CONTRADICTIONS = ...


if __name__ == "__main__":
    from alignlab.lessons.fair_scores import counted_rates

    for group, rates in counted_rates().items():
        print(group, {{name: round(rate, 4) for name, rate in rates.items()}})
'''


def _starter() -> Files:
    return {FILE: STARTER}


def counted_rates() -> dict[str, dict[str, float]]:
    """Return four rates of a model's decisions on real mortgage applications, counted by group.

    "Positive" is an application that was approved. The model is fitted to half of the applications
    and judged on the other half.
    """
    from sklearn.linear_model import LogisticRegression

    from alignlab.datasets import grouping, load_example
    from alignlab.fairness import cell_table

    table = load_example("mortgage")
    columns = ["pirat", "hirat", "lvrat", "chist", "mhist"]
    X = table.frame[columns].to_numpy(float)
    denied = np.array([str(each) == "yes" for each in table.frame["deny"]], np.intp)
    fitted = LogisticRegression(max_iter=1000).fit(X[::2], denied[::2])
    # Decided at the base rate, not at one half: at one half hardly anybody is refused.
    denies = (fitted.predict_proba(X[1::2])[:, 1] > denied[::2].mean()).astype(np.intp)
    groups = grouping(table.frame.iloc[1::2], "afam")
    cells = cell_table(
        denied[1::2], denies, groups.codes, n_groups=len(groups.labels),
        n_classes=2, favourable=0,
    )  # fmt: skip
    names = {
        "base_rate": "base_rate",
        "ppv": "positive_predictive_value",
        "fnr": "false_negative_rate",
        "fpr": "false_positive_rate",
    }
    counted = {ours: cells.rate(name).values for ours, name in names.items()}
    return {
        f"afam={name}": {rate: float(values[at]) for rate, values in counted.items()}
        for at, name in enumerate(groups.labels)
    }


def made_up_rates(n: int = 200) -> list[dict[str, float]]:
    """Return the rates of groups of four random counts each, from 1 to 500."""
    tp, fp, fn, tn = np.random.default_rng(26).integers(1, 500, (4, n)).astype(float)
    rates = {
        "base_rate": (tp + fn) / (tp + fp + fn + tn),
        "ppv": tp / (tp + fp),
        "fnr": fn / (tp + fn),
        "fpr": fp / (fp + tn),
    }
    return [{name: float(rates[name][at]) for name in RATES} for at in range(n)]


def _known(rates: dict[str, float]) -> dict[str, float]:
    return {name: rates[name] for name in RATES[:3]}


def _check(folder: Path) -> tuple[Held, ...]:
    groups = counted_rates()
    first, second = groups.values()
    alike = {**_known(first), "base_rate": second["base_rate"]}
    hidden = made_up_rates()
    gaps = [[_known(first), _known(second)], [_known(first), alike]]
    rates = [[_known(each)[name] for name in RATES[:3]] for each in hidden]
    asks = {
        "pairs": (call, {"values": ["CONTRADICTIONS"]}),
        "rates": (call, {"calls": [["gap", gaps], ["false_positive_rate", rates]]}),
    }
    told = run(folder / FILE, asks)
    identity = _identity_held(told["rates"], groups, hidden)
    return (*identity, _contradictions_held(told["pairs"]))


def _identity_held(
    told: Answer, groups: dict[str, dict[str, float]], hidden: list[dict[str, float]]
) -> tuple[Held, ...]:
    if told.value is None:
        return unanswered(told, REAL, HIDDEN, FORCED)
    (one, two), (first, second) = groups, groups.values()
    counted = first["fpr"] - second["fpr"]
    (gap, forced), rates = told.value["calls"]
    numbers = [each for each in (gap, forced, *rates) if isinstance(each, int | float)]
    if len(numbers) < 2 + len(rates):
        advice = "Return the rate: false_positive_rate(...) and gap(...) return one number each."
        return tuple(
            Held(what, False, "what came is no number", advice) for what in (REAL, HIDDEN, FORCED)
        )
    off = abs(gap - counted)
    worst = max(abs(each - known["fpr"]) for each, known in zip(rates, hidden, strict=True))
    why = _why(rates, hidden)
    said = f"predicted {gap:+.6f}, counted {counted:+.6f} ({one} less {two}), {off:.1e} apart"
    base = f"base rates {first['base_rate']:.3f} and {second['base_rate']:.3f}"
    return (
        Held(REAL, off <= TOLERANCE, said, why),
        Held(HIDDEN, worst <= TOLERANCE, f"{len(hidden)} groups, off by at most {worst:.1e}", why),
        Held(
            FORCED,
            worst <= TOLERANCE,
            f"with PPV {first['ppv']:.3f} and FNR {first['fnr']:.3f} in both groups, {base} alone "
            f"make the false positive rates differ by {forced:+.3f}",
            "It follows from the identity: mend that first.",
        ),
    )


def _why(rates: list[float], hidden: list[dict[str, float]]) -> str:
    given = {name: np.array([each[name] for each in hidden]) for name in RATES}
    p, ppv, fnr = (given[name] for name in RATES[:3])
    mistakes = {
        "The factor p / (1 - p) is missing: odds of the base rate.": (1 - ppv) / ppv * (1 - fnr),
        "The last factor is 1 - FNR, the share of the positive that is found, not FNR.": (
            p / (1 - p) * (1 - ppv) / ppv * fnr
        ),
        "Odds are (1 - PPV) / PPV here: wrong calls for each right one.": (
            p / (1 - p) * ppv / (1 - ppv) * (1 - fnr)
        ),
        "Take the odds of the base rate, p / (1 - p), not p.": p * (1 - ppv) / ppv * (1 - fnr),
        "That is the false discovery rate, 1 - PPV: of those called positive, who is not.": 1 - ppv,
    }
    for sentence, values in mistakes.items():
        if np.allclose(rates, values, rtol=1e-9, atol=0):
            return sentence
    return (
        "FPR = FP / (FP + TN): write FP by PPV and TP, TP by FNR, and positives by the base rate."
    )


def _contradictions_held(told: Answer) -> Held:
    if told.value is None:
        return unanswered(told, PAIRS)[0]
    right = _contradictory()
    given = told.value["values"]["CONTRADICTIONS"]
    pairs = {tuple(sorted(each)) for each in given if _is_pair(each)} if _is_list(given) else None
    if pairs is None or (_is_list(given) and not all(map(_is_pair, given))):
        advice = f"Write pairs of numbers from 0 to {len(ANSWERS) - 1}, such as {{(0, 1), (2, 3)}}."
        return Held(PAIRS, False, f"{given!r:.60} are no pairs", advice)
    found = f"{len(pairs & right)} of {len(right)} found, {len(pairs - right)} others named"
    if pairs == right:
        fewest = _elicited().inconsistency.fewest_slips
        return Held(PAIRS, True, f"{found}; {fewest} answers at least must be slips")
    if pairs - right:
        one, two = sorted(pairs - right)[0]
        advice = (
            f"Answers {one} and {two} agree with some utility: is the gamble that was refused at "
            "least as good, and the sure amount no larger?"
        )
    else:
        advice = (
            "For each gamble taken, look at every gamble refused: it clashes if its chance is at "
            "least as high and its sure amount no larger."
        )
    return Held(PAIRS, False, found, advice)


def _elicited() -> Any:
    from alignlab.values import Elicitation, Question

    amounts = sorted({float(sure) for sure, _, _ in ANSWERS})
    asked = Elicitation.of_amounts(0, 100, amounts=amounts)
    for sure, chance, reply in ANSWERS:
        asked = asked.answer(Question(float(sure), chance, 100.0, 0.0), reply)  # type: ignore[arg-type]
    return asked


def _contradictory() -> set[tuple[int, ...]]:
    asked = _elicited()
    number = {answer: at for at, answer in enumerate(asked.answers)}
    return {
        tuple(sorted((number[first], number[second])))
        for first, second in asked.inconsistency.pairs
    }


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(isinstance(each, int) for each in value)
    )


EXERCISE = Exercise(
    subject="fair-scores",
    do=(
        "Run {folder}/fair_scores.py with python: it counts four rates of real mortgage decisions "
        "in two groups.",
        "Fill the two blanks: the false positive rate that the other three leave no choice about, "
        "and the answers of a person that contradict each other.",
    ),
    starter=_starter,
    check=_check,
)
