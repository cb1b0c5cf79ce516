"""What the model goes by: how much worse its answers get when a feature is shuffled among rows.

Two features are looked for besides, and named first: one that tells the outcome by itself almost
perfectly, as what was noted after the outcome does [kaufman2012leakage], and one whose shuffling
takes away almost all of the model's skill, as the mark on the horses' pictures would
[lapuschkin2019unmasking]. Numbers show both; whether either is a fault, a person must say.
"""

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Table
from alignlab.errors import InputError
from alignlab.measures import measure
from alignlab.transparency import (
    FeatureImportance,
    PermutationImportance,
    affordable,
    features_of,
)
from alignlab.transparency.dependence import DEPENDENT
from alignlab.transparency.importance import ShuffledAnswers, shuffled_answers
from alignlab.transparency.importance.metrics import skill_of
from alignlab.transparency.proxies import Telling, predictability
from alignlab.wording import joined

EVALUATIONS = 700_000
"""Rows that the model may be asked for: seconds for a model of tables."""

NAMED = 3

SHOWN = 20
"""Features in the chart; the table has them all."""

MOST_NUMBERS = 2**24
"""Probabilities kept at once: with many classes fewer rows are asked for."""

LEAKED = 0.97
"""A feature whose AUC or R², alone, is surely above this gives the outcome away."""

WHOLLY, SURELY = 0.9, 0.75
"""A feature carries the model if its shuffling takes away this share of the skill, and surely
more than the second."""

FEWEST_FEATURES = 3
"""Of two features, one carries the model as a matter of course."""

COLUMNS = (
    "feature", "importance", "low", "high", "matters", "explained by others", "skill lost",
    "tells the outcome alone",
)  # fmt: skip


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
    numbers = MOST_NUMBERS // max(len(context.classes), 1)
    max_rows, repeats = affordable(
        len(context.features), features, evaluations=min(EVALUATIONS, numbers)
    )
    asked = shuffled_answers(
        context.predictor,
        context.features,
        context.outcome_labels,
        weights=context.weights,
        answers=context.predictions,
        repeats=repeats,
        max_rows=max_rows,
        seed=context.seed,
    )
    result = asked.importance(level=context.level)
    skill = _skill(asked, context)
    told = _told(context)
    declared = _declared(result, context)
    suspects = _suspects(skill, told, context)
    return check.finding(
        "measured",
        suspects + _sentence(result, declared),
        estimates={each.name: each.estimate for each in result.features},
        advice=_warnings(skill, told) + _advice(result, declared),
        charts=(result.chart(most=SHOWN),),
        tables=(_table(result, skill, told),),
    )


def _skill(asked: ShuffledAnswers, context: AuditContext) -> PermutationImportance:
    """Return what each feature's shuffling does to the model's skill, where there is skill."""
    assert context.predictor is not None
    return asked.importance(skill_of(context.predictor), level=context.level)


def _told(context: AuditContext) -> Telling | None:
    """Return how well each feature alone tells the outcome, where there are rows to learn it."""
    try:
        return predictability(
            context.features,
            context.outcomes,
            values=context.task == "regression",
            together=False,
            weights=context.weights,
            level=context.level,
            seed=context.seed,
        )
    except InputError:
        return None


def _leaked(told: Telling | None) -> list[str]:
    """Return the features that give the outcome away, the best first."""
    if told is None:
        return []
    found = [name for name, each in told.features.items() if each.low > LEAKED]
    return sorted(found, key=lambda name: -told.features[name].value)


def _carrier(skill: PermutationImportance) -> FeatureImportance | None:
    """Return the feature that carries the model almost wholly, or `None`."""
    if len(skill.features) < FEWEST_FEATURES:
        return None
    shares = [each for each in skill.features if each.share is not None]
    return next(
        (
            each
            for each in shares
            if each.share and each.share.value > WHOLLY and each.share.low > SURELY
        ),
        None,
    )


def _suspects(skill: PermutationImportance, told: Telling | None, context: AuditContext) -> str:
    """Return a first sentence on a feature that is too good to be true, or nothing."""
    parts = []
    leaked, carrier = _leaked(told), _carrier(skill)
    if leaked and told is not None:
        more = f" (and so do {joined(leaked[1:4])})" if len(leaked) > 1 else ""
        parts.append(
            f"{leaked[0]} alone tells the outcome almost perfectly{more}: {told.measure} "
            f"{told.features[leaked[0]].value:.3f}{_own(told, context)}"
        )
    if carrier is not None and carrier.share is not None:
        parts.append(
            f"{'the' if parts else 'The'} model goes almost wholly by {carrier.name}: shuffling it "
            f"alone takes away {min(carrier.share.value, 1.0):.0%} of what its answers tell of the "
            "outcome"
        )
    return "; ".join(parts) + ". " if parts else ""


def _own(told: Telling, context: AuditContext) -> str:
    """Return the model's own AUC or R², to set beside a feature's."""
    if context.task == "classification" and context.probabilities is None:
        return ""
    own = measure("r2" if context.task == "regression" else "auc", context.answers)
    return f", the model's own {told.measure} {own.value:.3f}"


def _warnings(skill: PermutationImportance, told: Telling | None) -> tuple[str, ...]:
    lines = [
        f"Find out when {name!r} is known: if only after the outcome, the model will not have it "
        "when it is needed. Leave it out of training, and audit again."
        for name in _leaked(told)[:NAMED]
    ]
    carrier = _carrier(skill)
    if carrier is not None:
        lines.append(
            f"Ask whether {carrier.name!r} is about the case or about how the rows were gathered "
            "(a source, a mark, a number of the file): in the latter case the model fails where "
            "rows are gathered otherwise. Audit it on rows of another source."
        )
    return tuple(lines)


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
        names = joined([each.name for each in declared])
        group = f", among them {names}, named as {'groups' if len(declared) > 1 else 'a group'}"
    return (
        f"The model goes most by {joined([each.name for each in tops])}: shuffling "
        f"{'them one at a time' if len(tops) > 1 else 'it'} among rows {_worsens(tops, result)}; "
        f"{len(shown)} {among} {'is' if len(shown) == 1 else 'are'} shown to matter on "
        f"{_rows(result)}{group}."
    )


def _worsens(tops: list[FeatureImportance], result: PermutationImportance) -> str:
    """Return what shuffling does to the loss, as people say it."""
    values = [each.estimate.value for each in tops]
    if result.metric == "error":
        points = joined([f"{100 * value:.1f}" for value in values])
        return f"makes {points} more decisions in a hundred wrong"
    if result.baseline > 0:
        shares = joined([f"{value / result.baseline:,.0%}" for value in values])
        return f"raises its {result.metric} by {shares}"
    return f"raises its {result.metric} by {joined([f'{value:.3g}' for value in values])}"


def _rows(result: PermutationImportance) -> str:
    if result.rows == result.rows_given:
        return f"{result.rows:,} rows"
    return f"{result.rows:,} of {result.rows_given:,} rows"


def _advice(result: PermutationImportance, declared: list[FeatureImportance]) -> tuple[str, ...]:
    lines = [
        f"The model reads {each.name!r} and decides by it: see the fairness checks of that group, "
        "and leave the column out of training if it must not count."
        for each in declared
    ]
    dependent = [each for each in result.features if each.explained > DEPENDENT]
    if dependent:
        shown = joined([f"{each.name} ({each.explained:.0%})" for each in dependent[:3]])
        more = f" and {len(dependent) - 3} more" if len(dependent) > 3 else ""
        lines.append(
            f"The other features foretell {shown}{more}: shuffled rows are unlike real ones there, "
            "and features that stand in for each other share their importance, so judge them "
            "together."
        )
    return tuple(lines)


def _table(
    result: PermutationImportance, skill: PermutationImportance, told: Telling | None
) -> Table:
    lost = {each.name: each.share for each in skill.features}
    alone = {} if told is None else told.features
    rows = tuple(
        (
            each.name,
            each.estimate.value,
            each.estimate.low,
            each.estimate.high,
            "yes" if each.matters else "not shown",
            None if np.isnan(each.explained) else each.explained,
            None if (share := lost.get(each.name)) is None else share.value,
            None if (known := alone.get(each.name)) is None else known.value,
        )
        for each in result.features
    )
    title = f"Rise of the {result.metric} (from {result.baseline:.4g}) when a feature is shuffled"
    return Table(title, COLUMNS, rows)
