"""How the answers change with the features that move them most, and where not to read that."""

from typing import Any

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Table
from alignlab.intervals import Estimate
from alignlab.transparency.effects import Effects, accumulated_local_effects, partial_dependence
from alignlab.wording import joined

LOCAL_EVALUATIONS = 200_000
"""Rows that the model may be asked for to find what moves the answers: seconds for a table."""

MEAN_EVALUATIONS = 150_000
"""Rows that it may be asked for to draw the mean answers along the likeliest features."""

SHOWN = 4
"""Features drawn."""

POINTS = 20
"""Points of a curve."""

COLUMNS = ("feature", "moves the answers by", "explained by others", "rows unlike the data", "how")


@check(
    "transparency.effects",
    question="How do the answers change with what moves them most?",
    needs=("table", "model"),
    evidence=("nist.measure-2.9", "eu.annex-iv-2b", "iso.a-6-2-7"),
)
def effects(check: Check, context: AuditContext) -> Finding:
    """Draw the effects of the few features that move the answers most."""
    weighted = len(context.features) if context.weights is None else np.sum(context.weights > 0)
    if weighted < 2:
        return check.finding("not enough data", "There are not two rows to average over.")
    common: dict[str, Any] = {
        "weights": context.weights,
        "level": context.level,
        "seed": context.generator(check.name),
        "target": context.explained_class,
    }
    width = max(context.features.shape[1], 1)
    local = accumulated_local_effects(
        context.predictor,
        context.features,
        max_rows=max(200, LOCAL_EVALUATIONS // (2 * width)),
        **common,
    )
    widest = sorted(local.effects, key=lambda each: -each.spread())
    likely = [each.feature for each in widest if each.spread() > 0][: 2 * SHOWN]
    if not likely:
        return check.finding(
            "measured",
            f"No feature moves the model's answers on {local.rows:,} rows.",
            tables=(_table(local, None),),
        )
    # Local effects add up across rows that differ, and can promise more than any row sees; so the
    # mean answers decide which of the likely features come first.
    drawn = partial_dependence(
        context.predictor,
        context.features,
        likely,
        points=POINTS,
        max_rows=max(200, MEAN_EVALUATIONS // (len(likely) * (POINTS + 2))),
        individual=0,
        **common,
    )
    by_mean = sorted(drawn.effects, key=lambda each: -each.spread())
    names = [each.feature for each in by_mean][:SHOWN]
    return check.finding(
        "measured",
        _summary(drawn, names, len(local.effects)),
        estimates={name: _range(drawn, name, context.level) for name in names},
        advice=_advice(drawn, local, names),
        charts=tuple(drawn.chart(name) for name in names),
        tables=(_table(local, drawn),),
    )


def _summary(drawn: Effects, names: list[str], among: int) -> str:
    first = drawn.sentence(names[0]).removesuffix(".")
    others = ""
    if len(names) > 1:
        told = [str(name) for name in names[1:]]
        others = f"; next come{'' if len(told) > 1 else 's'} {joined(told)}"
    return f"Of {among} features {names[0]} moves the answers most: {_lower(first)}{others}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _range(drawn: Effects, name: str, level: float) -> Estimate:
    """Return the largest less the smallest point of a curve, by the band of the whole curve."""
    effect = drawn[name]
    value = float(effect.range[0])
    least = float(effect.low[:, 0].max() - effect.high[:, 0].min())
    most = float(effect.high[:, 0].max() - effect.low[:, 0].min())
    method = f"from the simultaneous band of {len(effect.at)} points"
    return Estimate(value, max(least, 0.0), most, level, drawn.rows, method)


def _advice(drawn: Effects, local: Effects, names: list[str]) -> tuple[str, ...]:
    left_out = [f"{name} ({reason})" for name, reason in list(local.left_out.items())[:3]]
    more = f" and {len(local.left_out) - 3} more" if len(local.left_out) > 3 else ""
    lines = [f"Left out: {', '.join(left_out)}{more}."] if left_out else []
    return (*(line for name in names for line in drawn.warnings_of(name)), *lines)


def _table(local: Effects, drawn: Effects | None) -> Table:
    means = {each.feature: each for each in drawn.effects} if drawn else {}
    rows = []
    for each in local.effects:
        effect = means.get(each.feature, each)
        source = drawn if drawn is not None and each.feature in means else local
        rows.append(
            (
                each.feature,
                effect.spread(),
                None if np.isnan(each.explained) else each.explained,
                float(effect.outside.mean()) if each.feature in means else None,
                source.sentence(each.feature),
            )
        )
    rows.sort(key=lambda row: (row[0] not in means, -row[1]))
    unit = {"probability": "probability", "decision": "share of decisions"}.get(
        local.scale, "predicted value"
    )
    title = f"What moves the answers (standard deviation over the rows, {unit})"
    used = local.rows if drawn is None else drawn.rows
    if used < local.rows_given:
        title += f", on {used:,} of {local.rows_given:,} rows"
    return Table(title, COLUMNS, tuple(rows))
