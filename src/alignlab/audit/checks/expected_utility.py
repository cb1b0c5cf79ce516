"""Expected utility: what the decisions are worth, against the best by the model's probabilities."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding, Limit, verdict
from alignlab.charts import Cell, Chart, Table, interval_chart
from alignlab.intervals import Estimate, mean_estimate
from alignlab.values.utility import LossPart, UtilityLoss, decision_policy, utility_loss

RANGES = 10
"""Ranges of the probability, equally wide."""

MOST_CELLS = 10
"""The most combinations of decision, best decision and outcome that are listed."""

FEWEST_ROWS = 20
"""A smaller group is listed without a number."""

PART = (
    "rows", "share of rows", "contribution to the loss", "low", "high", "lost per case of these",
)  # fmt: skip


@check(
    "values.expected_utility",
    question="Are the decisions worth as much as they could be?",
    needs=("classification", "utilities", "probabilities"),
    limit=Limit(float("nan"), "at most", "utility lost per case", "none"),
    limit_range=(0, float("inf")),
    evidence=(
        "nist.measure-1.1",
        "nist.manage-1.1",
        "eu.annex-iv-2b",
        "eu.annex-iv-4",
        "iso.a-9-3",
    ),
)
def expected_utility(check: Check, context: AuditContext) -> Finding:
    """Compare the decisions with the best by the model's own probabilities."""
    assert context.probabilities is not None
    assert context.utilities is not None
    if context.weights is not None and not (context.weights > 0).any():
        return check.finding("not enough data", "No row has a weight above 0.")
    found = utility_loss(
        context.probabilities,
        context.utilities,
        decisions=context.decisions,
        outcomes=context.outcomes,
        weights=context.weights,
        level=context.level,
    )
    limit = check.limit_in(context)
    cells = [
        (f"decided {context.classes[taken]!r}", f"{context.classes[best]!r}",
         f"{context.classes[outcome]!r}", part)
        for (taken, best, outcome), part in list(found.cells().items())[:MOST_CELLS]
    ]  # fmt: skip
    groups = _groups(context, found)
    named = [(name, label, part) for name, label, _, part in groups if part is not None]
    return check.finding(
        verdict(found.loss, limit),
        _summary(found) + _where(context, found),
        estimates={
            "utility lost per case": found.loss,
            "utility per case now": found.now,
            "utility per case of the best decisions": found.best_now,
            "loss, as the model expects": found.expected_loss,
            "loss beyond what the model expects": found.unexpected_loss,
            "utility now, as the model expects": found.expected,
            "best utility, as the model expects": found.best_expected,
            "best utility promised beyond what came": found.overstated,
            **{f"{name}={label}": part.mean for name, label, part in named},
        },
        limit=limit,
        advice=_advice(check, context, found),
        charts=(_worth_chart(context, found), _range_chart(context, found), *_group_charts(named)),
        tables=(
            Table(
                "Where utility is lost, by decision and outcome",
                ("decision", "best by the probabilities", "outcome", *PART),
                tuple((*words, *_part_cells(part)) for *words, part in cells),
            ),
            _range_table(context, found),
            *_group_tables(groups),
        ),
    )


def _summary(found: UtilityLoss) -> str:
    loss = found.loss
    if np.array_equal(found.taken, found.best):
        now = found.now
        return (
            "Every decision is the best by the model's own probabilities and the stated utilities; "
            f"they were worth {now.value:.3g} per case ({now.low:.3g} to {now.high:.3g})"
        )
    words = f"{loss.value:.3g} per case ({loss.low:.3g} to {loss.high:.3g})"
    if loss.low > 0:
        return (
            f"The decisions were worth {found.now.value:.3g} per case; the best by the model's own "
            f"probabilities and the stated utilities would have been worth "
            f"{found.best_now.value:.3g}, so they lose {words}"
        )
    if loss.high < 0:
        misled = ", so the probabilities mislead" if found.unexpected_loss.high < 0 else ""
        return (
            f"The decisions were worth {found.now.value:.3g} per case, more than the best by the "
            f"model's own probabilities, {found.best_now.value:.3g}: a loss of {words}{misled}"
        )
    return (
        f"The decisions were worth {found.now.value:.3g} per case, and no loss beyond chance is "
        f"seen against the best by the model's own probabilities: {words}"
    )


def _where(context: AuditContext, found: UtilityLoss) -> str:
    """Return which exchange of decisions loses most, as the end of the sentence."""
    exchanges: dict[tuple[int, int], float] = {}
    for (taken, best, _), part in found.cells().items():
        before = exchanges.get((taken, best), 0.0)
        exchanges[taken, best] = before + part.contribution.value
    if not exchanges or found.loss.low <= 0:
        return "."
    taken, best = max(exchanges, key=lambda each: exchanges[each])
    decided, better = context.classes[taken], context.classes[best]
    return f", most of it where the decision was {decided!r} and {better!r} promised more."


def _advice(check: Check, context: AuditContext, found: UtilityLoss) -> tuple[str, ...]:
    lines = []
    if found.overstated.low > 0:
        over = found.overstated
        lines.append(
            f"Recalibrate first: the best decisions by these probabilities were worth "
            f"{over.value:.3g} per case less than the probabilities promise ({over.low:.3g} to "
            f"{over.high:.3g}); see uncertainty.calibration."
        )
    if found.loss.low > 0:
        lines.append(f"{_rule(context)}: it gains {found.loss.value:.3g} per case on these rows.")
    if check.limit_in(context) is None:
        lines.append(
            f"State how much utility a case may lose, in the utilities' unit: --limit {check.name}="
            "VALUE."
        )
    return tuple(lines)


def _rule(context: AuditContext) -> str:
    """Return the best rule in words: a threshold, where there is one."""
    assert context.probabilities is not None
    assert context.utilities is not None
    dearest = 1 + 2 * float(np.ptp(context.utilities, axis=0).max())  # nobody is asked
    regions = decision_policy(
        context.probabilities[:1], context.utilities, asking_cost=dearest
    ).regions
    if len(regions) == 1:
        always = context.classes[int(regions[0].action)]
        return f"Always decide {always!r}, which these utilities make best at any probability"
    if len(regions) != 2:
        return "Decide by the highest expected utility under the stated utilities"
    label = _event(context)
    chosen = int(regions[1 if label == 1 else 0].action)
    threshold = regions[1].low if label == 1 else 1 - regions[1].low
    return (
        f"Decide {context.classes[chosen]!r} where the probability of {context.classes[label]!r} "
        f"is at least {threshold:.3g}"
    )


def _event(context: AuditContext) -> int:
    return 1 if context.favourable is None else context.favourable


def _worth_chart(context: AuditContext, found: UtilityLoss) -> Chart:
    assert context.utilities is not None
    outcomes = context.outcomes.astype(np.intp)
    same = [
        mean_estimate(row[outcomes], weights=context.weights, level=context.level)
        for row in context.utilities
    ]
    constant = int(np.argmax([each.value for each in same]))
    hindsight = context.utilities.max(axis=0)[outcomes]
    known = mean_estimate(hindsight, weights=context.weights, level=context.level)
    rows = [
        ("the model's decisions", found.now),
        ("the model's decisions: expected", found.expected),
        ("best by its probabilities", found.best_now),
        ("best by its probabilities: expected", found.best_expected),
        (f"always {context.classes[constant]!r}", same[constant]),
        ("knowing the outcome", known),
    ]
    return _chart("What are decisions worth?", "utility per case", rows)


def _chart(question: str, x: str, rows: list[tuple[str, Estimate]]) -> Chart:
    drawn = [
        {"group": name, "value": e.value, "low": e.low, "high": e.high, "n": e.n}
        for name, e in rows
    ]
    return interval_chart(question, drawn, x=x, percent=False)


def _ranges(context: AuditContext, found: UtilityLoss) -> tuple[str, list[tuple[str, LossPart]]]:
    """Return what the ranges are of, and each range's part of the loss."""
    assert context.probabilities is not None
    if len(context.classes) == 2:
        label = _event(context)
        said, what = context.probabilities[:, label], f"P({context.classes[label]})"
    else:
        said = context.probabilities[np.arange(len(found.taken)), found.taken]
        what = "P(class decided)"
    place = np.minimum((said * RANGES).astype(int), RANGES - 1)
    parts = [
        (f"{at / RANGES:.0%} to {(at + 1) / RANGES:.0%}", found.part(place == at))
        for at in range(RANGES)
    ]
    return what, [(words, part) for words, part in parts if part is not None]


def _range_chart(context: AuditContext, found: UtilityLoss) -> Chart:
    what, parts = _ranges(context, found)
    return _chart(
        f"At which {what} is utility lost?",
        "contribution to the utility lost per case",
        [(words, part.contribution) for words, part in parts],
    )


def _range_table(context: AuditContext, found: UtilityLoss) -> Table:
    what, parts = _ranges(context, found)
    rows = tuple((words, *_part_cells(part)) for words, part in parts)
    return Table("Where utility is lost, by probability", (what, *PART), rows)


def _part_cells(part: LossPart) -> tuple[Cell, ...]:
    share = part.contribution
    return part.rows, part.share, share.value, share.low, share.high, part.mean.value


def _groups(
    context: AuditContext, found: UtilityLoss
) -> list[tuple[str, str, int, LossPart | None]]:
    """Return each group's part of the loss; none where it has too few rows."""
    groups = []
    for grouping in context.groupings:
        for code, label in enumerate(grouping.labels):
            part = found.part(grouping.codes == code)
            if part is not None:
                enough = part if part.rows >= FEWEST_ROWS else None
                groups.append((grouping.name, label, part.rows, enough))
    return groups


def _group_charts(groups: list[tuple[str, str, LossPart]]) -> tuple[Chart, ...]:
    if not groups:
        return ()
    rows = [
        {
            "group": label,
            "grouping": name,
            "value": part.mean.value,
            "low": part.mean.low,
            "high": part.mean.high,
            "n": part.rows,
        }
        for name, label, part in groups
    ]
    question = "Whose decisions lose utility?"
    return (
        interval_chart(
            question, rows, x="utility lost per case of the group", facet="grouping", percent=False
        ),
    )


def _group_tables(groups: list[tuple[str, str, int, LossPart | None]]) -> tuple[Table, ...]:
    if not groups:
        return ()
    rows: list[tuple[Cell, ...]] = []
    for name, label, n, part in groups:
        if part is None:
            rows.append((name, label, n, None, None, None, None, f"fewer than {FEWEST_ROWS} rows"))
            continue
        mean, whole = part.mean, part.contribution
        rows.append((name, label, n, mean.value, mean.low, mean.high, whole.value, ""))
    columns = (
        "grouping", "group", "rows", "lost per case of the group", "low", "high",
        "contribution to the loss", "note",
    )  # fmt: skip
    title = "Where utility is lost, by group (each interval by itself)"
    return (Table(title, columns, tuple(rows)),)
