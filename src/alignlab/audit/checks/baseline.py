"""Skill: how much of a constant answer's loss the model saves [gneiting2007strictly, sec. 2.3].

    skill = 1 - loss of the model / loss of the best constant answer

with the Brier score where there are probabilities, the share of wrong decisions where there are
none, and the squared error for values. A constant model has no skill, a perfect one has skill 1.
The best constant is the one for these very rows, so the comparison errs against the model.
"""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.fairness import SMALLEST_GROUP
from alignlab.intervals import Estimate
from alignlab.measures import Answers, Measured, effective_size


@check(
    "performance.baseline",
    question="Is the model better than always giving the same answer?",
    limit=Limit(0.0, "at least", "skill over the best constant answer", "a constant answer"),
    limit_range=(0, 1),
    evidence=("nist.measure-2.3", "nist.manage-1.1", "eu.annex-iv-4", "iso.a-6-2-4"),
)
def baseline(check: Check, context: AuditContext) -> Finding:
    """Hold the model's loss against the best constant answer's."""
    answers = context.answers.at(context.answers.shares > 0)
    limit = check.limit_in(context)
    if (answers.outcomes == answers.outcomes[:1]).all():
        return check.finding("not enough data", _ONE_OUTCOME, limit=limit)
    losses, constant, words = _losses(answers)
    estimate = _skill(losses, constant, answers.shares).estimate(level=context.level)
    constant_answer = _gives_one_answer(answers)
    status = verdict(estimate, limit)
    if constant_answer:
        # A constant at the base rate has skill 0 up to chance, which no interval tells from little.
        status = "fail"
    elif round(effective_size(answers.shares), 6) < SMALLEST_GROUP:
        # Five rows without an error spread no loss, and so would look certain.
        status = "not enough data"
    return check.finding(
        status,
        _CONSTANT if constant_answer else _summary(estimate, words),
        estimates={"skill": estimate},
        limit=limit,
        advice=_advice(estimate) if status == "fail" else (),
    )


_ONE_OUTCOME = "All rows that have weight turned out alike, so no model beats a constant answer."
_CONSTANT = "The model gives every row the same answer, so it tells nothing about any of them."


def _gives_one_answer(answers: Answers) -> bool:
    said = answers.decisions if answers.probabilities is None else answers.probabilities
    return bool((said == said[:1]).all())


def _losses(answers: Answers) -> tuple[np.ndarray, np.ndarray, str]:
    """Return each row's loss under the model and under the best constant, and the loss's name."""
    shares = answers.shares
    if np.issubdtype(answers.outcomes.dtype, np.integer):
        n_classes = int(answers.outcomes.max()) + 1
        if answers.probabilities is not None:
            n_classes = answers.probabilities.shape[1]
        hit = np.eye(n_classes)[answers.outcomes.astype(np.intp)]
        frequency = shares @ hit
        if answers.probabilities is not None:
            model = ((answers.probabilities - hit) ** 2).sum(axis=1)
            return model, ((frequency - hit) ** 2).sum(axis=1), "squared error of its probabilities"
        wrong = (answers.outcomes != answers.decisions).astype(float)
        constant = (answers.outcomes != frequency.argmax()).astype(float)
        return wrong, constant, "wrong decisions"
    outcomes = answers.outcomes.astype(float)
    squares = (outcomes - answers.decisions.astype(float)) ** 2
    return squares, (outcomes - shares @ outcomes) ** 2, "squared error"


def _skill(losses: np.ndarray, constant: np.ndarray, shares: np.ndarray) -> Measured:
    mean, floor = float(shares @ losses), float(shares @ constant)
    # The constant minimises its own loss, so that its choice adds nothing to the first order.
    influence = -(losses - mean) / floor + mean * (constant - floor) / floor**2
    return Measured(1 - mean / floor, influence, shares, (-np.inf, 1))


def _summary(estimate: Estimate, words: str) -> str:
    side, value, ends = "less", estimate.value, (estimate.low, estimate.high)
    if value < 0:
        side, value, ends = "more", -value, (-estimate.high, -estimate.low)
    return (
        f"The model has {value:.0%} {side} {words} than always giving the same answer would have "
        f"({ends[0]:.0%} to {ends[1]:.0%} {side})."
    )


def _advice(estimate: Estimate) -> tuple[str, ...]:
    if estimate.value < -0.5:
        return ("The answers run against the outcomes: check that the labels are not swapped.",)
    return ("Check that the target and the model's answers are the columns that you mean.",)
