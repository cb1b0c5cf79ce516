"""Occlusion: how far an answer falls when part of the input is taken away.

    phi_p(x) = f(x) - 1/B sum_b f(x with p from b)

for a feature p of a table, or a window p of an image [zeiler2014visualizing], where b are
background rows or one stated baseline. A pixel's value is the mean over the windows that cover it.
No gradients are needed. What one part holds twice is not seen (taking away one of two that say the
same changes nothing), and the values do not add up.

The last windows are moved back to end at the border, so that no pixel of an image of any size is
left uncovered.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputError
from alignlab.predictors.predictor import BATCH_BYTES
from alignlab.transparency.gradients.attribution import Attribution
from alignlab.transparency.outputs import Output, Scale, output_of
from alignlab.transparency.pool import Pool, chunks, players_of

__all__ = ["occlusion"]

Floats = NDArray[np.float64]

SHARE = 7
"""A window takes so much of each side where nobody states its size: one in this number."""


def occlusion(
    model: Any,
    X: Any,
    *,
    background: Any = None,
    baseline: Any = None,
    window: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    target: Hashable | None = None,
    scale: Scale | None = None,
    classes: Sequence[Hashable] | None = None,
    task: Literal["classification", "regression"] | None = None,
    features: Sequence[str] | None = None,
) -> Attribution:
    """Return how far each answer falls when a feature, or a window of the image, is taken away.

    Use it where gradients are missing or mistrusted. For amounts that add up, and for features that
    stand in for each other, use `shapley_values`.

    Parameters
    ----------
    model
        A model as `as_predictor` takes it.
    X
        A table of n rows, or images of shape (n, channels, H, W) of any size.
    background
        Rows (or images) from which the missing part is taken, each in turn.
    baseline
        In place of a background: a number (images only), or one row or image.
    window, stride
        Of images, in pixels, one number or (height, width). A seventh of each side, moved by half
        of itself, where not stated.
    groups
        Columns that are one feature, by the feature's name. One-hot columns are found.
    target, scale
        Which output is explained. `None` takes the second of two classes, and of more the one
        decided for, row by row.
    classes, task, features
        Passed to `as_predictor`.

    Returns
    -------
    Attribution
        Shape (n, features), or (n, 1, H, W). Standard errors are of the background's sample.

    Raises
    ------
    InputError
        If neither or both of baseline and background are given, or a window does not fit.

    References
    ----------
    [zeiler2014visualizing]

    Examples
    --------
    >>> result = occlusion(lambda rows: rows @ [2.0, -1.0], np.array([[3.0, 4.0]]),
    ...                    background=np.zeros((2, 2)), task="regression")
    >>> result.values
    array([[ 6., -4.]])
    """
    output = output_of(
        model, scale=scale, target=target, classes=classes, task=task, features=features
    )
    if (baseline is None) == (background is None):
        raise InputError(
            "State what a missing part is replaced by: background=… (rows to take it from) or "
            "baseline=… (one row, or a number for images)."
        )
    X, background, baseline = (
        each.detach().cpu().numpy() if hasattr(each, "detach") else each
        for each in (X, background, baseline)
    )
    if isinstance(X, pd.DataFrame) or getattr(X, "ndim", 0) == 2:
        if window is not None or stride is not None:
            raise InputError("window and stride are for images, shape (n, channels, H, W).")
        known = background if background is not None else _one_row(baseline, X)
        return _of_table(output, X, known, groups)
    images = np.asarray(X)
    if images.ndim != 4 or not len(images):
        raise InputError(
            f"X has the shape {images.shape}. Give a table, or images of shape (n, channels, H, W)."
        )
    known = _replacements(baseline if background is None else background, images, background)
    return _of_images(output, images, known, window, stride)


def _chosen(answers: Floats) -> NDArray[np.intp]:
    """Return the output explained of each row."""
    if answers.shape[1] == 1:
        return np.zeros(len(answers), dtype=np.intp)
    return answers.argmax(axis=1)


def _one_row(baseline: Any, X: Any) -> Any:
    if isinstance(X, pd.DataFrame):
        if isinstance(baseline, pd.Series):
            for name in X.columns:
                if name not in baseline.index:
                    raise InputError(f"X has the column {name!r}, and the baseline does not.")
                _of_kind(np.array([baseline[name]]), X[name].to_numpy().dtype, "baseline")
            return baseline.to_frame().T.astype(X.dtypes)
        if isinstance(baseline, pd.DataFrame):
            return baseline
        raise InputError("Give the baseline of a data frame as a row of it, or as a data frame.")
    row = np.asarray(baseline)
    if row.size != X.shape[1]:
        raise InputError(f"The baseline has {row.size} numbers, and a row of X {X.shape[1]}.")
    return _of_kind(row.reshape(1, -1), X.dtype, "baseline")


def _of_kind(given: NDArray[Any], kind: Any, what: str) -> NDArray[Any]:
    """Return cells as those of X are kept.

    Raises
    ------
    InputError
        If that changes a number, as 0.5 among whole numbers, or -1 among those from 0 to 255.
    """
    try:
        with np.errstate(invalid="ignore"):
            held = given.astype(kind)
            kept = held.dtype.kind not in "iub" or bool((held == given).all())
    except (TypeError, ValueError):
        kept = False
    if not kept:
        raise InputError(
            f"The {what} holds numbers that cannot be kept as those of X, {kind}. Give "
            "X.astype(float), or a baseline of the same kind."
        )
    return held


def _of_table(output: Output, X: Any, known: Any, groups: Any) -> Attribution:
    if not len(X) or not len(known):
        raise InputError("X and the background need at least one row each.")
    if isinstance(X, pd.DataFrame) and isinstance(known, pd.DataFrame):
        known = known[[each for each in X.columns if each in known.columns]]
        together = pd.concat([X, known], ignore_index=True)
    else:
        together = X
    players = players_of(together, groups)
    pool = Pool([X, known], players)
    n, b, d = len(X), len(known), len(players)
    answers = output(X)
    chosen = _chosen(answers)
    values, errors = np.empty((n, d)), np.empty((n, d))
    theirs = np.arange(n, n + b)
    but_one = ~np.eye(d, dtype=bool)
    pairs = np.arange(n * d)
    for part in chunks(n * d, max(1, pool.at_once() // b)):
        row, feature = np.divmod(pairs[part], d)
        asked = output(pool.blended(but_one[feature], row, theirs)).reshape(len(row), b, -1)
        fall = (answers[row][:, None] - asked)[np.arange(len(row)), :, chosen[row]]
        values[row, feature] = fall.mean(axis=1)
        errors[row, feature] = fall.std(axis=1, ddof=1) / np.sqrt(b) if b > 1 else 0.0
    return _result(
        output, values, errors if b > 1 else None, b - 1, answers, chosen, X,
        f"occlusion by {b} background {'rows' if b > 1 else 'row'}", n * d * b + n, tuple(players),
    )  # fmt: skip


def _replacements(given: Any, images: NDArray[Any], background: Any) -> NDArray[Any]:
    """Return what a missing part is taken from, shape (B, channels, H, W)."""
    held = np.asarray(given)
    shape, what = images.shape[1:], "baseline" if background is None else "background"
    if held.shape[1:] == shape and len(held):
        return _of_kind(held, images.dtype, what)
    if background is None and (held.shape == shape or held.ndim == 0):
        return np.broadcast_to(_of_kind(held, images.dtype, what), shape)[None]
    raise InputError(
        f"The {what} has the shape {held.shape}, which does not fit images of shape {shape}."
    )


def _of_images(
    output: Output, images: NDArray[Any], known: NDArray[Any], window: Any, stride: Any
) -> Attribution:
    n, (height, width), b = len(images), images.shape[2:], len(known)
    high, wide = _sizes(window, (height, width), (-(-height // SHARE), -(-width // SHARE)))
    down, across = _sizes(stride, (high, wide), (max(1, high // 2), max(1, wide // 2)), "stride")
    corners = [
        (top, left) for top in _starts(height, high, down) for left in _starts(width, wide, across)
    ]
    answers = output(images)
    chosen = _chosen(answers)
    covered = np.zeros((height, width))
    for top, left in corners:
        covered[top : top + high, left : left + wide] += 1
    values = np.zeros((n, 1, height, width))
    errors = np.zeros_like(values)
    step = max(1, BATCH_BYTES // (8 * images[0].nbytes))
    for i in range(n):
        fall = np.empty(len(corners) * b)
        for part in chunks(len(fall), step):
            patch, other = np.divmod(np.arange(part.start, part.stop), b)
            asked = np.repeat(images[i : i + 1], len(patch), axis=0)
            for at, (which, who) in enumerate(zip(patch, other, strict=True)):
                top, left = corners[which]
                place = (slice(None), slice(top, top + high), slice(left, left + wide))
                asked[(at, *place)] = known[(who, *place)]
            fall[part] = answers[i, chosen[i]] - output(asked)[:, chosen[i]]
        maps = np.zeros((b, height, width))
        for (top, left), each in zip(corners, fall.reshape(-1, b), strict=True):
            maps[:, top : top + high, left : left + wide] += each[:, None, None]
        maps /= covered
        values[i, 0] = maps.mean(axis=0)
        errors[i, 0] = maps.std(axis=0, ddof=1) / np.sqrt(b) if b > 1 else 0.0
    return _result(
        output, values, errors if b > 1 else None, b - 1, answers, chosen, images,
        f"occlusion, windows of {high} x {wide} pixels by {b} background "
        f"{'images' if b > 1 else 'image'}",
        n * (len(corners) * b + 1), (),
    )  # fmt: skip


def _starts(side: int, length: int, step: int) -> list[int]:
    last = side - length
    return sorted({*range(0, last + 1, step), last})


def _sizes(
    given: Any, limits: tuple[int, int], default: tuple[int, int], what: str = "window"
) -> tuple[int, int]:
    if given is None:
        return default
    sizes = tuple(given) if isinstance(given, tuple | list) else (given, given)
    whole = len(sizes) == 2 and all(isinstance(each, int | np.integer) for each in sizes)
    if not whole or any(not 1 <= k <= m for k, m in zip(sizes, limits, strict=True)):
        beyond = "the image" if what == "window" else "the window, or pixels would be left out"
        raise InputError(
            f"{what}={given!r} does not fit. Give whole numbers from 1 to {limits[0]} x "
            f"{limits[1]}, {beyond}."
        )
    return int(sizes[0]), int(sizes[1])


def _result(
    output: Output,
    values: Floats,
    errors: Floats | None,
    freedom: int,
    answers: Floats,
    chosen: NDArray[np.intp],
    rows: Any,
    method: str,
    evaluations: int,
    features: tuple[str, ...],
) -> Attribution:
    return Attribution(
        values=values,
        standard_errors=errors,
        answers=answers[np.arange(len(answers)), chosen],
        base=None,
        targets=chosen,
        output_names=output.names,
        method=method,
        scale=output.scale,
        features=features,
        rows=rows,
        evaluations=evaluations,
        freedom=freedom or None,
    )
