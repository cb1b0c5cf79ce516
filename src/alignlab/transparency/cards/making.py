"""Cards made: the Shapley values of all cases together, then each case's own card."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.datasets import Constraints
from alignlab.errors import InputError, require_choice, require_whole
from alignlab.intervals import critical_value
from alignlab.predictors import Predictor, as_predictor
from alignlab.predictors.labels import class_text
from alignlab.random import as_generator
from alignlab.transparency.cards.card import ExplanationCard, Reason
from alignlab.transparency.cards.cases import (
    Cases,
    answered_rows,
    cases_of,
    drawn_rows,
    outcomes_known,
    plain_cell,
    require_labels,
)
from alignlab.transparency.cards.deletion import deletion_truth
from alignlab.transparency.cards.shown import number
from alignlab.transparency.cards.similar import similar_cases
from alignlab.transparency.outputs import Output, output_of
from alignlab.transparency.recourse import Counterfactuals, counterfactuals
from alignlab.transparency.shapley import ShapleyValues, shapley_values
from alignlab.transparency.shapley.trees import tree_note
from alignlab.wording import cell

__all__ = ["EVALUATIONS", "Stated", "cards_of"]

Floats = NDArray[np.float64]

EVALUATIONS = 100_000
"""Rows that the model is asked for on account of one case's Shapley values, unless stated."""

ROUNDING = 1e-9
"""A value below this share of the answer is none."""

FOR_ERRORS = 10_000
"""Rows asked for to know how exact values hang on the background drawn."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a person says beside the model, the cases and the data; see `explain`."""

    outcomes: Any = None
    constraints: Constraints | None = None
    immutable: Sequence[str] = ()
    protected: Sequence[str] = ()
    favourable: Hashable | None = None
    wanted: tuple[float | None, float | None] | None = None
    groups: Mapping[str, Sequence[Any]] | None = None
    labels: Mapping[str, str] | None = None
    calibrated: bool | None = None
    background: int = 100
    max_evaluations: int = EVALUATIONS
    alternatives: int = 3
    similar: int = 50
    check: bool = True
    answers: Any = None
    name: str = "the data"
    level: float = 0.95
    seed: int = 0
    classes: Sequence[Hashable] | None = None
    task: Literal["classification", "regression"] | None = None
    features: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for word, least in (
            ("background", 2), ("alternatives", 0), ("similar", 0), ("max_evaluations", 1),
        ):  # fmt: skip
            require_whole(getattr(self, word), word, least)
        critical_value(self.level)
        as_generator(self.seed)


def cards_of(
    model: Any, rows: Sequence[Any], data: Any, stated: Stated
) -> tuple[ExplanationCard, ...]:
    """Return a card for each case.

    Parameters
    ----------
    model, rows, data
        As of `explain`; several rows.
    stated
        What else was said.
    """
    predictor = as_predictor(
        model, classes=stated.classes, task=stated.task, features=stated.features
    )
    generator = as_generator(stated.seed, "explanation card")
    cases = cases_of(predictor, list(rows), data, stated.groups)
    guarded = cases.columns(stated.protected, "protected")
    fixed = [*cases.columns(stated.immutable, "immutable"), *guarded]
    target = _target(predictor, stated.favourable, stated.wanted)
    known = outcomes_known(predictor, stated.outcomes, len(cases.data))
    subject = str(getattr(stated.outcomes, "name", None) or "")
    require_labels(stated.labels or {}, cases, subject)
    said = predictor(cases.given(cases.rows))
    decided = predictor.decide(said)
    drawn, replaced = drawn_rows(cases, stated.background, generator)
    if stated.similar or stated.answers is not None:  # given answers are looked at either way
        over, everywhere = answered_rows(cases, stated.answers, generator)
    values: dict[int, ShapleyValues] = {}
    outputs: dict[int, Output] = {}
    of_class = np.full(len(decided), -1) if predictor.task == "regression" else decided
    for label in dict.fromkeys(of_class.tolist()):
        mine = np.flatnonzero(of_class == label)
        output = output_of(predictor, target=None if label < 0 else predictor.classes[label])
        found = _values(output, cases, mine, drawn, stated)
        values |= {int(at): found[place] for place, at in enumerate(mine)}
        outputs |= {int(at): output for at in mine}
    allowed = _allowed(stated.constraints, fixed)
    cards = []
    for at, position in enumerate(cases.positions):
        label = None if predictor.task == "regression" else int(decided[at])
        asked = predictor.rows_evaluated
        own = values[at]
        changes = _changes(cases, at, said[at], _goal(predictor, target, label), allowed, stated)
        truth = None
        if stated.check:
            truth = deletion_truth(
                outputs[at],
                cases.given(cases.rows.iloc[[at]]),
                cases.given(cases.data.iloc[replaced]),
                cases.given_players(),
                own.values[0, :, 0],
                generator=as_generator(stated.seed, "deletion"),
                level=stated.level,
            )
        near = None
        if stated.similar:
            near = similar_cases(
                cases, at, label, known, over, everywhere,
                number=stated.similar, level=stated.level,
            )  # fmt: skip
        cards.append(
            ExplanationCard(
                model=predictor.name,
                data=stated.name,
                row=position,
                cells={str(c): plain_cell(cases.rows[c].iloc[at]) for c in cases.rows.columns},
                task=predictor.task,
                outcome=subject,
                decision=_name(predictor, float(decided[at])),
                answer=float(own.answers[0, 0]),
                scale=own.scale,
                base=float(own.base[0]),
                probabilities=_probabilities(predictor, said[at]),
                calibrated=stated.calibrated,
                happened=None
                if known is None or position is None or np.isnan(known[position])
                else _name(predictor, float(known[position])),
                reasons=_reasons(own, guarded, stated.level),
                changes=changes,
                held=tuple(allowed.immutable) if changes is not None else (),
                similar=near,
                truth=truth,
                classes=predictor.class_names,
                labels=dict(stated.labels or {}),
                level=stated.level,
                settings={
                    "game": own.game,
                    "method": own.method,
                    "scale": own.scale,
                    "background_rows": len(drawn),
                    "data_rows": len(cases.data),
                    "seed": int(stated.seed),
                },
                notes=_notes(own, outputs[at], changes, target, stated),
                evaluations=predictor.rows_evaluated - asked + own.evaluations + 1,
            )
        )
    return tuple(cards)


def _values(
    output: Output,
    cases: Cases,
    rows: NDArray[np.intp],
    drawn: NDArray[np.intp],
    stated: Stated,
) -> list[ShapleyValues]:
    """Return the Shapley values of some cases, each with what it asked of the model."""
    predictor = output.predictor
    target = None if predictor.task == "regression" else predictor.classes[output.positions[0]]
    x = cases.given(cases.rows.iloc[rows])
    together = {
        name: list(columns) for name, columns in cases.given_players().items() if len(columns) > 1
    }

    def of(method: Any, evaluations: int, tolerance: float | None) -> ShapleyValues:
        return shapley_values(
            predictor, x, cases.given(cases.data.iloc[drawn]),
            target=target, groups=together or None, max_evaluations=evaluations * len(rows),
            method=method, tolerance=tolerance, seed=stated.seed,
        )  # fmt: skip

    found = of("auto", stated.max_evaluations, 0.01)
    if found.background_errors is None:
        # Exact values of a model whose inside is known do not say how they hang on the background;
        # a sample of coalitions does.
        sampled = of("permutation", min(FOR_ERRORS, stated.max_evaluations), None)
        found = replace(
            found,
            background_errors=sampled.background_errors,
            evaluations=found.evaluations + sampled.evaluations,
        )
    each = -(-found.evaluations // len(rows))
    return [replace(found[at], evaluations=each) for at in range(len(rows))]


def _reasons(found: ShapleyValues, guarded: Sequence[str], level: float) -> tuple[Reason, ...]:
    values, errors = found.values[0, :, 0], found.standard_errors[0, :, 0]
    if found.background_errors is not None:
        errors = np.hypot(errors, found.background_errors[0, :, 0])
    half = critical_value(level, comparisons=len(values)) * errors
    # A feature that the model does not go by keeps a rounding error, with no error of its own.
    floor = ROUNDING * max(float(np.abs(found.answers[0, 0])), float(np.abs(found.base[0])))
    reasons = [
        Reason(
            feature=name,
            given=_shown(found, at),
            value=float(values[at]),
            error=float(errors[at]),
            low=float(values[at] - half[at]),
            high=float(values[at] + half[at]),
            sure=bool(abs(values[at]) > max(half[at], floor)),
            protected=bool(set(map(str, found.columns[at])) & set(guarded)),
        )
        for at, name in enumerate(found.features)
    ]
    return tuple(sorted(reasons, key=lambda each: -abs(each.value)))


def _shown(found: ShapleyValues, feature: int) -> str:
    columns = found.columns[feature]
    if len(columns) > 1 or not isinstance(found.rows, pd.DataFrame):
        return found.shown(0, feature)
    return cell(plain_cell(found.rows[columns[0]].iloc[0]))


def _target(predictor: Predictor, favourable: Any, wanted: Any) -> Any:
    if predictor.task == "regression":
        if favourable is not None:
            raise InputError(
                f"favourable={favourable!r} is a class, and the model {predictor.name!r} predicts "
                "a value. Name the range of answers wanted instead: wanted=(low, high)."
            )
        return wanted
    if wanted is not None:
        raise InputError(
            f"wanted={wanted!r} is a range of values, and the model {predictor.name!r} predicts "
            "classes. Name the favourable class instead."
        )
    if favourable is None:
        return None
    return require_choice(class_text(favourable), predictor.class_names, what="favourable")


def _goal(predictor: Predictor, target: Any, label: int | None) -> Any:
    """Return what changes should lead to: the favourable class, unless it was decided already."""
    if label is None:
        return target
    return None if target == predictor.class_names[label] else target


def _allowed(constraints: Constraints | None, fixed: list[str]) -> Constraints:
    stated = constraints or Constraints()
    if not fixed:
        return stated
    return Constraints(
        immutable=list(dict.fromkeys([*stated.immutable, *fixed])),
        bounds={k: v for k, v in stated.bounds.items() if k not in fixed},
        integers=stated.integers,
        one_hot=stated.one_hot,
        categories={k: v for k, v in stated.categories.items() if k not in fixed},
        monotone={k: v for k, v in stated.monotone.items() if k not in fixed},
        relations=stated.relations,
    )


def _changes(
    cases: Cases, at: int, answer: Any, goal: Any, constraints: Constraints, stated: Stated
) -> Counterfactuals | None:
    if not stated.alternatives:
        return None
    predictor = cases.predictor
    if predictor.task == "regression":
        if goal is None:
            return None
        low, high = (-np.inf if goal[0] is None else goal[0]), (
            np.inf if goal[1] is None else goal[1]
        )  # fmt: skip
        if low <= float(answer) <= high:
            return None
    return counterfactuals(
        predictor, cases.given(cases.rows.iloc[[at]]), data=cases.given(cases.data),
        target=goal, constraints=constraints, number=stated.alternatives, seed=stated.seed,
    )  # fmt: skip


def _notes(
    own: ShapleyValues, output: Output, changes: Counterfactuals | None, target: Any, stated: Stated
) -> tuple[str, ...]:
    """Return what a reader of the card should know besides; another scale is not theirs to ask."""
    told = [note for note in own.notes if note != tree_note(output)]
    if changes is not None:
        told += [f"Of the changes: {note}" for note in changes.notes]
    elif output.scale == "value" and target is not None and stated.alternatives:
        told.append("The answer lies within what is wanted already, so no change was looked for.")
    return tuple(told)


def _probabilities(predictor: Predictor, answer: Any) -> dict[str, float]:
    if predictor.task == "regression" or not predictor.probabilistic:
        return {}
    order = np.argsort(-answer, kind="stable")
    return {predictor.class_names[k]: float(answer[k]) for k in order}


def _name(predictor: Predictor, decided: float) -> str:
    """Return a class by its position, or a value, as text."""
    if predictor.task == "regression":
        return number(decided)
    return predictor.class_names[int(decided)]
