"""A model's accuracy on rows that have met accidents: one pass a row, kind and severity.

Images are corrupted by `corrupt_images`, rows of tables by the small changes, stronger or more of
them; see `CorruptionResult` for the numbers made of the passes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alignlab.datasets import ImageData, TableData
from alignlab.errors import InputError, require_choice
from alignlab.predictors import Predictor, as_predictor, class_positions, taking_images
from alignlab.progress import ProgressCallback, track
from alignlab.random import as_generator
from alignlab.robustness.corruption.changed_rows import KINDS
from alignlab.robustness.corruption.corrupt import CORRUPTIONS, SEVERITIES, corrupt_images
from alignlab.robustness.corruption.refusals import answers_or_words
from alignlab.robustness.corruption.result import CorruptionResult
from alignlab.robustness.corruption.shift import covariate_shift
from alignlab.robustness.corruption.table import can_happen, corrupt_table

__all__ = ["evaluate_corruptions"]

IMAGE_KINDS = tuple(kind for kinds in CORRUPTIONS.values() for kind in kinds)
TABLE_KINDS = (*KINDS, "shift")


def evaluate_corruptions(
    model: Any,
    data: ImageData | TableData | pd.DataFrame,
    y: ArrayLike | None = None,
    *,
    kinds: Sequence[str] | None = None,
    severities: Sequence[int] = SEVERITIES,
    classes: Sequence[Hashable] | None = None,
    weights: ArrayLike | None = None,
    max_rows: int | None = None,
    level: float = 0.95,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> CorruptionResult:
    """Measure a classifier's accuracy on rows that have met common accidents.

    Use it to see what a model does in bad weather, with a bad camera, or with forms filled in
    badly. It tries accidents, one draw a row, kind and severity; `evaluate_robustness` looks for
    the worst that somebody could do on purpose. Each row is asked for once as it is and once a
    kind and severity; "shift" asks for none.

    Parameters
    ----------
    model
        A Predictor, or anything that `as_predictor` takes; of images a module or a function takes
        (n, channels, H, W), an estimator the same numbers as rows.
    data
        Images; or a table with a target; or a data frame of what the model reads, with `y`.
    y
        The true classes of a data frame's rows, shape (n,).
    kinds
        For images names in `CORRUPTIONS`; for tables "noise", "missing", "typo", "unit" and
        "shift"; `None` for all. What can happen to no row, such as a typo to numbers, is left out.
    severities
        From 1 to 5.
    classes
        The classes in the order of the model's answers, where it does not name them; by default
        the images' classes, or the sorted ones of a table.
    weights
        Non-negative sample weights, shape (n,).
    max_rows
        More rows than this are sampled down to it; `None` takes all.
    level
        The level of each interval.
    seed
        Decides the rows sampled and the corruptions.
    progress
        Told of each step instead of the terminal.

    Raises
    ------
    InputError
        If there is no row, a class, kind or severity is unknown, no kind can happen to the rows, or
        the model predicts a number.

    References
    ----------
    [hendrycks2019benchmarking], [korn1998confidence], [hampel1974influence]

    Examples
    --------
    >>> from alignlab.datasets import load_images
    >>> digits = load_images("digits").take(range(200))
    >>> dark = Predictor(lambda x: 1 - x.mean((1, 2, 3)), "classification", classes=("no", "yes"))
    >>> data = ImageData(digits.images, digits.images.mean((1, 2, 3)) < 0.5, ("no", "yes"))
    >>> result = evaluate_corruptions(dark, data, kinds=["fog", "brightness"], severities=[5])
    >>> result.worst, result.evaluations
    ('brightness', 600)
    """
    rows_, true, predictor, images = _subject(model, data, y, classes)
    known = IMAGE_KINDS if images else TABLE_KINDS
    chosen = [
        require_choice(kind, known, what="kind") for kind in (known if kinds is None else kinds)
    ]
    wanted = _severities(severities)
    n = len(true)
    mass = np.ones(n) if weights is None else np.asarray(weights, float)
    if mass.shape != (n,) or not (mass >= 0).all() or not np.isfinite(mass).all():
        raise InputError(f"weights are not {n} finite numbers from 0.")
    kept = np.flatnonzero(mass > 0)
    if len(kept) == 0:
        raise InputError("There is no row to corrupt.")
    if max_rows is not None and len(kept) > max_rows:
        generator = as_generator(seed, "corruption", "rows")
        kept = np.sort(generator.choice(kept, max_rows, replace=False))
    asked = predictor.rows_evaluated
    true, mass = true[kept], mass[kept]
    clean = rows_[kept] if images else rows_.take(kept)
    clean_wrong = np.asarray(predictor.decide(predictor(clean)) != true)
    made = tuple(
        kind
        for kind in dict.fromkeys(chosen)
        if kind != "shift" and (images or can_happen(rows_, kind, kept))
    )
    if not made and "shift" not in chosen:
        raise InputError(f"None of {', '.join(chosen) or 'no kinds'} can happen to these rows.")
    steps = [(at, level_) for at in range(len(made)) for level_ in range(len(wanted))]
    wrong = np.ones((len(kept), len(made), len(wanted)), dtype=bool)
    refusals: dict[tuple[str, int], str] = {}
    for at, level_ in track(
        steps, total=len(steps), name=lambda step: made[step[0]], callback=progress
    ):
        kind, severity = made[at], wanted[level_]
        if images:
            corrupted: Any = corrupt_images(clean, kind, severity, rows=kept, seed=seed)
        else:
            corrupted = corrupt_table(rows_, kind, severity, rows=kept, seed=seed)
        answers, words = answers_or_words(predictor, corrupted)
        if answers is None:
            refusals[kind, severity] = words
        else:
            wrong[:, at, level_] = predictor.decide(answers) != true
    shift = None
    if "shift" in chosen:
        shift = covariate_shift(~clean_wrong, clean, weights=mass, level=level)
    return CorruptionResult(
        made, wanted, wrong, clean_wrong, kept, mass, level,
        predictor.rows_evaluated - asked, n, refusals, shift,
    )  # fmt: skip


def _subject(
    model: Any, data: Any, y: ArrayLike | None, classes: Sequence[Hashable] | None
) -> tuple[Any, NDArray[np.intp], Predictor, bool]:
    """Return the rows, their true classes' positions, the model, and whether they are images."""
    images = isinstance(data, ImageData)
    names_itself = isinstance(model, Predictor) or hasattr(model, "classes_")
    if y is not None and not isinstance(data, pd.DataFrame):
        raise InputError("y is for a data frame: images and tables know their classes.")
    if images:
        labels: Any = data.label_names
        rows: Any = data.images
        named: Sequence[Hashable] = data.classes
    elif isinstance(data, TableData):
        labels, rows = data.outcomes, data.features
        named = sorted(labels.dropna().unique())
    elif isinstance(data, pd.DataFrame) and y is not None:
        labels = pd.Series(np.asarray(y))
        rows = data.reset_index(drop=True)
        named = sorted(labels.dropna().unique())
        if len(labels) != len(rows):
            raise InputError(f"There are {len(rows)} rows and {len(labels)} classes in y.")
    else:
        raise InputError(
            f"{type(data).__name__} is not what can be corrupted. Give ImageData, a TableData, or "
            "a data frame with y."
        )
    if classes is None and not names_itself:
        classes = named
    predictor = as_predictor(model, classes=classes)
    if predictor.task != "classification":
        raise InputError(
            f"The model {predictor.name!r} predicts a number, and accuracy is of classes. How far "
            "its numbers move is told by alignlab.robustness.small_changes."
        )
    if images:
        predictor = taking_images(predictor, data.images.shape[1:])
    elif predictor.features is not None:
        read = set(predictor.columns_in(rows.columns))
        rows = rows[[column for column in rows.columns if column in read]]
    true = class_positions(labels, predictor.classes, where="the classes", of_model=True)
    return rows, true, predictor, images


def _severities(given: Sequence[int]) -> tuple[int, ...]:
    wanted = tuple(dict.fromkeys(given))
    bad = next((each for each in wanted if each not in SEVERITIES or isinstance(each, bool)), None)
    if bad is not None or not wanted:
        raise InputError(f"severities={list(given)!r}: name some of 1, 2, 3, 4, 5.")
    return wanted
