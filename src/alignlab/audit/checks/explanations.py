"""Single decisions as cards: a typical one, a borderline one and a wrong one, each with its truth.

The cases are chosen by rule, so that nobody picks the ones that look well: the right decision
nearest to the middle of the data, the one with the least margin between two classes, and the wrong
one that the model is surest of (in regression the one that is farthest off).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Cell, Chart, Table, bar_chart
from alignlab.errors import InputError, ModelError
from alignlab.transparency import features_of
from alignlab.transparency.cards import ExplanationCard, distances, explain_many
from alignlab.transparency.cards.shown import percent
from alignlab.wording import joined

FEWEST = 20
"""Rows with a weight; fewer are no company to be typical in."""

EVALUATIONS = 30_000
"""Rows that the model may be asked for on account of one card's Shapley values."""

BACKGROUND = 50

ALTERNATIVES = 1
"""The search for a second, different way takes as long again."""

SHOWN = 8
"""Features in a card's chart; its sentences say what the others come to."""

COLUMNS = (
    "case", "row", "decided", "probability", "happened", "counted most",
    "random orders beaten (share)", "low", "high",
)  # fmt: skip


@check(
    "transparency.explanations",
    question="What are single decisions explained by?",
    needs=("table", "model"),
    evidence=("nist.measure-2.9", "eu.annex-iv-2b", "eu.annex-iv-2e", "iso.a-6-2-7"),
)
def explanations(check: Check, context: AuditContext) -> Finding:
    """Explain a typical, a borderline and a wrong decision."""
    assert context.predictor is not None
    usable = np.arange(len(context.features))
    if context.weights is not None:
        usable = np.flatnonzero(context.weights > 0)
    if len(usable) < FEWEST:
        return check.finding(
            "not enough data",
            f"{len(usable)} rows are too few to call one typical; at least {FEWEST} are needed.",
        )
    kinds = _cases(context, usable)
    cards = _cards(context, usable, list(kinds.values()))
    if isinstance(cards, str):
        return check.finding("not applicable", f"Not applicable: {cards}")
    named = dict(zip(kinds, cards, strict=True))
    scores = {
        kind: each.truth.score
        for kind, each in named.items()
        if each.truth is not None and each.truth.score is not None
    }
    return check.finding(
        "measured",
        _sentence(named),
        estimates={f"random orders beaten, {kind} case": score for kind, score in scores.items()},
        advice=_advice(named),
        charts=tuple(_chart(kind, each) for kind, each in named.items() if _moves(each)),
        tables=(_overview(named), *(_table(kind, each) for kind, each in named.items())),
    )


def _cases(context: AuditContext, usable: np.ndarray) -> dict[str, int]:
    """Return the positions of the cases among the usable rows, by their kind."""
    features = context.features.iloc[usable].reset_index(drop=True)
    middle = distances(_middle(features), features, features_of(features))
    outcomes, decisions = context.outcomes[usable], context.decisions[usable]
    found: dict[str, int] = {}
    if context.task == "regression":
        off = np.abs(np.asarray(outcomes, float) - np.asarray(decisions, float))
        found["typical"] = int(middle.argmin())
        found["farthest off"] = int(off.argmax())
    else:
        right = outcomes == decisions
        common = np.bincount(decisions.astype(np.intp)).argmax()
        some = right & (decisions == common) if (right & (decisions == common)).any() else right
        if some.any():
            found["typical"] = int(np.where(some, middle, np.inf).argmin())
        sure = -middle
        if context.probabilities is not None:
            answers = np.sort(context.probabilities[usable], axis=1)
            margin = answers[:, -1] - answers[:, -2]
            if context.predictor is None or context.predictor.decision is None:
                found["borderline"] = int(np.lexsort((middle, margin))[0])
            sure = context.probabilities[usable, decisions.astype(np.intp)]
        if not right.all():
            found["wrong"] = int(np.where(right, -np.inf, sure).argmax())
    kept: dict[str, int] = {}
    for kind, at in found.items():
        if at not in kept.values():
            kept[kind] = at
    return kept


def _middle(features: pd.DataFrame) -> pd.DataFrame:
    """Return a row of each column's median, or of what it holds most often."""
    cells: dict[str, list[object]] = {}
    for name in features.columns:
        column = features[name]
        number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        known = column.dropna()
        if not len(known):
            cells[name] = [None]
        elif number:
            cells[name] = [float(np.median(known.to_numpy(np.float64)))]
        else:
            counts = known.astype(str).value_counts()
            most = counts[counts == counts.max()].index.min()
            cells[name] = [known[known.astype(str) == most].iloc[0]]
    return pd.DataFrame(cells)


def _cards(
    context: AuditContext, usable: np.ndarray, rows: list[int]
) -> tuple[ExplanationCard, ...] | str:
    """Return a card for each case, or why there are none."""
    features = context.features.iloc[usable].reset_index(drop=True)
    named = {column for each in context.groupings for column in each.name.split("*")}
    stated = {
        "data": features,
        "outcomes": context.outcome_labels[usable],
        "answers": context.predictions[usable],
        "protected": [name for name in features.columns if name in named],
        "favourable": None if context.favourable is None else context.favourable_label,
        "background": BACKGROUND,
        "max_evaluations": EVALUATIONS,
        "name": "the data",
        "level": context.level,
        "seed": context.seed,
    }
    try:
        cards = explain_many(context.predictor, rows, alternatives=ALTERNATIVES, **stated)
    except (InputError, ModelError):
        # Some tables have no changed rows that make sense; what counted can be said all the same.
        try:
            cards = explain_many(context.predictor, rows, alternatives=0, **stated)
        except (InputError, ModelError) as error:
            return f"the model cannot be asked about mixed rows: {error}"
    return tuple(replace(each, row=int(usable[each.row or 0])) for each in cards)


def _moves(card: ExplanationCard) -> bool:
    return any(each.value for each in card.reasons)


def _decided(card: ExplanationCard) -> str:
    share = card.probabilities.get(card.decision)
    return repr(card.decision) + ("" if share is None else f" with {percent(share)}")


def _sentence(named: dict[str, ExplanationCard]) -> str:
    first = {1: "One decision is", 2: "Two decisions are"}.get(len(named), "Three decisions are")
    parts = []
    for kind, card in named.items():
        names = [each.feature for each in card.main_reasons]
        most = f"{joined(names)} counted most" if names else "no feature surely counted"
        said = card.decision if card.task == "regression" else _decided(card)
        happened = "" if kind in ("typical", "borderline") else f", and {card.happened} happened"
        if kind == "wrong":
            happened = f" where {card.happened!r} happened"
        parts.append(f"the {kind} one (row {card.row}, {said}{happened}): {most}")
    scores = [
        each.truth.score.value
        for each in named.values()
        if each.truth is not None and each.truth.score is not None
    ]
    truth = (
        f" Their orders of features beat {percent(float(np.mean(scores)))} of random ones."
        if scores
        else ""
    )
    return f"{first} explained; {'; '.join(parts)}.{truth}"


def _advice(named: dict[str, ExplanationCard]) -> tuple[str, ...]:
    row = next(iter(named.values())).row
    lines = [f"Write a card for any row: alignlab explain MODEL DATA --row {row} --out X.html."]
    counted = sorted(
        {r.feature for card in named.values() for r in card.reasons if r.sure and r.protected}
    )
    if counted:
        lines.insert(
            0,
            f"Named as groups, and counted in these decisions: {joined(counted)}. See the fairness "
            "checks of these groups.",
        )
    poor = [
        kind for kind, each in named.items()
        if each.truth is not None and each.truth.score is not None and not each.truth.holds
    ]  # fmt: skip
    if poor:
        lines.append(
            f"Do not show the explanation of the {joined(poor)} case as it is: its order of "
            "features is not surely better than a random one."
        )
    return tuple(lines)


def _chart(kind: str, card: ExplanationCard) -> Chart:
    answer = "the value" if card.task == "regression" else repr(card.decision)
    points = card.scale in ("probability", "decision")
    unit = "points of probability" if points else "in the answer's unit"
    rows = [
        {
            "feature": f"{each.feature} = {each.given}",
            "counted": each.value,
            "low": each.low,
            "high": each.high,
        }
        for each in card.reasons[:SHOWN]
    ]
    return bar_chart(
        f"What counted for {answer} in the {kind} case, row {card.row}?",
        rows,
        x=f"counted for {answer} ({unit})",
        y="feature",
        value="counted",
        percent=points,
    )


def _overview(named: dict[str, ExplanationCard]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind, card in named.items():
        score = None if card.truth is None else card.truth.score
        rows.append(
            (
                kind,
                card.row,
                card.decision,
                card.probabilities.get(card.decision),
                card.happened,
                joined([each.feature for each in card.main_reasons]) if card.main_reasons else "–",
                *((None, None, None) if score is None else (score.value, score.low, score.high)),
            )
        )
    return Table("Decisions explained, and how true the explanations are", COLUMNS, tuple(rows))


def _table(kind: str, card: ExplanationCard) -> Table:
    rows = tuple((each.question, " ".join(each.sentences)) for each in card.sections)
    return Table(f"The {kind} case, row {card.row}", ("question", "answer"), rows)
