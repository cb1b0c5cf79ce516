"""LIME: the linear model nearest to a black box around one row, and whether to believe it.

    f(z) ~ intercept + sum_j coefficient_j z_j    for z drawn around the row [ribeiro2016why, eq. 1]

Where it lies is known, and each way is answered by a number. The samples of one run rank other
features first than those of the next: `stability`. A straight line does not fit: `fidelity`, on
samples not fitted. The width of the kernel decides what is found [garreau2020explaining]: it is
chosen by that fidelity. A model may tell perturbed rows from real ones and behave for them
[slack2020fooling]: `data_fidelity` asks it about real rows. Any of these, when it is bad, makes the
explanation one not to be trusted, and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError, require_choice
from alignlab.intervals import critical_value
from alignlab.predictors.pictures import taking_images
from alignlab.random import as_generator
from alignlab.transparency.outputs import Output, Scale, output_of
from alignlab.transparency.surrogates import images, tables, texts
from alignlab.transparency.surrogates.explanation import LimeExplanation
from alignlab.transparency.surrogates.regression import Samples, local_fit
from alignlab.transparency.surrogates.sampling import Run, sampled
from alignlab.transparency.surrogates.stability import stability_of
from alignlab.transparency.surrogates.tables import NearRows
from alignlab.transparency.surrogates.trust import (
    correlation,
    notes_on,
    reasons_against,
    true_of_data,
)

__all__ = ["lime"]

Floats = NDArray[np.float64]

A_COEFFICIENT = 10
"""Effective rows for each coefficient fitted on real rows."""


def lime(
    model: Any,
    row: Any,
    *,
    background: Any = None,
    kind: Literal["table", "text", "image"] | None = None,
    perturb: Literal["cells", "rows"] = "cells",
    width: float | None = None,
    top: int = 3,
    scale: Scale | None = None,
    target: Hashable | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    categorical: Sequence[Any] = (),
    tokens: texts.Tokens | None = None,
    segments: int | NDArray[np.integer[Any]] | None = None,
    fill: str | float | None = None,
    max_evaluations: int = 50_000,
    level: float = 0.95,
    seed: int | np.random.Generator = 0,
    task: Literal["classification", "regression"] | None = None,
    classes: Sequence[Hashable] | None = None,
    features: Sequence[str] | None = None,
) -> LimeExplanation:
    """Explain one answer by the linear model nearest to it, with all that speaks against it.

    Use it to see which features an answer depends on close to a row, in units that a person
    knows, and where counterfactuals or Shapley values are too much. It says what the model does
    around the row, not what caused anything. Do not use it where `trusted` is false, nor for a
    ranking beyond `top`.

    Parameters
    ----------
    model
        A `Predictor`, or whatever `as_predictor` takes. It is asked for data frames or arrays as
        `background` is, for arrays of texts, or for images in the layout of `row`.
    row
        What is explained: a row of a table (a data frame of one row, a series, a mapping, a
        sequence), a text, or an image: (H, W), (channels, H, W) or (H, W, channels).
    background
        For a table: rows of the data, shape (n, columns), used as they are.
    kind
        "table", "text" or "image"; `None` tells by the type: a string is a text, an array of two
        or three dimensions without a background an image.
    perturb
        For a table. "cells" draws every feature by itself from the background near the row's own
        value: what the model does. "rows" takes whole background rows: slower to be sure, since
        features go together in them, and nothing that a model could know for a forgery.
    width
        The kernel's width, in spreads of each number (see `LimeExplanation.strengths`); `None`
        chooses it.
    top
        How many features of the ranking are to be stable.
    scale, target
        Which number is explained; see `output_of`. Of more than two classes, `None` takes the
        one that the model decides for.
    groups
        Columns that move together, by name. One-hot columns of a data frame are found.
    categorical
        Columns of numbers that are codes.
    tokens
        For a text: a function from it to the beginning and end of each token. `None` takes runs
        of letters and digits of any script; see `texts`.
    segments
        For an image: about how many pieces, or the piece of each pixel, shape (H, W).
    fill
        What is left out becomes: for a text a string (default: nothing), for an image "mean"
        (default: the piece's mean colour), "blur" or a value.
    max_evaluations
        Rows that the model may be asked for.
    level
        Of the intervals.
    seed
        The same seed gives the same explanation, on every call.
    task, classes, features
        Passed to `as_predictor`.

    Returns
    -------
    LimeExplanation

    Raises
    ------
    InputError
        If the row cannot be explained: no background, an unknown column, a text without words.
    ModelError
        If the model fails on a perturbed row.

    References
    ----------
    [ribeiro2016why], [tan2023glime], [visani2022statistical], [visani2020optilime],
    [zhou2021slime], [slack2020fooling], [mackinnon1985some]

    Examples
    --------
    A linear model is its own explanation:

    >>> data = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["a", "b"])
    >>> told = lime(lambda X: 2 * X["a"] - X["b"], data.iloc[0], background=data,
    ...             task="regression")
    >>> told.coefficients.round(9).tolist(), told.trusted
    ([2.0, -1.0], True)
    """
    kind = kind or _kind_of(row, background)
    require_choice(kind, ["table", "text", "image"], what="kind")
    require_choice(perturb, ["cells", "rows"], what="perturb")
    _require_fitting(
        kind,
        table={
            "background": background is not None,
            "groups": groups is not None,
            "categorical": len(categorical) > 0,
            "perturb": perturb != "cells",
        },
        text={"tokens": tokens is not None},
        image={"segments": segments is not None},
    )
    if isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1:
        raise InputError(f"top={top!r} is not a whole number from 1.")
    if not isinstance(max_evaluations, int | float | np.number):
        raise InputError(f"max_evaluations={max_evaluations!r} is not a number of rows.")
    if width is not None and not (isinstance(width, int | float | np.number) and width > 0):
        raise InputError(f"width={width!r} is not above 0. Give one, or leave it out.")
    critical_value(level)
    generator = as_generator(seed, "lime")
    output = output_of(
        model, scale=scale, target=target, task=task, classes=classes, features=features
    )

    subject: Any
    widths: Sequence[float]
    if kind == "table":
        if background is None:
            raise InputError(
                "A row of a table is perturbed by values of other rows: give background=, such as "
                "the training data."
            )
        if fill is not None:
            raise InputError(
                "fill is for texts and images; a table takes values of its background."
            )
        subject = tables.table_subject(
            output.predictor, row, background, groups=groups, categorical=categorical
        )
        widths = tables.WIDTHS
    elif kind == "text":
        if not isinstance(row, str):
            raise InputError(f"The text is a {type(row).__name__}. Give a string.")
        if not isinstance(fill, str | None):
            raise InputError(f"fill={fill!r}: a word that is left out becomes a string.")
        subject = texts.text_subject(row, tokens=tokens, fill=fill or "")
        widths = texts.WIDTHS
    else:
        chosen: str | float = "mean" if fill is None else fill
        subject = images.image_subject(row, segments=segments, fill=chosen)
        output = replace(output, predictor=taking_images(output.predictor, subject.image.shape))
        widths = texts.WIDTHS

    asked = output.predictor.rows_evaluated
    near = None
    if kind == "table":
        moving = sum(each.moves for each in subject.features)
        near = subject.near_rows(max(100, A_COEFFICIENT * (moving + 1)))
        # The row and the real rows around it in one call.
        known = output(subject.pool.rows(np.append(0, near.index)))
    else:
        known = output(subject.row)
    at, output = _one_output(output, known[0])
    answer, real = float(known[0, at]), known[1:, at]
    if perturb == "rows" and near is not None:
        kept, varies = near.told_apart()
        spread = np.array([each.spread for each in subject.features if each.moves])
        run = _from_rows(near, kept, varies, spread[varies], real, top)
        subject = subject.without(~varies)
    else:
        run = sampled(
            subject,
            lambda rows: output(rows)[:, 0],
            widths=widths if width is None else (width,),
            top=top,
            budget=int(max_evaluations) - len(known),
            generator=generator,
            check=None if near is None else near.width,
        )
    fit = run.fit
    moves = np.array([each.moves for each in subject.features])
    own_design = np.array(
        [0.0 if each.kind == "number" else 1.0 for each in subject.features if each.moves]
    )
    data_fidelity, made_up = None, float("nan")
    if near is not None and run.check is not None:
        data_fidelity = true_of_data(fit, near, real, level)
        design, answers = run.check
        made_up = max(correlation(design @ fit.slopes, answers), 0.0) ** 2
    fidelity = fit.fidelity_estimate(level)
    local_answer = float(fit.intercept + own_design @ fit.slopes)
    reasons = reasons_against(
        fidelity, data_fidelity, made_up, run, (answer, local_answer), perturb, subject, top
    )
    coefficients, errors = np.full((2, len(moves)), np.nan)
    coefficients[moves], errors[moves] = fit.slopes, fit.standard_errors
    return LimeExplanation(
        coefficients=coefficients,
        standard_errors=errors,
        features=subject.features,
        intercept=fit.intercept,
        answer=answer,
        local_answer=local_answer,
        fidelity=fidelity,
        data_fidelity=data_fidelity,
        made_up_fidelity=made_up,
        stability=run.stability,
        top=int(top),
        trusted=not reasons,
        reasons=reasons,
        width=run.width,
        trials=run.trials,
        kind=kind,
        perturb=perturb,
        target=output.names[0],
        scale=output.scale,
        samples=fit.samples,
        evaluations=output.predictor.rows_evaluated - asked,
        level=level,
        notes=notes_on(subject, output, run),
        subject=subject,
    )


def _kind_of(row: Any, background: Any) -> Literal["table", "text", "image"]:
    if isinstance(row, str):
        return "text"
    if background is None and not isinstance(row, pd.DataFrame) and np.ndim(row) in (2, 3):
        return "image"
    return "table"


def _require_fitting(kind: str, **stated: Mapping[str, bool]) -> None:
    for other, options in stated.items():
        for name, given in options.items():
            if given and other != kind:
                article = "an" if other == "image" else "a"
                raise InputError(
                    f"{name} is for {article} {other}, and this is explained as "
                    f"{'an' if kind == 'image' else 'a'} {kind}. Leave it out, or state "
                    f"kind={other!r}."
                )


def _one_output(output: Output, own: Floats) -> tuple[int, Output]:
    """Return which output is explained, and that output alone."""
    if len(output.positions) == 1:
        return 0, output
    # On every scale, the class decided for is one whose number is the largest, unless the model
    # decides by a rule of its own.
    at = int(own.argmax())
    return at, replace(output, positions=(output.positions[at],), names=(output.names[at],))


def _from_rows(
    near: NearRows,
    kept: NDArray[np.bool_],
    varies: NDArray[np.bool_],
    spread: Floats,
    answers: Floats,
    top: int,
) -> Run:
    """Fit real rows, weighted: nothing is drawn."""
    raw, weights = near.design[kept][:, varies], near.weights[kept]
    coefficients = raw.shape[1] + 1
    if weights.sum() ** 2 < 2 * coefficients * np.square(weights).sum() or coefficients < 2:
        raise InputError(
            f"perturb='rows' fits {coefficients} coefficients and the background has "
            f"{len(weights)} usable rows around this one. Give at least "
            f"{max(2 * coefficients, 10)} that differ, or perturb='cells'."
        )
    mean = np.average(raw, axis=0, weights=weights)
    deviation = np.sqrt(np.average((raw - mean) ** 2, axis=0, weights=weights))
    design = ((raw - mean) / deviation)[:, None]
    fit = local_fit([Samples(design, answers[kept][:, None], weights)], mean, deviation)
    stability = stability_of(
        fit.slopes * spread,
        fit.covariance * np.outer(spread, spread),
        top=top,
    )
    return Run(fit, near.width, stability)
