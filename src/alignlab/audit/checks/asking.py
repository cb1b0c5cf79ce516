"""Asking: the cases so near the decision that a person's answer is worth more than it costs."""

from collections.abc import Callable

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.charts import Cell, Chart, Table, interval_chart
from alignlab.intervals import Estimate, mean_estimate, share_estimate, share_size
from alignlab.values.utility import AskingValue, asking_curve, decision_policy

ASSUMED_COST = 0.1
"""Where nobody has stated what asking costs: this share of what the worst error loses."""

COSTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
"""The costs in the table, as shares of what the worst error loses."""

MOST_CASES = 20
"""The most cases that the table lists."""

MOST_CLASSES = 5
"""With more classes than this, the table names the two most probable ones."""


BY_UTILITY = "gain from deciding by the utilities, asking nobody"


@check(
    "oversight.asking",
    question="Which cases should a person see?",
    needs=("classification", "probabilities"),
    limit=Limit(float("nan"), "at most", "share of cases worth asking about", "none"),
    limit_range=(0, 1),
    evidence=(
        "nist.govern-3.2",
        "nist.map-2.2",
        "nist.map-3.5",
        "eu.annex-iv-2e",
        "eu.annex-iv-3",
        "iso.a-9-3",
    ),
)
def asking(check: Check, context: AuditContext) -> Finding:
    """Measure the share of cases in which a person's answer is worth more than it costs."""
    assert context.probabilities is not None
    worth = np.eye(len(context.classes)) if context.utilities is None else context.utilities
    decisions = context.decisions.astype(np.intp)
    worst_error = float(np.ptp(worth, axis=0).max())
    cost = ASSUMED_COST * worst_error if context.asking_cost is None else context.asking_cost
    policy = decision_policy(context.probabilities, worth, decisions=decisions, asking_cost=cost)
    seen = policy.asking
    stated = context.utilities is not None and context.asking_cost is not None
    limit = check.limit_in(context) if stated else None
    share = _share(context, seen.ask, np.ones(len(context.answers), dtype=bool))
    groups = [
        (each.name, label, _share(context, seen.ask, each.codes == code))
        for each in context.groupings
        for code, label in enumerate(each.labels)
        if _mass(context, each.codes == code) > 0
    ]
    per_case = _utilities_per_case(context, worth, seen, decisions)
    return check.finding(
        verdict(share, limit),
        _summary(context, seen, share),
        estimates={
            "share to ask": share,
            **per_case,
            **{f"{name}={label}": estimate for name, label, estimate in groups},
        },
        limit=limit,
        advice=_advice(check, context, per_case.get(BY_UTILITY)),
        charts=(
            asking_curve(seen, weights=context.weights).chart(),
            *_group_charts(groups),
        ),
        tables=(
            _cost_table(context, seen),
            *_group_tables(groups),
            _case_table(context, seen, decisions),
        ),
    )


def _mass(context: AuditContext, rows: np.ndarray) -> float:
    return float(context.answers.shares[rows].sum())


def _share(context: AuditContext, ask: np.ndarray, rows: np.ndarray) -> Estimate:
    shares, asked = context.answers.shares[rows], ask[rows]
    total, squares = shares.sum(), shares**2
    size = share_size(shares @ asked, total, squares @ asked, squares.sum())
    value = min(float(shares @ asked / total), 1.0)
    return share_estimate(value, float(size), rows=int((shares > 0).sum()), level=context.level)


def _utilities_per_case(
    context: AuditContext, worth: np.ndarray, seen: AskingValue, decisions: np.ndarray
) -> dict[str, Estimate]:
    """Return what a case is worth with and without asking: as it turned out, and as expected."""
    outcomes = context.outcomes.astype(np.intp)
    now = worth[decisions, outcomes]
    # A person is asked where it pays and taken to be right; elsewhere the model's decision holds.
    asked = np.where(seen.ask, worth.max(axis=0)[outcomes] - seen.asking_cost, now)
    expected = np.where(seen.ask, seen.knowing - seen.asking_cost, seen.taken)
    numbers = {
        "utility per case now": now,
        "utility per case with asking": asked,
        "gain from asking": asked - now,
        "gain from asking, as the model expects": expected - seen.taken,
    }
    if context.utilities is not None:
        numbers[BY_UTILITY] = worth[seen.best_decision, outcomes] - now
    return {
        name: mean_estimate(values, weights=context.weights, level=context.level)
        for name, values in numbers.items()
    }


def _summary(context: AuditContext, seen: AskingValue, share: Estimate) -> str:
    sentence = (
        f"A person should see {share.value:.1%} of cases ({share.low:.1%} to {share.high:.1%}), "
    )
    cost = f"{seen.asking_cost:.3g}"
    if context.utilities is None:
        source = "stated" if context.asking_cost is not None else "assumed"
        return (
            f"{sentence}if every error counts alike and asking costs {cost} of an error ({source})."
        )
    if context.asking_cost is None:
        return (
            f"{sentence}by the stated utilities, if asking costs {cost}, "
            f"{ASSUMED_COST:.0%} of what the worst error loses (assumed)."
        )
    return f"{sentence}by the stated utilities and the stated cost of asking, {cost}."


def _advice(check: Check, context: AuditContext, gain: Estimate | None) -> tuple[str, ...]:
    advice = []
    if gain is not None and gain.low > 0:
        advice.append(
            f"Decide by the stated utilities rather than by the model's own rule: it gains "
            f"{gain.value:.3g} per case ({gain.low:.3g} to {gain.high:.3g}) and asks nobody."
        )
    missing = []
    if context.utilities is None:
        missing.append("what each decision is worth under each outcome")
    if context.asking_cost is None:
        missing.append("what asking a person costs")
    if missing:
        limited = check.limit_in(context) is not None
        tail = "the stated limit was not applied without it" if limited else "then a limit can hold"
        advice.append(
            f"State {' and '.join(missing)} in the table [utilities] of the audit file: {tail}."
        )
    elif check.limit_in(context) is None:
        advice.append(f"State how many cases people can see: --limit {check.name}=0.1.")
    advice.append(
        "The values rest on the model's probabilities: see uncertainty.calibration before acting "
        "on them."
    )
    return tuple(advice)


def _cost_table(context: AuditContext, seen: AskingValue) -> Table:
    shares = context.answers.shares
    rows = tuple(
        (part, part * seen.worst_error, float(shares @ (seen.value > part * seen.worst_error)))
        for part in COSTS
    )
    columns = ("cost as a share of the worst error", "cost in utility", "share to ask")
    return Table("How many cases are worth asking about, by what asking costs", columns, rows)


def _group_tables(groups: list[tuple[str, str, Estimate]]) -> tuple[Table, ...]:
    if not groups:
        return ()
    rows = tuple((name, label, e.n, e.value, e.low, e.high) for name, label, e in groups)
    columns = ("grouping", "group", "rows", "share to ask", "low", "high")
    return (Table("Cases worth asking about, by group", columns, rows),)


def _group_charts(groups: list[tuple[str, str, Estimate]]) -> tuple[Chart, ...]:
    if not groups:
        return ()
    rows = [
        {"group": label, "grouping": name, "value": e.value, "low": e.low, "high": e.high, "n": e.n}
        for name, label, e in groups
    ]
    question = "Whose cases would a person see?"
    return (interval_chart(question, rows, x="cases worth asking about", facet="grouping"),)


def _case_table(context: AuditContext, seen: AskingValue, decisions: np.ndarray) -> Table:
    """Return the cases worth most to ask about; equal ones in the table's order."""
    assert context.probabilities is not None
    ranked = np.argsort(-seen.value, kind="stable")
    worth_asking = ranked[seen.ask[ranked] & (context.answers.shares[ranked] > 0)][:MOST_CASES]
    names, cells = _probability_columns(context)
    rows = tuple(
        (
            int(row),
            *cells(context.probabilities[row]),
            context.classes[decisions[row]],
            context.classes[seen.best_decision[row]],
            float(seen.value[row]),
        )
        for row in worth_asking
    )
    columns = ("row", *names, "decision", "best decision by utility", "value of asking")
    return Table(f"The cases to ask about first (at most {MOST_CASES})", columns, rows)


def _probability_columns(
    context: AuditContext,
) -> tuple[tuple[str, ...], Callable[[np.ndarray], tuple[Cell, ...]]]:
    """Return the columns that tell a case's probabilities, and how to fill them from a row."""
    if len(context.classes) == 2:
        label = 1 if context.favourable is None else context.favourable
        return (f"P({context.classes[label]})",), lambda row: (float(row[label]),)
    if len(context.classes) <= MOST_CLASSES:
        return tuple(f"P({name})" for name in context.classes), lambda row: tuple(row.tolist())

    def most_probable(row: np.ndarray) -> tuple[Cell, ...]:
        first, second = np.argsort(-row, kind="stable")[:2]
        return (
            context.classes[first], float(row[first]), context.classes[second], float(row[second]),
        )  # fmt: skip

    return ("most probable", "probability", "next", "its probability"), most_probable
