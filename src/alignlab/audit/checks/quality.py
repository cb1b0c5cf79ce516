"""Whether this model's explanations are true to it: Shapley values beside random ones."""

import numpy as np
import pandas as pd

from alignlab.audit.check import Check, check
from alignlab.audit.context import AuditContext
from alignlab.audit.finding import Finding
from alignlab.charts import Table
from alignlab.errors import ModelError
from alignlab.intervals import Estimate
from alignlab.transparency.quality import ExplanationQuality, evaluate_explanations
from alignlab.transparency.shapley import shapley_values

ROWS = 40
"""Rows explained; their spread is what the intervals are made of."""

BACKGROUND = 25

FEWEST = 10
"""Rows explained, and as many to fill the place of what is taken away."""

COALITIONS = 64
"""Sets of features asked about for each row, where values are sampled."""

MOVES = 2
"""How often each row is moved a little."""

NAME = "Shapley values"

COLUMNS = (
    "explanation", "removed, times random", "low", "high", "put back, times random",
    "not foretold (share)", "moves with the row (share)",
)  # fmt: skip


@check(
    "transparency.quality",
    question="Are explanations of this model true to it?",
    needs=("table", "model"),
    evidence=("nist.measure-2.9", "eu.annex-iv-2b", "eu.annex-iv-2e", "iso.a-6-2-7"),
)
def quality(check: Check, context: AuditContext) -> Finding:
    """Hold the Shapley values of some rows against what the model does when features go."""
    predictor = context.predictor
    assert predictor is not None
    weights = np.ones(len(context.features)) if context.weights is None else context.weights
    usable = np.flatnonzero(weights > 0)
    if len(usable) < 2 * FEWEST:
        return check.finding(
            "not enough data",
            f"{len(usable)} rows are too few to explain some and to compare them with others.",
        )
    if context.features.shape[1] < 2:
        return check.finding(
            "not applicable", "Not applicable: there is one feature, and no order of importance."
        )
    drawn = context.generator(check.name).permutation(usable)
    count = min(ROWS, len(usable) // 2)
    rows = _taken(context.features, drawn[:count])
    background = _taken(context.features, drawn[count : count + BACKGROUND])
    target = context.explained_class

    def explain(asked: pd.DataFrame) -> np.ndarray:
        budget = max(len(asked) * len(background) * COALITIONS, 1)
        found = shapley_values(
            predictor, asked, background, target=target, max_evaluations=budget, seed=context.seed
        )
        return found.values[:, :, 0]

    try:
        found = evaluate_explanations(
            predictor,
            rows,
            {NAME: explain},
            background=background,
            target=target,
            perturbations=MOVES,
            exact_evaluations=0,
            level=context.level,
            seed=context.seed,
        )
    except ModelError as error:
        return check.finding(
            "not applicable", f"Not applicable: the model cannot be asked about mixed rows: {error}"
        )
    score = found[NAME]
    estimates = {
        f"{NAME}, times random": score.deletion,
        f"{NAME}, share not foretold": score.infidelity,
    }
    return check.finding(
        "measured",
        _sentence(found, len(context.features), target),
        estimates={name: each for name, each in estimates.items() if _known(each)},
        advice=_advice(score.deletion),
        charts=(found.chart(), found.curves_chart()) if _known(score.deletion) else (),
        tables=(_table(found),),
    )


def _taken(features: pd.DataFrame, at: np.ndarray) -> pd.DataFrame:
    return features.take(np.sort(at)).reset_index(drop=True)


def _known(estimate: Estimate) -> bool:
    return bool(np.isfinite([estimate.value, estimate.low, estimate.high]).all())


def _sentence(found: ExplanationQuality, rows: int, target: str | None) -> str:
    about = f"{target!r}" if target is not None else "the value"
    return (
        f"{found.sentence(NAME)} Measured on {found.rows} of {rows:,} rows, for {about}, with "
        f"{found.background_rows} other rows in the place of what was removed."
    )


def _advice(deletion: Estimate) -> tuple[str, ...]:
    if not _known(deletion) or deletion.low > 1:
        return ()
    return (
        "Don't show these explanations to people as they are: compare methods with "
        "evaluate_explanations, with more rows, and group features that stand in for each other.",
    )


def _table(found: ExplanationQuality) -> Table:
    rows = tuple(
        (
            each.name,
            *(_cell(number) for number in (
                each.deletion.value, each.deletion.low, each.deletion.high, each.insertion.value,
                each.infidelity.value,
                None if each.sensitivity is None else each.sensitivity.value,
            )),
        )
        for each in found.scores
    )  # fmt: skip
    return Table("How true explanations are to the model", COLUMNS, rows)


def _cell(number: float | None) -> float | None:
    return None if number is None or not np.isfinite(number) else number
