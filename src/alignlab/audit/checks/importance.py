"""What the model goes by: how much worse its answers get when a feature is shuffled among rows."""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Table
from alignlab.transparency import (
    FeatureImportance,
    PermutationImportance,
    affordable,
    features_of,
    permutation_importance,
)

EVALUATIONS = 700_000
"""Rows that the model may be asked for: seconds for a model of tables."""

SHOWN = 20
"""Features in the chart; the table has them all."""

DEPENDENT = 0.8
"""Explained by the others beyond this (a variance inflation of 5), shuffling leaves the data."""

COLUMNS = ("feature", "importance", "low", "high", "matters", "explained by others")


@check(
    "transparency.importance",
    question="What does the model go by?",
    needs=("table", "model"),
    evidence=("nist.measure-2.9", "eu.annex-iv-2b", "eu.annex-iv-2e", "iso.a-6-2-7"),
)
def importance(check: Check, context: AuditContext) -> Finding:
    """Measure the permutation importance of every feature of the model."""
    assert context.predictor is not None
    weighted = len(context.features) if context.weights is None else np.sum(context.weights > 0)
    if weighted < 2:
        return check.finding(
            "not enough data", "There are not two rows between which to swap a feature's values."
        )
    features = len(features_of(context.features))
    max_rows, repeats = affordable(len(context.features), features, evaluations=EVALUATIONS)
    result = permutation_importance(
        context.predictor,
        context.features,
        _labels(context),
        weights=context.weights,
        answers=_known_answers(context),
        repeats=repeats,
        max_rows=max_rows,
        level=context.level,
        seed=context.seed,
    )
    declared = _declared(result, context)
    return check.finding(
        "measured",
        _sentence(result, declared),
        estimates={each.name: each.estimate for each in result.features},
        advice=_advice(result, declared),
        charts=(result.chart(most=SHOWN),),
        tables=(_table(result),),
    )


def _labels(context: AuditContext) -> np.ndarray:
    """Return the outcomes as the model's classes are written, or the values."""
    if context.task == "regression":
        return context.outcomes
    return np.array(context.classes, dtype=object)[context.outcomes.astype(np.intp)]


def _known_answers(context: AuditContext) -> np.ndarray:
    if context.probabilities is not None:
        return context.probabilities
    if context.task == "regression":
        return context.decisions.astype(float)
    return np.eye(len(context.classes))[context.decisions.astype(np.intp)]


def _declared(result: PermutationImportance, context: AuditContext) -> list[FeatureImportance]:
    """Return the features that matter and that a person named as a group."""
    named = {column for each in context.groupings for column in each.name.split("*")}
    return [
        each
        for each in result.features
        if each.matters and named.intersection((each.name, *each.columns))
    ]


def _sentence(result: PermutationImportance, declared: list[FeatureImportance]) -> str:
    shown = [each for each in result.features if each.matters]
    among = f"of {len(result.features)} features"
    if not shown:
        return (
            f"No feature is shown to matter {among}: shuffling none of them surely worsens the "
            f"model's answers on {result.rows:,} rows."
        )
    tops = shown[:3]
    group = ""
    if declared:
        names = _joined([each.name for each in declared])
        group = f", among them {names}, named as {'groups' if len(declared) > 1 else 'a group'}"
    return (
        f"The model goes most by {_joined([each.name for each in tops])}: shuffling "
        f"{'them one at a time' if len(tops) > 1 else 'it'} among rows {_worsens(tops, result)}; "
        f"{len(shown)} {among} {'is' if len(shown) == 1 else 'are'} shown to matter on "
        f"{_rows(result)}{group}."
    )


def _worsens(tops: list[FeatureImportance], result: PermutationImportance) -> str:
    """Return what shuffling does to the loss, as people say it."""
    values = [each.estimate.value for each in tops]
    if result.metric == "error":
        points = _joined([f"{100 * value:.1f}" for value in values])
        return f"makes {points} more decisions in a hundred wrong"
    if result.baseline > 0:
        shares = _joined([f"{value / result.baseline:.0%}" for value in values])
        return f"raises its {result.metric} by {shares}"
    return f"raises its {result.metric} by {_joined([f'{value:.3g}' for value in values])}"


def _rows(result: PermutationImportance) -> str:
    if result.rows == result.rows_given:
        return f"{result.rows:,} rows"
    return f"{result.rows:,} of {result.rows_given:,} rows"


def _joined(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def _advice(result: PermutationImportance, declared: list[FeatureImportance]) -> tuple[str, ...]:
    lines = [
        f"The model reads {each.name!r} and decides by it: see the fairness checks of that group, "
        "and leave the column out of training if it must not count."
        for each in declared
    ]
    dependent = [each for each in result.features if each.explained > DEPENDENT]
    if dependent:
        shown = _joined([f"{each.name} ({each.explained:.0%})" for each in dependent[:3]])
        more = f" and {len(dependent) - 3} more" if len(dependent) > 3 else ""
        lines.append(
            f"The other features foretell {shown}{more}: shuffled rows are unlike real ones there, "
            "and features that stand in for each other share their importance, so judge them "
            "together."
        )
    return tuple(lines)


def _table(result: PermutationImportance) -> Table:
    rows = tuple(
        (
            each.name,
            each.estimate.value,
            each.estimate.low,
            each.estimate.high,
            "yes" if each.matters else "not shown",
            None if np.isnan(each.explained) else each.explained,
        )
        for each in result.features
    )
    title = f"Rise of the {result.metric} (from {result.baseline:.4g}) when a feature is shuffled"
    return Table(title, COLUMNS, rows)
