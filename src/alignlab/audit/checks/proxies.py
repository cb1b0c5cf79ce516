"""What gives a group away, and how much of the gap in the model's answers goes by it."""

from itertools import chain
from typing import Literal

import numpy as np

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Cell, Table
from alignlab.datasets import Grouping
from alignlab.errors import InputError
from alignlab.intervals import Estimate
from alignlab.transparency.features import features_of
from alignlab.transparency.importance import Gap, affordable, shuffled_answers
from alignlab.transparency.importance.gaps import FEWEST_ROWS
from alignlab.transparency.proxies import Proxies, Proxy
from alignlab.transparency.proxies.finding import proxies_among
from alignlab.wording import joined

EVALUATIONS = 300_000
"""Rows that the model may be asked for: seconds for a model of tables."""

SHOWN = 20
"""Features in a chart; the tables have them all."""

NAMED = 3

COLUMNS = (
    "feature", "tells (AUC)", "at least", "carries", "low", "high", "share of the gap", "proxy",
)  # fmt: skip


@check(
    "transparency.proxies",
    question="What gives a group away, and does the model go by it?",
    needs=("table", "model", "groups"),
    evidence=("nist.measure-2.11", "eu.annex-iv-2b", "eu.annex-iv-2e", "iso.a-5-4"),
)
def proxies(check: Check, context: AuditContext) -> Finding:
    """Find the features that tell the groups apart and carry part of the gap between them."""
    assert context.predictor is not None
    used = len(context.features) if context.weights is None else int(np.sum(context.weights > 0))
    if used < 2 * FEWEST_ROWS:
        return check.finding("not enough data", f"{used} rows do not make two groups to compare.")
    features = len(features_of(context.features))
    max_rows, repeats = affordable(len(context.features), features, evaluations=EVALUATIONS)
    asked = shuffled_answers(
        context.predictor,
        context.features,
        weights=context.weights,
        answers=context.predictions,
        repeats=repeats,
        max_rows=max_rows,
        seed=context.generator(check.name),
    )
    compared = [(each, _pairs(each)) for each in context.groupings]
    family = features * sum(pairs for _, pairs in compared)
    found = []
    for each, pairs in compared:
        if pairs == 0:
            continue
        try:
            found.append(
                proxies_among(
                    asked,
                    Gap(
                        np.array(each.labels, dtype=object)[each.codes],
                        _of(context),
                        context.explained_class,
                    ),
                    context.features,
                    attribute=each.name,
                    itself=set(each.name.split("*")),
                    weights=context.weights,
                    level=context.level,
                    comparisons=family,
                    seed=context.seed,
                )
            )
        except InputError:  # too few of its rows have weight or were sampled
            continue
    if not found:
        return check.finding(
            "not enough data", f"No two groups have {FEWEST_ROWS} rows each to tell them apart by."
        )
    found.sort(key=lambda each: -max((p.carries.low for p in each.proxies), default=-np.inf))
    return check.finding(
        "measured",
        _summary(found, context),
        estimates=_estimates(found),
        advice=_advice(found),
        charts=tuple(each.chart(most=SHOWN) for each in found),
        tables=tuple(_table(each) for each in found),
    )


def _pairs(each: Grouping) -> int:
    enough = int(np.sum(each.sizes >= FEWEST_ROWS))
    return enough * (enough - 1) // 2


def _of(context: AuditContext) -> Literal["answer", "decision"]:
    decided = context.task == "classification" and context.probabilities is None
    return "decision" if decided else "answer"


def _summary(found: list[Proxies], context: AuditContext) -> str:
    named = [each for each in found if each.proxies]
    if not named:
        return _nothing(found)
    first, *others = named
    sentence = f"{_proxies(first, context)}{_itself(first, context)}."
    if others:
        rest = "; ".join(
            f"for {each.attribute}: {joined([p.name for p in each.proxies[:NAMED]])}"
            for each in others
        )
        sentence += f" Also {rest}."
    return sentence


def _proxies(found: Proxies, context: AuditContext) -> str:
    shown = found.proxies[:NAMED]
    ends = f"{found.attribute} {found.between[0]} from {found.between[1]}"
    parts = [
        f"{shown[0].name} (tells {ends} with an AUC of {shown[0].tells.value:.2f} and carries "
        f"{_part(shown[0], context)} of the gap of {_points(found.gap.value, context)} in "
        f"{_what(found, context)})"
    ]
    parts += [f"{p.name} ({p.tells.value:.2f}, {_part(p, context)})" for p in shown[1:]]
    more = len(found.proxies) - len(shown)
    if more:
        parts.append(f"{more} more")
    best = max(found.proxies, key=lambda each: each.tells.value)
    teller = (
        "" if best in shown else f", of which {best.name} tells it best ({best.tells.value:.2f})"
    )
    plural = "Proxies" if len(found.proxies) > 1 else "A proxy"
    return f"{plural} for {found.attribute}: {joined(parts)}{teller}"


def _part(each: Proxy, context: AuditContext) -> str:
    return _points(each.carries.value, context) if each.share is None else f"{each.share.value:.0%}"


def _points(value: float, context: AuditContext) -> str:
    return f"{value:.3g}" if context.task == "regression" else f"{100 * value:.1f} points"


def _what(found: Proxies, context: AuditContext) -> str:
    if context.task == "regression":
        return "the mean prediction"
    said = "decisions" if _of(context) == "decision" else "the mean probability"
    return f"{said} of {found.of}"


def _itself(found: Proxies, context: AuditContext) -> str:
    own = [each for each in found.features if each.itself and each.carries.low > 0]
    if not own:
        return ""
    return f"; the model reads {own[0].name} itself, which carries {_part(own[0], context)}"


def _nothing(found: list[Proxies]) -> str:
    names = joined([each.attribute for each in found])
    sentence = (
        f"No feature is shown to give {names} away and to carry part of a gap in the model's "
        f"answers, on {found[0].rows:,} rows."
    )
    telling = [
        (each.attribute, max(known, key=lambda p: p.tells.value))
        for each in found
        if (known := [p for p in each.features if p.gives_away and not p.itself])
    ]
    if telling:
        shown = joined(
            [f"{p.name} tells {of} (AUC {p.tells.value:.2f})" for of, p in telling[:NAMED]]
        )
        sentence += f" {shown}, and no gap is shown to go by it."
    return sentence


def _estimates(found: list[Proxies]) -> dict[str, Estimate]:
    pairs = chain.from_iterable(
        (
            (f"{each.attribute} carried by {p.name}", p.carries),
            (f"{each.attribute} told by {p.name}", p.tells),
        )
        for each in found
        for p in each.features
    )
    made: dict[str, Estimate] = dict(pairs)
    for each in found:
        made[f"gap by {each.attribute}"] = each.gap
        if each.together is not None:
            made[f"{each.attribute} told by all together"] = each.together
    return made


def _advice(found: list[Proxies]) -> tuple[str, ...]:
    lines = []
    for each in found:
        if not each.proxies:
            continue
        together = ""
        if each.together is not None:
            together = f" All features together tell it with an AUC of {each.together.value:.2f}."
        lines.append(
            f"Leaving {each.attribute} out of training does not keep the model from going by it: "
            f"{each.proxies[0].name} tells of it.{together} Whether that feature may count is for "
            "people to say; alignlab train with a fairness term lowers the gap whatever carries it."
        )
    return tuple(lines)


def _table(found: Proxies) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            each.name,
            each.tells.value,
            each.tells.low,
            each.carries.value,
            each.carries.low,
            each.carries.high,
            None if each.share is None else each.share.value,
            "itself" if each.itself else "yes" if each.is_proxy else "not shown",
        )
        for each in found.features
    ]
    title = (
        f"What tells {found.between[0]} from {found.between[1]} ({found.attribute}), and what "
        f"carries the gap of {found.gap.value:.4g} in the mean answer"
    )
    return Table(title, COLUMNS, tuple(rows))
