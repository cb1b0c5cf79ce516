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
from alignlab.intervals import Estimate
from alignlab.measures import Answers, Measured


@check(
    "performance.baseline",
    question="Is the model better than always giving the same answer?",
    limit=Limit(0.0, "at least", "skill over the best constant answer", "a constant answer"),
    limit_range=(0, 1),
)
def baseline(check: Check, context: AuditContext) -> Finding:
    """Hold the model's loss against the best constant answer's."""
    losses, constant, words = _losses(context.answers)
    estimate = _skill(losses, constant, context.answers.shares).estimate(level=context.level)
    limit = check.limit_in(context)
    status = verdict(estimate, limit)
    if limit is not None and limit.value == 0 and estimate.high <= 0:
        status = "fail"  # no skill at all is not skill of at least 0
    return check.finding(
        status,
        _summary(estimate, words),
        estimates={"skill": estimate},
        limit=limit,
        advice=_advice(estimate) if status == "fail" else (),
    )


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
            return model, ((frequency - hit) ** 2).sum(axis=1), "squared error of probabilities"
        wrong = (answers.outcomes != answers.decisions).astype(float)
        constant = (answers.outcomes != frequency.argmax()).astype(float)
        return wrong, constant, "share of wrong decisions"
    outcomes = answers.outcomes.astype(float)
    squares = (outcomes - answers.decisions.astype(float)) ** 2
    return squares, (outcomes - shares @ outcomes) ** 2, "squared error"


def _skill(losses: np.ndarray, constant: np.ndarray, shares: np.ndarray) -> Measured:
    mean, floor = float(shares @ losses), float(shares @ constant)
    # The constant minimises its own loss, so that its choice adds nothing to the first order.
    influence = -(losses - mean) / floor + mean * (constant - floor) / floor**2
    return Measured(1 - mean / floor, influence, shares, (-np.inf, 1))


def _summary(estimate: Estimate, words: str) -> str:
    saved = f"{abs(estimate.value):.0%}"
    if estimate.high <= 0:
        less = "no" if estimate.value == 0 else f"{saved} more"
        verb = "saves no" if estimate.value == 0 else f"makes {less}"
        return f"The model {verb} {words} compared with always giving the same answer."
    return (
        f"The model saves {saved} of the {words} of always giving the same answer "
        f"({estimate.low:.0%} to {estimate.high:.0%})."
    )


def _advice(estimate: Estimate) -> tuple[str, ...]:
    if estimate.value < -0.5:
        return ("The answers run against the outcomes: check that the labels are not swapped.",)
    return ("Check that the columns and the target are the ones the model was trained on.",)
